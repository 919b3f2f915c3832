"""Pods that a chart or an operator makes and that only network policies speak about, never a name or a port.

The others stand in `components/base/operator_objects.py`; the two tables together say whether a selector finds anybody.
Sorted by namespace and name.
"""

from __future__ import annotations

from components.base import namespaces, peers
from components.base.operator_objects import OperatorObject


def _pods(namespace: str, name: str, maker: str, source: str, labels: dict[str, str]) -> OperatorObject:
    return OperatorObject(kind="Pod", namespace=namespace, name=name, maker=maker, source=source, labels=labels)


OPERATOR_PODS: tuple[OperatorObject, ...] = (
    _pods(
        namespaces.DATA,
        "cloudnative-pg",
        "cloudnative-pg",
        "cloudnative-pg/charts charts/cloudnative-pg/templates/deployment.yaml",
        {"app.kubernetes.io/name": "cloudnative-pg"},
    ),
    _pods(
        namespaces.DATA,
        "plugin-barman-cloud",
        "plugin-barman-cloud",
        "cloudnative-pg/charts charts/plugin-barman-cloud/templates/deployment.yaml",
        {"app.kubernetes.io/name": "plugin-barman-cloud"},
    ),
    _pods(
        namespaces.GATEWAY,
        "envoy-gateway",
        "gateway-helm",
        "envoyproxy/gateway charts/gateway-helm/templates/envoy-gateway-deployment.yaml",
        {"control-plane": "envoy-gateway"},
    ),
    _pods(
        namespaces.GATEWAY,
        "model-proxy",
        "gateway-helm",
        "envoyproxy/gateway internal/infrastructure/kubernetes/proxy/resource_provider.go",
        dict(peers.MODEL_PROXY.selector),
    ),
    _pods(
        namespaces.GPU_OPERATOR,
        "gpu-feature-discovery",
        "gpu-operator",
        "NVIDIA/gpu-operator assets/gpu-feature-discovery/0500_daemonset.yaml",
        {"app": "gpu-feature-discovery"},
    ),
    _pods(
        namespaces.GPU_OPERATOR,
        "gpu-operator",
        "gpu-operator",
        "NVIDIA/gpu-operator deployments/gpu-operator/templates/operator.yaml",
        {"app": "gpu-operator"},
    ),
    _pods(
        namespaces.GPU_OPERATOR,
        "node-feature-discovery",
        "gpu-operator",
        "kubernetes-sigs/node-feature-discovery deployment/helm/node-feature-discovery/templates",
        {"app.kubernetes.io/name": "node-feature-discovery"},
    ),
    _pods(
        namespaces.GPU_OPERATOR,
        "nvidia-device-plugin-daemonset",
        "gpu-operator",
        "NVIDIA/gpu-operator assets/state-device-plugin/0500_daemonset.yaml",
        {"app": "nvidia-device-plugin-daemonset"},
    ),
    _pods(
        namespaces.GPU_OPERATOR,
        "nvidia-driver-daemonset",
        "gpu-operator",
        "NVIDIA/gpu-operator manifests/state-driver/0500_daemonset.yaml",
        {"app": "nvidia-driver-daemonset"},
    ),
    _pods(
        namespaces.GPU_OPERATOR,
        "nvidia-mig-manager",
        "gpu-operator",
        "NVIDIA/gpu-operator assets/state-mig-manager/0600_daemonset.yaml",
        {"app": "nvidia-mig-manager"},
    ),
    _pods(
        namespaces.GPU_OPERATOR,
        "nvidia-operator-validator",
        "gpu-operator",
        "NVIDIA/gpu-operator assets/state-operator-validation/0500_daemonset.yaml",
        {"app": "nvidia-operator-validator"},
    ),
    _pods(
        peers.CLUSTER_DNS.namespace,
        "kube-dns",
        "k3s and EKS",
        "k3s-io/k3s manifests/coredns.yaml; EKS add-on coredns",
        dict(peers.CLUSTER_DNS.selector),
    ),
    _pods(
        namespaces.LOAD_BALANCER,
        "metallb-controller",
        "metallb",
        "metallb/metallb charts/metallb/templates/controller.yaml",
        {"app.kubernetes.io/name": "metallb", "app.kubernetes.io/component": "controller"},
    ),
    _pods(
        namespaces.OBSERVABILITY,
        "kube-state-metrics",
        "kube-prometheus-stack",
        "prometheus-community/helm-charts charts/kube-state-metrics/templates/deployment.yaml",
        {"app.kubernetes.io/name": "kube-state-metrics"},
    ),
    _pods(
        namespaces.OBSERVABILITY,
        "prometheus-operator",
        "kube-prometheus-stack",
        "prometheus-community/helm-charts charts/kube-prometheus-stack/templates/prometheus-operator/deployment.yaml",
        {"app.kubernetes.io/component": "prometheus-operator"},
    ),
    _pods(
        namespaces.SECURITY,
        "cert-manager-cainjector",
        "cert-manager",
        "cert-manager/cert-manager deploy/charts/cert-manager/templates/cainjector-deployment.yaml",
        {"app.kubernetes.io/name": "cainjector", "app.kubernetes.io/component": "cainjector"},
    ),
    _pods(
        namespaces.SECURITY,
        "cert-manager-webhook",
        "cert-manager",
        "cert-manager/cert-manager deploy/charts/cert-manager/templates/webhook-deployment.yaml",
        {"app.kubernetes.io/name": "webhook", "app.kubernetes.io/component": "webhook"},
    ),
    _pods(
        namespaces.SERVING_OPERATORS,
        "keda-admission-webhooks",
        "keda",
        "kedacore/charts keda/templates/webhooks/deployment.yaml",
        {"app": "keda-admission-webhooks"},
    ),
    _pods(
        namespaces.SERVING_OPERATORS,
        "keda-operator-metrics-apiserver",
        "keda",
        "kedacore/charts keda/templates/metrics-server/deployment.yaml",
        {"app": "keda-operator-metrics-apiserver"},
    ),
    _pods(
        namespaces.SERVING_OPERATORS,
        "lws-controller-manager",
        "lws",
        "kubernetes-sigs/lws charts/lws/templates/manager/manager.yaml",
        {"app.kubernetes.io/name": "lws", "control-plane": "controller-manager"},
    ),
    _pods(
        namespaces.STORAGE,
        "longhorn-share-manager",
        "longhorn",
        "longhorn/longhorn-manager controller/share_manager_controller.go",
        {"longhorn.io/component": "share-manager"},
    ),
)
