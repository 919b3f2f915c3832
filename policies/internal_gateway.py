"""The one Gateway that may lead to models: the internal one, whose proxies only the gateway's own pods reach."""

from __future__ import annotations

from components.base import model_proxy
from policies.fields import Field, any_known
from policies.stack import Stack
from policies.subjects import Subject

_ROUTE_GROUP = "gateway.networking.k8s.io"


def internal_gateway(stack: Stack) -> Subject | None:
    """The internal Gateway, None where no model is behind one."""
    for gateway in stack.near(model_proxy.NAMESPACE, _ROUTE_GROUP, "Gateway"):
        if (gateway.namespace, gateway.name) == (model_proxy.NAMESPACE, model_proxy.NAME):
            return gateway
    return None


def is_internal_route(stack: Stack, route: Subject) -> bool:
    """Whether a route hangs on the internal Gateway alone, and that one on no load balancer."""
    if not route.is_a(_ROUTE_GROUP, "HTTPRoute") or route.patch:
        return False
    parents = route.root.at("spec", "parentRefs").items()
    if not parents or any_known(parents, lambda parent: not _is_internal(parent, route)):
        return False
    gateway = internal_gateway(stack)
    return gateway is not None and stays_inside(stack, gateway)


def _is_internal(parent: Field, route: Subject) -> bool:
    kind, namespace = parent.at("kind").text() or "Gateway", parent.at("namespace").text() or route.namespace
    return (kind, namespace, parent.at("name").text()) == ("Gateway", model_proxy.NAMESPACE, model_proxy.NAME)


def stays_inside(stack: Stack, gateway: Subject) -> bool:
    """Without an EnvoyProxy of its own a Gateway gets its class's, whose Service is a load balancer."""
    wanted = gateway.root.at("spec", "infrastructure", "parametersRef", "name").text()
    return any_known(
        stack.near(gateway.namespace, "gateway.envoyproxy.io", "EnvoyProxy"),
        lambda proxies: (
            (proxies.namespace, proxies.name) == (gateway.namespace, wanted)
            and proxies.root.at("spec", "provider", "kubernetes", "envoyService", "type").text() == "ClusterIP"
        ),
    )
