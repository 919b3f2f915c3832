"""Which routes lead to a server, and by which paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, cast

from components.base.label_selector import selects_by_map
from policies.backends import GATEWAY_ROUTES, TRAEFIK_ROUTES, backends
from policies.fields import Field, any_known
from policies.normalise import UnknownValueError
from policies.pods import Pod
from policies.servers import servers_in
from policies.stack import Stack
from policies.subjects import Subject
from policies.workload_index import all_workloads

ROUTE_GROUP = "gateway.networking.k8s.io"
_OTHER_KINDS = (("networking.k8s.io", "Ingress"), ("traefik.io", *TRAEFIK_ROUTES))


def routes(stack: Stack) -> Iterable[Subject]:
    """Everything that leads requests to Services."""
    kinds = ((ROUTE_GROUP, *GATEWAY_ROUTES), *_OTHER_KINDS)
    return (found for kind in kinds for found in (*stack.of(*kind), *stack.patches_of(*kind)))


def rules_to(stack: Stack, route: Subject, image: str) -> list[Field]:
    """The rules of an HTTPRoute that lead to pods of `image`; of another kind, the places that name them."""
    if not route.is_a(ROUTE_GROUP, "HTTPRoute"):
        return [backend for backend in backends(route) if leads_to(stack, route, backend, image)]
    return [
        rule
        for rule in route.root.at("spec", "rules").items()
        if any_known(rule.at("backendRefs").items(), lambda backend: leads_to(stack, route, backend, image))
    ]


def leads_to(stack: Stack, route: Subject, backend: Field, image: str) -> bool:
    """Whether a backend names a Service of pods that run `image`."""
    if not backend.present:
        return False
    name, namespace = backend.at("name").text(), backend.at("namespace").text() or route.namespace

    def holds(service: Subject) -> bool:
        return (service.namespace, service.name) == (namespace, name) and _serves(stack, service, image)

    return any_known(stack.named(namespace, name, "", "Service"), holds)


def _serves(stack: Stack, service: Subject, image: str) -> bool:
    selector = service.root.at("spec", "selector")
    if not selector.entries():
        return False

    def is_selected(pod: Pod) -> bool:
        chosen = selector.parsed(partial(selects_by_map, labels=pod.labels), "a map of pod labels")
        return chosen and any(servers_in(pod, image))

    def holds(workload: Subject) -> bool:
        return workload.namespace == service.namespace and any_known(workload.pods, is_selected)

    workloads = stack.once(all_workloads).may_be_selected(service.namespace, _wanted(selector))
    return any_known(workloads, holds)


def _wanted(selector: Field) -> Mapping[str, Any]:
    """The labels of a selector; none while one of them is unknown, so that any pod may be selected."""
    try:
        return cast("Mapping[str, Any]", selector.plain())
    except UnknownValueError:
        return {}


def paths(rule: Field) -> list[tuple[Field, str]]:
    """Where a rule of an HTTPRoute says its paths, and each path; `/` where it says none.

    Of a regular expression only the form is known, so it counts as `/`.
    """
    matches = rule.at("matches").items()
    if not matches:
        return [(rule, "/")]
    found = ((match, match.at("path")) for match in matches)
    return [
        (path if path.present else match, "/" if path.at("type").text() == "RegularExpression" else _value(path))
        for match, path in found
    ]


def _value(path: Field) -> str:
    return path.at("value").text() or "/"
