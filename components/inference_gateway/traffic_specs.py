"""What the edge takes from clients and how it passes it on: time, size, number and headers of requests.

Sources: Envoy Gateway's `v1alpha1` API of the pinned release. Keys are camelCase, as the definitions have them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.base.handles import FrontProxy
from components.inference_gateway.edge_limits import EdgeLimits
from components.inference_gateway.names import EDGE_NAME
from components.inference_gateway.timeouts import EdgeSeconds

_IDLE_MARGIN_SECONDS = 60

IDENTITY_HEADERS = (
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-forwarded-access-token",
    "x-auth-request-user",
    "x-auth-request-email",
    "x-auth-request-groups",
    "x-auth-request-access-token",
    "x-webauth-user",
    "x-remote-user",
    "remote-user",
    "x-user",
    "x-user-id",
    "x-litellm-user-id",
    "x-litellm-team-id",
    "x-litellm-end-user-id",
    "x-litellm-customer-id",
    "x-litellm-agent-id",
    "x-litellm-tags",
    "litellm-changed-by",
)
"""Headers by which a program behind a proxy believes who calls. No client of this edge may say so."""


def client_traffic_spec(
    minimum_tls_version: str, limits: EdgeLimits, front_proxy: FrontProxy | None = None
) -> dict[str, Any]:
    """What the edge accepts from clients. Envoy Gateway's own defaults normalize paths before they are matched.

    With a front proxy the client is the last address of X-Forwarded-For, the one that the front proxy added: entries
    before it are whatever the client sent.
    """
    # A client that sends its headers slowly holds a connection for half a minute at most.
    http = {"requestHeadersReceivedTimeout": "30s", "requestReceivedTimeout": f"{limits.upload_seconds}s"}
    spec: dict[str, Any] = {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": EDGE_NAME}],
        "tls": {"minVersion": minimum_tls_version},
        "timeout": {"http": http},
        "connection": {"connectionLimit": {"value": limits.connections, "closeDelay": "1s"}},
        # Before routing, and so on every route of every namespace.
        "headers": {"earlyRequestHeaders": {"remove": list(IDENTITY_HEADERS)}},
    }
    if front_proxy:
        spec["clientIPDetection"] = {"xForwardedFor": {"numTrustedHops": 1}}
        # The proxy that reuses a connection must be the one that closes it, or a request meets a closed one.
        http["idleTimeout"] = f"{front_proxy.idle_seconds + _IDLE_MARGIN_SECONDS}s"
    return spec


def backend_traffic_spec(routes: Iterable[str], limits: EdgeLimits, seconds: EdgeSeconds) -> dict[str, Any]:
    """How the edge talks to LiteLLM for the HTTPRoutes named `routes`.

    Streams are held open for minutes, so the circuit breaker's default of 1024 would refuse a busy afternoon. A request
    is taken in whole before it goes on, which is what makes its size known; answers stream as they come.
    """
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route} for route in routes],
        "timeout": {
            "tcp": {"connectTimeout": "5s"},
            "http": {"requestTimeout": f"{seconds.request}s", "streamIdleTimeout": f"{seconds.silence}s"},
        },
        "circuitBreaker": {"maxConnections": 10_000, "maxParallelRequests": 10_000, "maxPendingRequests": 1024},
        "requestBuffer": {"limit": f"{limits.max_request_mib}Mi"},
        "rateLimit": {
            "local": {"rules": [_per_address(limits)]},
            "global": {"rules": [{**_per_address(limits), "shared": True}, _in_total(limits)]},
        },
    }


def _per_address(limits: EdgeLimits) -> dict[str, Any]:
    # IPv4 alone: nothing else reaches the proxies (components/base/peers.CLIENTS).
    return {
        "clientSelectors": [{"sourceCIDR": {"type": "Distinct", "value": "0.0.0.0/0"}}],
        "limit": {"requests": limits.requests_per_minute_per_address, "unit": "Minute"},
    }


def _in_total(limits: EdgeLimits) -> dict[str, Any]:
    return {"limit": {"requests": limits.requests_per_second, "unit": "Second"}, "shared": True}
