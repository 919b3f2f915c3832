"""Objects that an operator or a chart makes and that the platform's own objects refer to by name, label or port.

A rehearsal runs no operator, so these objects exist in no graph: every reference of the platform resolves either among
its own objects or in this one table. An entry says who makes the object and where that is documented, so that an
upgrade of the maker can be checked against it. Sorted by namespace, kind and name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.base import namespaces, peers

GRAFANA_SERVICE = "grafana"
PROMETHEUS_SERVICE = "monitoring-prometheus"
ALERTMANAGER_SERVICE = "monitoring-alertmanager"
MONITORING_NAME = "monitoring"
"""Name prefix of what the kube-prometheus-stack chart makes (`fullnameOverride`)."""

DCGM_EXPORTER_LABELS = {"app": "nvidia-dcgm-exporter"}
CERT_MANAGER_LABELS = {
    "app.kubernetes.io/name": "cert-manager",
    "app.kubernetes.io/component": "controller",
}

KARPENTER_LABELS = {"app.kubernetes.io/name": "karpenter"}
LOAD_BALANCER_CONTROLLER_LABELS = {"app.kubernetes.io/name": "aws-load-balancer-controller"}
LONGHORN_LABELS = {"app": "longhorn-manager"}
RATE_LIMIT_LABELS = {"app.kubernetes.io/managed-by": "envoy-gateway", "app.kubernetes.io/component": "ratelimit"}
KEDA_OPERATOR_LABELS = {"app": "keda-operator"}
ARGO_ROLLOUTS_LABELS = {
    "app.kubernetes.io/name": "argo-rollouts",
    "app.kubernetes.io/component": "rollouts-controller",
}


@dataclass(frozen=True, kw_only=True)
class OperatorObject:
    """One object made by `maker`.

    `ports` maps port names to numbers: of a Service its own ports, of a workload the container ports of its pods.
    `labels` are labels of the object's pods (workloads and `Pod`) or of the object itself. `keys` are the keys of a
    Secret or ConfigMap. `source` says where the maker documents or defines the object.
    """

    kind: str
    namespace: str
    name: str
    maker: str
    source: str
    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    keys: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[str, str, str]:
        """Order of the table."""
        return (self.namespace, self.kind, self.name)


POSTGRES_NAME = "postgres"
"""Name of the platform's CloudNativePG Cluster, from which the operator derives the names of its objects."""
_POSTGRES_SERVICES = "cloudnative-pg/cloudnative-pg docs/src/service_management.md"
_CERTIFICATE_KEYS = ("tls.crt", "tls.key", "ca.crt")

