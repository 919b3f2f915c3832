"""Whether a node can be drained without taking a service down."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from components.base.label_selector import selects
from policies.checks import per_subject
from policies.disruption_budgets import DisruptionBudgets
from policies.fields import any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.replicas import fewest_replicas
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
    replicas = fewest_replicas(stack, workload)
    if replicas < REPLICATED:
        return
    budgets = stack.once(DisruptionBudgets).near(workload)
    if not any_known(budgets, lambda budget: _covers(budget, workload)):
        yield Violation("spec.replicas", "has more than one replica and no PodDisruptionBudget selects its pods")
    elif not any_known(budgets, lambda budget: _covers(budget, workload) and _allows_eviction(budget, replicas)):
        yield Violation("spec.replicas", "its PodDisruptionBudget never allows an eviction, so no node can be drained")


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


RULES = (
    Rule(
        id="REL-01",
        title="Replicated workloads have a disruption budget that allows one eviction",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="Draining a node takes all replicas of a service down at once, or never ends because its budget "
        "allows no eviction.",
        sources=("kube-linter pdb-max-unavailable, pdb-min-available", "kube-score", "Polaris"),
        remediation="Add a PodDisruptionBudget with maxUnavailable: 1 that selects the workload's pods.",
        of_stack=per_subject(_replicated_workloads, _has_budget),
    ),
)
