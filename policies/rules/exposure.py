"""Models are not reachable from outside the cluster but through the gateway."""

from __future__ import annotations

from collections.abc import Iterable

from policies.backends import (
    GATEWAY_ROUTES,
    TRAEFIK_ROUTES,
    backends,
    is_model_service,
    leads_to_model,
    service_leads_to_model,
)
from policies.checks import each, per_subject
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.internal_gateway import is_internal_route
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import Subject

OPEN_TYPES = ("LoadBalancer", "NodePort")


OPENING_KINDS = (
    ("", "Service"),
    ("networking.k8s.io", "Ingress"),
    ("gateway.networking.k8s.io", *GATEWAY_ROUTES),
    ("traefik.io", *TRAEFIK_ROUTES),
)


def _openings(stack: Stack) -> Iterable[Subject]:
    """A patch opens as much as the object itself."""
    return (found for kinds in OPENING_KINDS for found in (*stack.of(*kinds), *stack.patches_of(*kinds)))


def _not_to_a_model(stack: Stack, opening: Subject) -> Outcomes:
    if opening.is_a("", "Service"):
        yield from _service(stack, opening)
        return
    if is_internal_route(stack, opening):
        # Its proxies are reached by the gateway alone, which AI-02 holds.
        return

    def check(reference: Field) -> Outcomes:
        if leads_to_model(stack, opening, reference):
            yield Violation(reference.path, "leads to a model around the gateway's keys, budgets and limits")

    yield from each(backends(opening), check)


def _service(stack: Stack, service: Subject) -> Outcomes:
    spec = service.root.at("spec")
    opened_by = [place for place in (spec.at("type"), spec.at("externalIPs")) if _opens(place)]
    if opened_by and (
        is_model_service(stack, service)
        or (service.patch and service_leads_to_model(stack, service.namespace, service.name))
    ):
        yield Violation(opened_by[0].path, "a model's Service must stay inside the cluster (ClusterIP)")


def _opens(place: Field) -> bool:
    return place.value in OPEN_TYPES if isinstance(place.value, str) else bool(place.items())


RULES = (
    Rule(
        id="AI-01",
        title="No model is reachable from outside",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="A model server that is reached from outside answers anybody, without key, budget or record: one "
        "internet scan on 2026-10-29 matched 383 vLLM hosts.",
        sources=("vLLM security guide", "own"),
        remediation="Make the model's Service a ClusterIP and route clients to the gateway.",
        of_stack=per_subject(_openings, _not_to_a_model),
        exemptable=False,
    ),
)
