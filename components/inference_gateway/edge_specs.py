"""Custom resources of the edge: gateway class, proxies and listeners.

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
from components.inference_gateway.proxy_specs import proxies_spec

CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
GATEWAY_API = "gateway.networking.k8s.io/v1"
ENVOY_GATEWAY_API = "gateway.envoyproxy.io/v1alpha1"

HTTP_LISTENER = "http"
HTTPS_LISTENER = "https"

_ROUTE_NAMESPACES = [namespaces.GATEWAY, namespaces.IDENTITY, namespaces.OBSERVABILITY]
"""Namespaces whose routes may attach: those with a public host name."""

_LOCAL_LIMIT, _GLOBAL_LIMIT = "envoy.filters.http.local_ratelimit", "envoy.filters.http.ratelimit"
_TOKENS = "envoy.filters.http.jwt_authn"
# Envoy Gateway counts requests after it has checked their tokens: then whoever tries tokens is never counted.
_FILTER_ORDER = (
    {"name": _LOCAL_LIMIT, "before": _TOKENS},
    {"name": _GLOBAL_LIMIT, "after": _LOCAL_LIMIT},
)


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
    made = proxies_spec(
        EDGE_NAME, image=image, memory="1Gi", service=_service(load_balancer), drain_seconds=drain_seconds
    )
    return made | {"filterOrder": list(_FILTER_ORDER)}


def _service(load_balancer: LoadBalancer) -> dict[str, Any]:
    if load_balancer.registered_service:
        return {"type": "ClusterIP", "name": load_balancer.registered_service}
    service: dict[str, Any] = {"type": "LoadBalancer", "annotations": dict(load_balancer.annotations)}
    if load_balancer.load_balancer_class:
        service["loadBalancerClass"] = load_balancer.load_balancer_class
    return service


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
