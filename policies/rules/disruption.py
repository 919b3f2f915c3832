"""Whether a node can be drained without taking a service down."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from components.base.label_selector import selects
from policies.checks import per_subject
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import Subject

REPLICATED = 2

REPLICATING_KINDS = (
    ("apps", "Deployment", "StatefulSet"),
    ("argoproj.io", "Rollout"),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"),
)


def _replicated_workloads(stack: Stack) -> Iterable[Subject]:
    return (found for kinds in REPLICATING_KINDS for found in stack.of(*kinds))


def _has_budget(stack: Stack, workload: Subject) -> Outcomes:
    replicas = _fewest_replicas(stack, workload)
    if replicas < REPLICATED:
        return
    budgets = stack.near(workload.namespace, "policy", "PodDisruptionBudget")
    if not any_known(budgets, lambda budget: _covers(budget, workload)):
        yield Violation("spec.replicas", "has more than one replica and no PodDisruptionBudget selects its pods")
    elif not any_known(budgets, lambda budget: _covers(budget, workload) and _allows_eviction(budget, replicas)):
        yield Violation("spec.replicas", "its PodDisruptionBudget never allows an eviction, so no node can be drained")


def _fewest_replicas(stack: Stack, workload: Subject) -> int:
    """The replicas that are always there: an autoscaler's minimum where there is one, otherwise the declared number."""
    minima = [
        _number(scaler.root.at("spec", key), 1)
        for key, scaler in _autoscalers(stack, workload.namespace)
        if _scales(scaler, workload)
    ]
    return max(minima) if minima else _number(workload.root.at("spec", "replicas"), 1)


def _autoscalers(stack: Stack, namespace: str) -> list[tuple[str, Subject]]:
    horizontal = [("minReplicas", scaler) for scaler in stack.near(namespace, "autoscaling", "HorizontalPodAutoscaler")]
    return horizontal + [("minReplicaCount", scaler) for scaler in stack.near(namespace, "keda.sh", "ScaledObject")]


def _scales(scaler: Subject, workload: Subject) -> bool:
    target = scaler.root.at("spec", "scaleTargetRef")
    # KEDA's target is a Deployment unless it says otherwise.
    kind = target.at("kind").text() or "Deployment"
    return (
        kind == workload.kind and target.at("name").text() == workload.name and scaler.namespace == workload.namespace
    )


def _covers(budget: Subject, workload: Subject) -> bool:
    selector = budget.root.at("spec", "selector")
    if budget.namespace != workload.namespace or not selector.present:
        return False
    return any(selector.parsed(partial(selects, labels=pod.labels), "a label selector") for pod in workload.pods)


def _allows_eviction(budget: Subject, replicas: int) -> bool:
    spec = budget.root.at("spec")
    unavailable, available = spec.at("maxUnavailable"), spec.at("minAvailable")
    if unavailable.present:
        return unavailable.value not in (0, "0", "0%")
    if isinstance(available.value, int):
        return available.value < replicas
    return available.value != "100%"


def _number(field: Field, default: int) -> int:
    return field.value if isinstance(field.value, int) else default


RULES = (
    Rule(
        id="REL-01",
        title="Replicated workloads have a disruption budget that allows one eviction",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        sources=("kube-linter pdb-max-unavailable, pdb-min-available", "kube-score", "Polaris"),
        remediation="Add a PodDisruptionBudget with maxUnavailable: 1 that selects the workload's pods.",
        of_stack=per_subject(_replicated_workloads, _has_budget),
    ),
)