OPERATOR_OBJECTS: tuple[OperatorObject, ...] = (
    OperatorObject(
        kind="RuntimeClass",
        namespace="",
        name="nvidia",
        maker="k3s",
        source="k3s-io/k3s manifests/runtimes.yaml",
    ),
    OperatorObject(
        kind="Pod",
        namespace=namespaces.DATA,
        name=POSTGRES_NAME,
        maker="cloudnative-pg",
        source="cloudnative-pg/cloudnative-pg docs/src/labels_annotations.md and docs/src/monitoring.md",
        ports={"postgresql": 5432, "metrics": 9187, "status": 8000},
        labels={"cnpg.io/cluster": POSTGRES_NAME},
    ),
    *(
        OperatorObject(
            kind="Service",
            namespace=namespaces.DATA,
            name=f"{POSTGRES_NAME}-{role}",
            maker="cloudnative-pg",
            source=_POSTGRES_SERVICES,
            ports={"postgres": 5432},
        )
        for role in ("r", "ro", "rw")
    ),
    OperatorObject(
        kind="Pod",
        namespace=namespaces.GATEWAY,
        name="edge-proxy",
        maker="gateway-helm",
        source="envoyproxy/gateway internal/infrastructure/kubernetes/proxy/resource_provider.go",
        ports={"metrics": 19001, "readiness": 19003},
        labels=dict(peers.EDGE_PROXY.selector),
    ),
    OperatorObject(
        kind="Pod",
        namespace=namespaces.GATEWAY,
        name="envoy-ratelimit",
        maker="gateway-helm",
        source="envoyproxy/gateway internal/infrastructure/kubernetes/ratelimit/resource.go",
        ports={"grpc": 8081, "metrics": 19001},
        labels=RATE_LIMIT_LABELS,
    ),
    OperatorObject(
        kind="Secret",
        namespace=namespaces.GATEWAY,
        name="edge-tls",
        maker="cert-manager",
        source="Certificate of the Gateway edge, spec.secretName",
        keys=_CERTIFICATE_KEYS,
    ),
    OperatorObject(
        kind="DaemonSet",
        namespace=namespaces.GPU_OPERATOR,
        name="nvidia-dcgm-exporter",
        maker="gpu-operator",
        source="NVIDIA/gpu-operator assets/state-dcgm-exporter/0900_daemonset.yaml",
        ports={"metrics": 9400},
        labels=DCGM_EXPORTER_LABELS,
    ),
    OperatorObject(
        kind="Deployment",
        namespace=namespaces.KARPENTER,
        name="karpenter",
        maker="karpenter",
        source="aws/karpenter-provider-aws charts/karpenter/templates/deployment.yaml",
        ports={"http-metrics": 8080, "http": 8081},
        labels=KARPENTER_LABELS,
    ),
    OperatorObject(
        kind="Deployment",
        namespace=namespaces.LOAD_BALANCER,
        name="load-balancer-controller",
        maker="aws-load-balancer-controller",
        source="kubernetes-sigs/aws-load-balancer-controller helm/…/templates/deployment.yaml",
        ports={"webhook-server": 9443, "metrics-server": 8080},
        labels=LOAD_BALANCER_CONTROLLER_LABELS,
    ),
    OperatorObject(
        kind="Pod",
        namespace=namespaces.OBSERVABILITY,
        name="alertmanager",
        maker="kube-prometheus-stack",
        source="prometheus-operator/prometheus-operator pkg/alertmanager/statefulset.go",
        ports={"http-web": 9093, "mesh-tcp": 9094, "reloader-web": 8080},
        labels={"app.kubernetes.io/name": "alertmanager"},
    ),
    OperatorObject(
        kind="Pod",
        namespace=namespaces.OBSERVABILITY,
        name="grafana",
        maker="kube-prometheus-stack",
        source="grafana-community/helm-charts charts/grafana/templates/_pod.tpl",
        ports={"grafana": 3000},
        labels=dict(peers.GRAFANA.selector),
    ),
    OperatorObject(
        kind="Pod",
        namespace=namespaces.OBSERVABILITY,
        name="prometheus",
        maker="kube-prometheus-stack",
        source="prometheus-operator/prometheus-operator pkg/prometheus/server/statefulset.go",
        ports={"http-web": 9090, "reloader-web": 8080},
        labels=dict(peers.PROMETHEUS.selector),
    ),
    OperatorObject(
        kind="Service",
        namespace=namespaces.OBSERVABILITY,
        name=GRAFANA_SERVICE,
        maker="kube-prometheus-stack",
        source="grafana-community/helm-charts charts/grafana/templates/service.yaml",
        ports={"http-web": 80},
    ),
    OperatorObject(
        kind="Service",
        namespace=namespaces.OBSERVABILITY,
        name=ALERTMANAGER_SERVICE,
        maker="kube-prometheus-stack",
        source="prometheus-community/helm-charts charts/kube-prometheus-stack/templates/alertmanager/service.yaml",
        ports={"http-web": 9093, "reloader-web": 8080},
    ),
    OperatorObject(
        kind="Service",
        namespace=namespaces.OBSERVABILITY,
        name=PROMETHEUS_SERVICE,
        maker="kube-prometheus-stack",
        source="prometheus-community/helm-charts charts/kube-prometheus-stack/templates/prometheus/service.yaml",
        ports={"http-web": 9090, "reloader-web": 8080},
    ),
    OperatorObject(
        kind="ServiceAccount",
        namespace=namespaces.OBSERVABILITY,
        name="prometheus",
        maker="kube-prometheus-stack",
        source="value prometheus.serviceAccount.name",
    ),
    OperatorObject(
        kind="Deployment",
        namespace=namespaces.SECURITY,
        name="cert-manager",
        maker="cert-manager",
        source="cert-manager/cert-manager deploy/charts/cert-manager/templates/deployment.yaml",
        ports={"http-metrics": 9402},
        labels=CERT_MANAGER_LABELS,
    ),
    OperatorObject(
        kind="Secret",
        namespace=namespaces.SECURITY,
        name="platform-ca",
        maker="cert-manager",
        source="Certificate platform-ca of the security baseline",
        keys=_CERTIFICATE_KEYS,
    ),
    OperatorObject(
        kind="Deployment",
        namespace=namespaces.SERVING_OPERATORS,
        name="argo-rollouts",
        maker="argo-rollouts",
        source="argoproj/argo-helm charts/argo-rollouts/templates/controller/deployment.yaml",
        ports={"metrics": 8090, "healthz": 8080},
        labels=ARGO_ROLLOUTS_LABELS,
    ),
    OperatorObject(
        kind="Deployment",
        namespace=namespaces.SERVING_OPERATORS,
        name="keda-operator",
        maker="keda",
        source="kedacore/charts keda/templates/manager/deployment.yaml",
        ports={"metrics": 8080, "metricsservice": 9666},
        labels=KEDA_OPERATOR_LABELS,
    ),
    OperatorObject(
        kind="DaemonSet",
        namespace=namespaces.STORAGE,
        name="longhorn-manager",
        maker="longhorn",
        source="longhorn/longhorn chart/templates/daemonset-sa.yaml",
        ports={"manager": 9500, "admission-wh": 9502, "recov-backend": 9503},
        labels=LONGHORN_LABELS,
    ),
)
