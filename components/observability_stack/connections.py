"""The pods that the chart makes, and who of them talks to whom."""

from __future__ import annotations

from components.base import peers
from components.base.namespaces import OBSERVABILITY
from components.base.reachability import PRIVATE_RANGES
from components.base.wiring import METADATA_CIDRS, External, Workload
from components.observability_stack.arguments import ObservabilityStackArgs

OPERATOR = Workload.selecting(
    OBSERVABILITY, "prometheus-operator", {"app.kubernetes.io/component": "prometheus-operator"}
)
ALERTMANAGER = Workload.selecting(OBSERVABILITY, "alertmanager", {"app.kubernetes.io/name": "alertmanager"})
KUBE_STATE_METRICS = Workload.selecting(
    OBSERVABILITY, "kube-state-metrics", {"app.kubernetes.io/name": "kube-state-metrics"}
)

NODES = External(
    name="nodes",
    cidrs=tuple(cidr for cidr in PRIVATE_RANGES if ":" not in cidr),
    excluded=METADATA_CIDRS,
)
"""Kubelet and node exporter listen on the nodes' own addresses, which no pod selector matches."""

WEBHOOK_PORT = 10250
KUBELET_PORT = 10250
NODE_EXPORTER_PORT = 9100


def declare(args: ObservabilityStackArgs) -> None:
    """Declare every connection among and out of this component's pods. What is scraped declares that itself."""
    allow = args.platform.wiring.allow
    api = args.cluster.kubernetes_api
    for client in (peers.PROMETHEUS, OPERATOR, KUBE_STATE_METRICS, peers.GRAFANA):
        allow(client, api, *peers.KUBERNETES_API_PORTS)
    allow(api, OPERATOR, WEBHOOK_PORT)
    allow(peers.PROMETHEUS, NODES, KUBELET_PORT, NODE_EXPORTER_PORT)
    allow(peers.PROMETHEUS, peers.CLUSTER_DNS, 9153)
    allow(peers.PROMETHEUS, KUBE_STATE_METRICS, 8080)
    allow(peers.PROMETHEUS, OPERATOR, WEBHOOK_PORT)
    allow(peers.PROMETHEUS, peers.GRAFANA, 3000)
    allow(peers.PROMETHEUS, peers.PROMETHEUS, 9090, 8080)
    allow(peers.PROMETHEUS, ALERTMANAGER, 9093, 8080)
    allow(ALERTMANAGER, ALERTMANAGER, 9094)
    allow(ALERTMANAGER, ALERTMANAGER, 9094, protocol="UDP")
    allow(peers.GRAFANA, peers.PROMETHEUS, 9090)
    allow(peers.GRAFANA, ALERTMANAGER, 9093)
    allow(peers.GRAFANA, args.sign_on.peer, args.sign_on.port)
    allow(peers.EDGE_PROXY, peers.GRAFANA, 3000)
    if args.alert_webhook_url is not None:
        allow(ALERTMANAGER, peers.INTERNET, 443)
    if args.cluster.metrics_sink:
        allow(peers.PROMETHEUS, args.cluster.metrics_sink.peer or peers.INTERNET, 443)
        args.cluster.allow_credentials(args.platform.wiring, peers.PROMETHEUS)
