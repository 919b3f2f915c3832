"""What containers ask of a node: CPU and memory."""

from __future__ import annotations

from policies.checks import per_container
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container
from policies.quantities import quantity
from policies.registry import Rule


def _requests_and_limits(container: Container) -> Outcomes:
    resources = container.field.at("resources")
    cpu = resources.at("requests", "cpu")
    if not cpu.present:
        yield Violation(cpu.path, "must be set: the scheduler places the pod by it")
    requested, limit = resources.at("requests", "memory"), resources.at("limits", "memory")
    if not limit.present:
        yield Violation(limit.path, "must be set: one leak would take the node's memory otherwise")
    elif quantity(requested) != quantity(limit):
        yield Violation(requested.path, "must equal the memory limit, so that no node is overcommitted")


def _has_resources(container: Container) -> bool:
    # The API server refuses resources on ephemeral containers.
    return container.role != "ephemeralContainers"


RULES = (
    Rule(
        id="POD-15",
        title="Requests and limits",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="Without a memory limit one leak takes the node's memory and other pods are killed for it; without "
        "requests the scheduler fills nodes beyond what they have.",
        sources=("NSA C-0270", "NSA C-0271", "kube-score container-resources", "CKV_K8S_10", "CKV_K8S_13"),
        remediation="Set requests.cpu, requests.memory and an equal limits.memory.",
        of_object=per_container(_requests_and_limits, where=_has_resources),
    ),
)
