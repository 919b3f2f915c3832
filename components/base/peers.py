"""Workloads that many components talk to and that none of them makes itself."""

from __future__ import annotations

from components.base import model_proxy, namespaces
from components.base.wiring import METADATA_CIDRS, External, Workload

CLUSTER_DNS = Workload.selecting("kube-system", "kube-dns", {"k8s-app": "kube-dns"})
"""CoreDNS on k3s and EKS carries this label."""

PROMETHEUS = Workload.selecting(namespaces.OBSERVABILITY, "prometheus", {"app.kubernetes.io/name": "prometheus"})
"""Pods that the Prometheus operator makes carry this label."""

GRAFANA = Workload.selecting(namespaces.OBSERVABILITY, "grafana", {"app.kubernetes.io/name": "grafana"})
"""Pods of the Grafana chart."""

OWNING_GATEWAY_LABEL = "gateway.envoyproxy.io/owning-gateway-name"
"""Label by which Envoy Gateway tells the proxies of one Gateway from those of another (`internal/gatewayapi`)."""

EDGE_PROXY = Workload.selecting(
    namespaces.GATEWAY,
    "edge-proxy",
    {
        "app.kubernetes.io/managed-by": "envoy-gateway",
        "app.kubernetes.io/component": "proxy",
        OWNING_GATEWAY_LABEL: "edge",
    },
)
"""Envoy pods that Envoy Gateway makes for the platform's Gateway, the only pods that clients outside reach."""

MODEL_PROXY = Workload.selecting(
    namespaces.GATEWAY,
    "model-proxy",
    {
        "app.kubernetes.io/managed-by": "envoy-gateway",
        "app.kubernetes.io/component": "proxy",
        OWNING_GATEWAY_LABEL: model_proxy.NAME,
    },
)
"""Envoy pods of the internal gateway: LiteLLM alone reaches them, and they alone reach the models behind them."""

EDGE_HTTP_PORT = 10080
EDGE_HTTPS_PORT = 10443
"""Envoy Gateway adds 10000 to listener ports below 1024, because Envoy does not run as root."""

EDGE_READY_PORT = 19003
EDGE_READY_PATH = "/ready"
"""Where an Envoy pod tells over plain HTTP whether it takes connections; 503 once it begins to drain (Envoy Gateway
v1.9, `bootstrap.EnvoyReadinessPort`)."""

CLIENTS = External(name="clients", cidrs=("0.0.0.0/0",))
"""Whoever the load balancer lets in."""

INTERNET = External(name="internet", cidrs=("0.0.0.0/0",), excluded=METADATA_CIDRS)
"""Destinations outside the cluster, for the few pods that must download something."""

KUBERNETES_API_PORTS = (443, 6443)
"""Ports of the API server as its Service and its own hosts have them: some network policy engines see the connection
before the Service's address is translated, others after."""
