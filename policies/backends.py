"""From what opens the cluster to the outside (Services, Ingresses, routes) to the pods behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from components.base import model_proxy
from components.base.label_selector import selects, selects_by_map
from components.base.labels import COMPONENT
from policies.fields import Field, any_known
from policies.pods import MODEL, Pod
from policies.stack import Stack, known_namespace
from policies.subjects import Subject
from policies.workload_index import model_workloads

GATEWAY_ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
TRAEFIK_ROUTES = ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP")
POOL_GROUPS = ("inference.networking.k8s.io", "inference.networking.x-k8s.io")

_SERVICE_HOST = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\..*)?")
_LONGEST_ALIAS_CHAIN = 8
_SELECTOR = "a selector of pod labels"
_ANYWHERE = "DynamicResolver"
"""Type of an Envoy Gateway Backend that sends a request wherever its Host header says."""


def backends(route: Subject) -> Iterator[Field]:
    """The places in a route or Ingress that name a backend."""
    if route.is_a("networking.k8s.io", "Ingress"):
        yield route.root.at("spec", "defaultBackend", "service")
        for rule in route.root.at("spec", "rules").items():
            for path in rule.at("http", "paths").items():
                yield path.at("backend", "service")
    elif route.is_a("traefik.io", *TRAEFIK_ROUTES):
        for rule in route.root.at("spec", "routes").items():
            yield from rule.at("services").items()
    else:
        for rule in route.root.at("spec", "rules").items():
            yield from _gateway_backends(rule)


def _gateway_backends(rule: Field) -> Iterator[Field]:
    """Backends of a Gateway API rule, mirrors included: a mirrored request is answered by the model too."""
    references = rule.at("backendRefs").items()
    yield from references
    for place in (rule, *references):
        for filtered in place.at("filters").items():
            yield filtered.at("requestMirror", "backendRef")


def leads_to_model(stack: Stack, route: Subject, reference: Field) -> bool:
    """Whether a backend reference ends at pods that serve a model."""
    if not reference.present:
        return False
    kind = reference.at("kind").text() or "Service"
    name, namespace = reference.at("name").text(), reference.at("namespace").text() or route.namespace
    if kind == "Service":
        return service_leads_to_model(stack, namespace, name)
    if kind == "InferencePool":
        pools = [pool for group in POOL_GROUPS for pool in stack.named(namespace, name, group, "InferencePool")]
        return any_known(pools, lambda pool: _is_at(pool, namespace, name) and _selects_model(stack, pool))
    if kind == "Backend":
        own = stack.named(namespace, name, "gateway.envoyproxy.io", "Backend")
        return any_known(own, lambda backend: _is_at(backend, namespace, name) and _backend_is_model(stack, backend))
    return False


def service_leads_to_model(stack: Stack, namespace: str, name: str, hops: int = 0) -> bool:
    """Whether the Service of that name selects pods that serve a model, or is an alias of one that does."""

    if (namespace, name) == (model_proxy.NAMESPACE, model_proxy.NAME):
        # Made by Envoy Gateway in front of the internal Gateway, and so in no stack.
        return True

    def holds(service: Subject) -> bool:
        return _is_at(service, namespace, name) and is_model_service(stack, service, hops)

    return any_known(stack.named(namespace, name, "", "Service"), holds)


def is_model_service(stack: Stack, service: Subject, hops: int = 0) -> bool:
    """Whether a Service selects pods that serve a model, or is an alias (ExternalName) of one that does."""
    spec = service.root.at("spec")
    if spec.at("type").text() == "ExternalName":
        return _host_leads_to_model(stack, spec.at("externalName").text(), hops)
    return _selects_model(stack, service)


def _host_leads_to_model(stack: Stack, host: str, hops: int = 0) -> bool:
    match = _SERVICE_HOST.fullmatch(host.rstrip("."))
    if match is None or hops >= _LONGEST_ALIAS_CHAIN:
        return False
    return service_leads_to_model(stack, match[2], match[1], hops + 1)


def _backend_is_model(stack: Stack, backend: Subject) -> bool:
    if backend.root.at("spec", "type").text() == _ANYWHERE:
        return True
    hosts = (endpoint.at("fqdn", "hostname") for endpoint in backend.root.at("spec", "endpoints").items())
    return any_known(hosts, lambda host: _host_leads_to_model(stack, host.text()))


def _is_at(subject: Subject, namespace: str, name: str) -> bool:
    return subject.name == name and subject.namespace == namespace


def _selects_model(stack: Stack, selecting: Subject) -> bool:
    """Whether the selector of a Service or InferencePool names model pods, or matches some of the stack's."""
    selector = selecting.root.at("spec", "selector")
    if not selector.entries():
        return False
    if selector.parsed(_names_models, _SELECTOR):
        return True

    def is_selected(pod: Pod) -> bool:
        return pod.serves_model and selector.parsed(partial(_matches, labels=pod.labels), _SELECTOR)

    def holds(workload: Subject) -> bool:
        # The namespace first, so that an unknown label elsewhere leaves nothing undecided here.
        return workload.namespace == selecting.namespace and any_known(workload.pods, is_selected)

    wanted = selector.parsed(_labels_of, _SELECTOR)
    workloads = stack.once(model_workloads).may_be_selected(known_namespace(selecting), wanted)
    return any_known(workloads, holds)


def _names_models(selector: Mapping[str, Any]) -> bool:
    """Models may be made by an operator, so that no pod template of theirs is in the stack."""
    return (selector.get("matchLabels") or selector).get(COMPONENT) == MODEL


def _labels_of(selector: Mapping[str, Any]) -> Mapping[str, Any]:
    """The labels that pods need for certain."""
    if "matchLabels" in selector or "matchExpressions" in selector:
        return selector.get("matchLabels") or {}
    return selector


def _matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A Service selects by a map of labels, an InferencePool by a label selector or by a map."""
    if "matchLabels" in selector or "matchExpressions" in selector:
        return selects(selector, labels)
    return selects_by_map(selector, labels)
