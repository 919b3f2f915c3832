"""Custom resources of the internal gateway: its proxies, its listener, and how they pass requests on.

Sources: Gateway API v1 and Envoy Gateway's `v1alpha1` API of the pinned release. Keys are camelCase, as the definitions
have them.
"""

from __future__ import annotations

from typing import Any

from components.base import model_proxy, namespaces
from components.inference_gateway.names import EDGE_NAME
from components.inference_gateway.proxy_specs import proxies_spec

LISTENER = "http"

_NEVER = "0s"


def model_proxies_spec(*, image: str, drain_seconds: int) -> dict[str, Any]:
    """The Envoy pods and their Service inside the cluster. `drain_seconds`: how long a terminating proxy lets streams
    finish."""
    return proxies_spec(
        model_proxy.NAME,
        image=image,
        memory="512Mi",
        service={"type": "ClusterIP", "name": model_proxy.NAME},
        drain_seconds=drain_seconds,
    )


def model_gateway_spec() -> dict[str, Any]:
    """One listener without TLS, reached by LiteLLM alone. Only routes of the models' namespace attach to it."""
    return {
        "gatewayClassName": EDGE_NAME,
        "infrastructure": {
            "parametersRef": {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": model_proxy.NAME}
        },
        "listeners": [
            {
                "name": LISTENER,
                "port": model_proxy.PORT,
                "protocol": "HTTP",
                "allowedRoutes": {
                    "namespaces": {
                        "from": "Selector",
                        "selector": {"matchLabels": {"kubernetes.io/metadata.name": namespaces.MODELS}},
                    }
                },
            }
        ],
    }


def model_client_traffic_spec() -> dict[str, Any]:
    """No limit of time: LiteLLM gives a request up, and the proxy never does. Envoy would end a stream that is silent
    for five minutes, which a long prompt in a full queue is."""
    return {
        "targetRefs": [_gateway()],
        "timeout": {"http": {"streamIdleTimeout": _NEVER, "requestReceivedTimeout": _NEVER}},
    }


def model_backend_traffic_spec() -> dict[str, Any]:
    """Neither retries nor a limit of time, and room for more streams than Envoy's default of 1,024."""
    return {
        "targetRefs": [_gateway()],
        "timeout": {"tcp": {"connectTimeout": "5s"}, "http": {"streamIdleTimeout": _NEVER}},
        "retry": {"numRetries": 0},
        "circuitBreaker": {"maxConnections": 10_000, "maxParallelRequests": 10_000, "maxPendingRequests": 1024},
        # A replica with a long queue gets fewer new requests than an idle one.
        "loadBalancer": {"type": "LeastRequest"},
    }


def _gateway() -> dict[str, str]:
    return {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": model_proxy.NAME}
