"""Custom resources of the edge: gateway class, proxies, listeners and the policies on them.

Sources: Gateway API v1 and Envoy Gateway's `v1alpha1` API. Keys are camelCase, as the definitions have them.
"""

from __future__ import annotations

from typing import Any

from components.base import namespaces
from components.base.handles import FrontProxy, LoadBalancer
from components.inference_gateway.names import (
    EDGE_CERTIFICATE_SECRET,
    EDGE_NAME,
    NAMESPACE,
)

CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
GATEWAY_API = "gateway.networking.k8s.io/v1"
ENVOY_GATEWAY_API = "gateway.envoyproxy.io/v1alpha1"

HTTP_LISTENER = "http"
HTTPS_LISTENER = "https"

_PROXIES = 2
_IDLE_MARGIN_SECONDS = 60
_ROUTE_NAMESPACES = [namespaces.GATEWAY, namespaces.IDENTITY, namespaces.OBSERVABILITY]
"""Namespaces whose routes may attach: those with a public host name."""


def gateway_class_spec() -> dict[str, Any]:
    """Envoy Gateway, with the proxies configured by `envoy_proxy_spec`."""
    return {
        "controllerName": CONTROLLER,
        "parametersRef": {
            "group": "gateway.envoyproxy.io",
            "kind": "EnvoyProxy",
            "name": EDGE_NAME,
            "namespace": NAMESPACE,
        },
    }


def envoy_proxy_spec(*, image: str, load_balancer: LoadBalancer, drain_seconds: int) -> dict[str, Any]:
    """The Envoy pods and their Service. `drain_seconds`: how long a terminating proxy lets streams finish."""
    return {
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyDeployment": {
                    "replicas": _PROXIES,
                    "pod": {
                        "priorityClassName": "platform-critical",
                        "topologySpreadConstraints": [_spread("kubernetes.io/hostname")],
                    },
                    "container": {
                        "image": image,
                        "resources": {
                            "requests": {"cpu": "500m", "memory": "1Gi"},
                            "limits": {"cpu": "2", "memory": "1Gi"},
                        },
                    },
                },
                "envoyPDB": {"minAvailable": 1},
                "envoyService": _service(load_balancer),
            },
        },
        "shutdown": {"drainTimeout": f"{drain_seconds}s", "minDrainDuration": "15s"},
    }


def _service(load_balancer: LoadBalancer) -> dict[str, Any]:
    if load_balancer.registered_service:
        return {"type": "ClusterIP", "name": load_balancer.registered_service}
    service: dict[str, Any] = {"type": "LoadBalancer", "annotations": dict(load_balancer.annotations)}
    if load_balancer.load_balancer_class:
        service["loadBalancerClass"] = load_balancer.load_balancer_class
    return service


def _spread(key: str) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"gateway.envoyproxy.io/owning-gateway-name": EDGE_NAME}},
    }


def gateway_spec(domain: str, front_proxy: FrontProxy | None = None) -> dict[str, Any]:
    """Two listeners: port 80 only redirects, port 443 serves names below `domain`.

    A front proxy names no host in its handshake, and Envoy would find no certificate for it: then the listener takes
    every name, and the routes alone say which ones are served (envoyproxy/gateway issue 4520).
    """
    hostname = {} if front_proxy else {"hostname": f"*.{domain}"}
    return {
        "gatewayClassName": EDGE_NAME,
        "listeners": [
            {
                "name": HTTP_LISTENER,
                "port": 80,
                "protocol": "HTTP",
                "allowedRoutes": {"namespaces": {"from": "Same"}},
            },
            {
                "name": HTTPS_LISTENER,
                "port": 443,
                "protocol": "HTTPS",
                **hostname,
                "tls": {
                    "mode": "Terminate",
                    "certificateRefs": [{"kind": "Secret", "name": EDGE_CERTIFICATE_SECRET}],
                },
                "allowedRoutes": {"namespaces": {"from": "Selector", "selector": _route_namespaces()}},
            },
        ],
    }


def _route_namespaces() -> dict[str, Any]:
    return {
        "matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(_ROUTE_NAMESPACES)},
        ]
    }


def client_traffic_spec(minimum_tls_version: str, front_proxy: FrontProxy | None = None) -> dict[str, Any]:
    """What the edge accepts from clients. Envoy Gateway's own defaults normalize paths before they are matched.

    With a front proxy the client is the last address of X-Forwarded-For, the one that the front proxy added: entries
    before it are whatever the client sent.
    """
    # A client that sends its headers slowly holds a connection for half a minute at most.
    http = {"requestHeadersReceivedTimeout": "30s"}
    spec: dict[str, Any] = {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": EDGE_NAME}],
        "tls": {"minVersion": minimum_tls_version},
        "timeout": {"http": http},
    }
    if front_proxy:
        spec["clientIPDetection"] = {"xForwardedFor": {"numTrustedHops": 1}}
        # The proxy that reuses a connection must be the one that closes it, or a request meets a closed one.
        http["idleTimeout"] = f"{front_proxy.idle_seconds + _IDLE_MARGIN_SECONDS}s"
    return spec


def backend_traffic_spec(route: str, request_seconds: int) -> dict[str, Any]:
    """How the edge talks to LiteLLM for the HTTPRoute named `route`.

    Streams are held open for minutes, so the circuit breaker's default of 1024 would refuse a busy afternoon.
    """
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route}],
        "timeout": {"tcp": {"connectTimeout": "5s"}, "http": {"requestTimeout": f"{request_seconds}s"}},
        "circuitBreaker": {"maxConnections": 10_000, "maxParallelRequests": 10_000, "maxPendingRequests": 1024},
    }
