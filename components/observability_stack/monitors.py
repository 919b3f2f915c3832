"""What Prometheus scrapes beside the cluster itself, as PodMonitors.

One PodMonitor per kind of pod, in the pods' own namespace, so that the credential it may need is read from there. The
other monitors (kubelet, node exporter, kube-state-metrics, API server, the stack itself) come with the chart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.base import labels, namespaces, peers
from components.base.label_selector import selects
from components.base.operator_objects import (
    ARGO_ROLLOUTS_LABELS,
    CERT_MANAGER_LABELS,
    DCGM_EXPORTER_LABELS,
    KARPENTER_LABELS,
    KEDA_OPERATOR_LABELS,
    LOAD_BALANCER_CONTROLLER_LABELS,
    LONGHORN_LABELS,
)
from components.base.wiring import Edge, Workload
from components.observability_stack.arguments import SecretKey

INTERVAL = "30s"


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """Pods to scrape.

    `name` is also the `job` label of the series. `selector` is a LabelSelector of pods in `namespace`, `port` the name
    of the container port, `path` the HTTP path. `honor_labels` keeps labels that the exporter sets about others
    (which pod holds the GPU, which namespace holds the certificate) instead of those of the exporter's own pod.
    `ready_only` leaves out pods that are not ready. `credentials` is sent as a bearer token.
    """

    name: str
    namespace: str
    selector: Mapping[str, Any]
    port: str
    path: str = "/metrics"
    honor_labels: bool = False
    ready_only: bool = False
    credentials: SecretKey | None = None
    relabelings: tuple[Mapping[str, Any], ...] = field(default=())


def _component(name: str) -> dict[str, Any]:
    return {"matchLabels": {labels.COMPONENT: name}}


def known_monitors(vector_store_key: SecretKey | None = None) -> tuple[Monitor, ...]:
    """Everything that a stack may hold and that exports metrics, in a stable order."""
    return (
        # A server that loads its weights answers nobody for minutes; counting it as down would alert on every start.
        Monitor(
            name="model",
            namespace=namespaces.MODELS,
            selector=_component("model"),
            port="http",
            ready_only=True,
        ),
        # Without the slash LiteLLM answers with a redirect.
        Monitor(
            name="gateway",
            namespace=namespaces.GATEWAY,
            selector=_component("gateway"),
            port="http",
            path="/metrics/",
        ),
        Monitor(name="identity", namespace=namespaces.IDENTITY, selector=_component("identity"), port="management"),
        Monitor(
            name="gpu",
            namespace=namespaces.GPU_OPERATOR,
            selector={"matchLabels": DCGM_EXPORTER_LABELS},
            port="metrics",
            honor_labels=True,
            relabelings=({"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"},),
        ),
        Monitor(
            name="postgres",
            namespace=namespaces.DATA,
            selector={"matchExpressions": [{"key": "cnpg.io/cluster", "operator": "Exists"}]},
            port="metrics",
        ),
        Monitor(
            name="vector-store",
            namespace=namespaces.DATA,
            selector=_component("vector-store"),
            port="http",
            credentials=vector_store_key,
        ),
        Monitor(name="object-store", namespace=namespaces.DATA, selector=_component("object-store"), port="metrics"),
        Monitor(
            name="certificates",
            namespace=namespaces.SECURITY,
            selector={"matchLabels": CERT_MANAGER_LABELS},
            port="http-metrics",
            honor_labels=True,
        ),
        Monitor(
            name="karpenter",
            namespace=namespaces.KARPENTER,
            selector={"matchLabels": KARPENTER_LABELS},
            port="http-metrics",
        ),
        # Its series are about objects of other namespaces, whose label `namespace` they carry.
        Monitor(
            name="autoscaler",
            namespace=namespaces.SERVING_OPERATORS,
            selector={"matchLabels": KEDA_OPERATOR_LABELS},
            port="metrics",
            honor_labels=True,
        ),
        Monitor(
            name="rollouts",
            namespace=namespaces.SERVING_OPERATORS,
            selector={"matchLabels": ARGO_ROLLOUTS_LABELS},
            port="metrics",
            honor_labels=True,
        ),
        Monitor(
            name="load-balancer-controller",
            namespace=namespaces.LOAD_BALANCER,
            selector={"matchLabels": LOAD_BALANCER_CONTROLLER_LABELS},
            port="metrics-server",
        ),
        Monitor(
            name="replicated-volumes",
            namespace=namespaces.STORAGE,
            selector={"matchLabels": LONGHORN_LABELS},
            port="manager",
        ),
    )


def monitors_in(edges: Iterable[Edge], vector_store_key: SecretKey | None = None) -> tuple[Monitor, ...]:
    """The monitors whose pods Prometheus may reach by the declared `edges`: what a stack lacks is not watched."""
    scraped = [edge.target for edge in edges if edge.source == peers.PROMETHEUS and isinstance(edge.target, Workload)]
    return tuple(
        monitor for monitor in known_monitors(vector_store_key) if any(_watches(monitor, target) for target in scraped)
    )


def pod_monitor_spec(monitor: Monitor) -> dict[str, Any]:
    """`spec` of the PodMonitor (monitoring.coreos.com/v1)."""
    endpoint: dict[str, Any] = {
        "port": monitor.port,
        "path": monitor.path,
        "interval": INTERVAL,
        "relabelings": _relabelings(monitor),
    }
    if monitor.honor_labels:
        endpoint["honorLabels"] = True
    if monitor.credentials:
        endpoint["authorization"] = {
            "type": "Bearer",
            "credentials": {"name": monitor.credentials.name, "key": monitor.credentials.key},
        }
    return {
        "namespaceSelector": {"matchNames": [monitor.namespace]},
        "selector": dict(monitor.selector),
        "podMetricsEndpoints": [endpoint],
    }


def _relabelings(monitor: Monitor) -> list[dict[str, Any]]:
    ready: dict[str, Any] = {"action": "keep", "sourceLabels": ["__meta_kubernetes_pod_ready"], "regex": "true"}
    return [
        {"targetLabel": "job", "replacement": monitor.name},
        *([ready] if monitor.ready_only else []),
        *(dict(relabeling) for relabeling in monitor.relabelings),
    ]


def _watches(monitor: Monitor, target: Workload) -> bool:
    return target.namespace == monitor.namespace and selects(monitor.selector, dict(target.selector))
