"""GPUs are asked for in whole numbers, on nodes that have them."""

from __future__ import annotations

from components.base.node_pools import (
    GPU_NODE_KEY_PREFIXES,
    GPU_NODE_KEYS,
    GPU_RESOURCE_PREFIXES,
    GPU_TAINT,
    POOL_LABEL,
)
from policies.checks import per_container, per_pod, together
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container, Pod
from policies.quantities import quantity
from policies.registry import Rule


def _gpu_amounts(container: Container) -> Outcomes:
    for name in _gpu_names(container):
        resources = container.field.at("resources")
        requested, limit = resources.at("requests", name), resources.at("limits", name)
        amount = quantity(limit)
        if amount is None:
            yield Violation(limit.path, "GPUs must be limited; a request alone is refused")
            continue
        if amount.denominator != 1 or amount < 0:
            yield Violation(limit.path, "GPUs come in whole numbers")
        if requested.present and quantity(requested) != amount:
            yield Violation(requested.path, "must equal the limit: GPUs are never overcommitted")


def _gpu_names(container: Container) -> list[str]:
    resources = container.field.at("resources")
    names = {key for part in ("requests", "limits") for key, _ in resources.at(part).entries()}
    return sorted(name for name in names if name.startswith(GPU_RESOURCE_PREFIXES))


def _gpu_placement(pod: Pod) -> Outcomes:
    if not any_known(pod.containers, lambda container: bool(_gpu_names(container))):
        return
    tolerations = pod.spec.at("tolerations")
    if not any_known(tolerations.items(), _tolerates_gpu_taint):
        yield Violation(tolerations.path, f"must tolerate the taint {GPU_TAINT.key} of GPU nodes")
    if not _selects_gpu_nodes(pod):
        path = pod.spec.at("nodeSelector").path
        yield Violation(path, f"must select GPU nodes by a node label such as {POOL_LABEL}")


def _tolerates_gpu_taint(toleration: Field) -> bool:
    key, exists = toleration.at("key").text(), toleration.at("operator").text() == "Exists"
    if toleration.at("effect").text() not in {"", GPU_TAINT.effect}:
        return False
    if not key:
        return exists
    return key == GPU_TAINT.key and (exists or toleration.at("value").text() == GPU_TAINT.value)


def _selects_gpu_nodes(pod: Pod) -> bool:
    if any(_tells_gpu_nodes(key) for key, _ in pod.spec.at("nodeSelector").entries()):
        return True
    required = pod.spec.at("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    terms = required.at("nodeSelectorTerms").items()
    # The terms are alternatives: each of them has to lead to a GPU node.
    return bool(terms) and not any_known(terms, lambda term: not _term_tells_gpu_nodes(term))


def _term_tells_gpu_nodes(term: Field) -> bool:
    return any_known(
        term.at("matchExpressions").items(),
        lambda expression: (
            _tells_gpu_nodes(expression.at("key").text())
            and expression.at("operator").text() not in {"NotIn", "DoesNotExist"}
        ),
    )


def _tells_gpu_nodes(key: str) -> bool:
    return key in GPU_NODE_KEYS or key.startswith(GPU_NODE_KEY_PREFIXES)


RULES = (
    Rule(
        id="AI-04",
        title="GPUs: requests equal limits, on GPU nodes",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A GPU pod that selects no GPU node waits for ever or lands on the wrong kind of GPU, and one whose "
        "request and limit differ is refused when it is deployed.",
        sources=("Kubernetes documentation: Schedule GPUs", "own"),
        remediation="Set limits (and equal requests) of the GPU resource, tolerate its taint and select the GPU pool.",
        of_object=together(per_container(_gpu_amounts), per_pod(_gpu_placement)),
    ),
)
