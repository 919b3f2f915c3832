"""Objects that an operator or a chart makes and that the platform's own objects refer to by name, label or port.

A rehearsal runs no operator, so these objects exist in no graph: every reference of the platform resolves either among
its own objects or in this one table. An entry says who makes the object and where that is documented, so that an
upgrade of the maker can be checked against it. Sorted by namespace, kind and name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.base import namespaces

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


OPERATOR_OBJECTS: tuple[OperatorObject, ...] = (
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
        ports={"http-web": 9093},
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
)
