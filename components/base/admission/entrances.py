"""What is open to the outside: the edge gateway and nothing else, over TLS, and never a model."""

from __future__ import annotations

from components.base import model_proxy
from components.base.admission.policy import Check, Resources, cel_text
from components.base.namespaces import MODELS
from components.base.peers import EDGE_PROXY, OWNING_GATEWAY_LABEL

ROUTE_KINDS = ("httproutes", "grpcroutes", "tcproutes", "tlsroutes", "udproutes")

SERVICES = (Resources(group="", names=("services",)),)
PROXIES = (Resources(group="gateway.envoyproxy.io", names=("envoyproxies",)),)
ROUTES = (Resources(group="gateway.networking.k8s.io", names=ROUTE_KINDS),)
INGRESSES = (Resources(group="networking.k8s.io", names=("ingresses",)),)
GATEWAYS = (Resources(group="gateway.networking.k8s.io", names=("gateways",)),)
CLIENT_POLICIES = (Resources(group="gateway.envoyproxy.io", names=("clienttrafficpolicies",)),)

_SPEC = "dyn(object).spec"
_OPEN = f"{_SPEC}.?type.orValue('') in ['LoadBalancer', 'NodePort']"
_EDGE_NAME = dict(EDGE_PROXY.selector)[OWNING_GATEWAY_LABEL]
_IS_EDGE_SERVICE = " && ".join(
    (
        f"dyn(object).metadata.namespace == '{EDGE_PROXY.namespace}'",
        *(f"{_SPEC}.?selector[?'{key}'].orValue('') == '{value}'" for key, value in EDGE_PROXY.selector),
    )
)

MODEL_SERVICE_CHECKS: tuple[Check, ...] = (
    Check(
        rule="AI-01",
        demand=f"a Service of namespace {MODELS} must stay inside the cluster (ClusterIP, no external address)",
        expression=f"dyn(object).metadata.namespace != '{MODELS}' || "
        f"!({_OPEN} || size({_SPEC}.?externalIPs.orValue([])) > 0)",
    ),
)
"""The pods that a Service selects are not in the request: every Service of the models' namespace is one of a model."""

SERVICE_CHECKS: tuple[Check, ...] = (
    Check(
        rule="NET-04",
        demand="a Service must be ClusterIP: only the edge gateway is open to the outside",
        expression=f"!({_OPEN}) || ({_IS_EDGE_SERVICE})",
    ),
    Check(
        rule="NET-04",
        demand="externalIPs must not be set: whoever may set them can take over any address",
        expression=f"size({_SPEC}.?externalIPs.orValue([])) == 0",
    ),
)

PROXY_CHECKS: tuple[Check, ...] = (
    Check(
        rule="NET-04",
        demand="envoyService.type must be ClusterIP (the default is LoadBalancer): these are not the edge's proxies",
        expression=f"{_SPEC}.?provider.?kubernetes.?envoyService.?type.orValue('') == 'ClusterIP' || "
        f"(dyn(object).metadata.namespace == '{EDGE_PROXY.namespace}' && "
        f"dyn(object).metadata.name == '{_EDGE_NAME}')",
    ),
)

_PARENT_IS_INTERNAL = (
    "parent.?kind.orValue('Gateway') == 'Gateway' && "
    f"parent.?namespace.orValue(dyn(object).metadata.namespace) == '{model_proxy.NAMESPACE}' && "
    f"parent.name == '{model_proxy.NAME}'"
)
_BACKENDS = "rule.?backendRefs.orValue([])"


def _is_no_model(reference: str) -> str:
    return f"{reference}.?namespace.orValue(dyn(object).metadata.namespace) != '{MODELS}'"


_MIRRORS_TO_NO_MODEL = (
    f"([dyn(rule)] + {_BACKENDS}).all(place, place.?filters.orValue([]).all(filter, "
    f"!has(filter.requestMirror) || {_is_no_model('filter.requestMirror.backendRef')}))"
)

ROUTE_CHECKS: tuple[Check, ...] = (
    Check(
        rule="AI-01",
        demand="a route must not lead to a model around the gateway's keys, budgets and limits",
        expression=f"(size({_SPEC}.?parentRefs.orValue([])) > 0 && "
        f"{_SPEC}.parentRefs.all(parent, {_PARENT_IS_INTERNAL})) || "
        f"{_SPEC}.?rules.orValue([]).all(rule, {_BACKENDS}.all(reference, {_is_no_model('reference')}) && "
        f"{_MIRRORS_TO_NO_MODEL})",
    ),
)

_LISTENERS = f"{_SPEC}.?listeners.orValue([])"
_IS_INTERNAL_GATEWAY = (
    f"(dyn(object).metadata.namespace == '{model_proxy.NAMESPACE}' && "
    f"dyn(object).metadata.name == '{model_proxy.NAME}')"
)
_IS_CLEAR = "listener.protocol in ['HTTP', 'TCP', 'UDP']"

GATEWAY_CHECKS: tuple[Check, ...] = (
    Check(
        rule="NET-05",
        demand="a listener with TLS must name the certificate",
        expression=f"{_IS_INTERNAL_GATEWAY} || {_LISTENERS}.all(listener, {_IS_CLEAR} || "
        "listener.?tls.?mode.orValue('') == 'Passthrough' || size(listener.?tls.?certificateRefs.orValue([])) > 0)",
    ),
    Check(
        rule="NET-05",
        demand="a listener with TLS must have a host name of the platform",
        expression=f"{_IS_INTERNAL_GATEWAY} || {_LISTENERS}.all(listener, {_IS_CLEAR} || "
        "!(listener.?hostname.orValue('') in ['', '*']))",
    ),
)
"""That a listener without TLS only redirects is said by its routes, which are not in the request."""

_SNIPPET = cel_text(r"^nginx\.(ingress\.kubernetes\.io|org)/.*snippets?$")

INGRESS_CHECKS: tuple[Check, ...] = (
    Check(
        rule="AI-01",
        demand=f"namespace {MODELS} has no Ingress: it would lead to a model around the gateway",
        expression=f"dyn(object).metadata.namespace != '{MODELS}'",
    ),
    Check(
        rule="NET-05",
        demand="an Ingress must name the certificate of its hosts",
        expression=f"size({_SPEC}.?tls.orValue([])) > 0",
    ),
    Check(
        rule="NET-05",
        demand="a rule of an Ingress must have a host name of the platform",
        expression=f"{_SPEC}.?rules.orValue([]).all(rule, !(rule.?host.orValue('') in ['', '*']))",
    ),
    Check(
        rule="NET-06",
        demand="snippets in annotations must not be set: they change the proxy's configuration for everybody",
        expression=f"dyn(object).metadata.?annotations.orValue({{}}).all(key, !key.matches({_SNIPPET}))",
    ),
)

CLIENT_POLICY_CHECKS: tuple[Check, ...] = (
    Check(
        rule="NET-08",
        demand="minVersion must be 1.2 or 1.3",
        expression=f"!({_SPEC}.?tls.?minVersion.orValue('') in ['1.0', '1.1'])",
    ),
)
