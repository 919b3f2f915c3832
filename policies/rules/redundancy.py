"""What every request passes must survive the loss of a pod and of a node."""

from __future__ import annotations

from collections.abc import Iterable

from components.base import labels
from policies.checks import per_subject
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.replicas import fewest_replicas, number
from policies.rules.disruption import REPLICATED, REPLICATING_KINDS
from policies.stack import Stack
from policies.subjects import Subject

CENTRAL = ("gateway", "identity")
"""Components on the way of every request: the gateway, and Keycloak."""

SPREAD = (("topologySpreadConstraints",), ("affinity", "podAntiAffinity"))


def _central_workloads(stack: Stack) -> Iterable[Subject]:
    return (found for kinds in REPLICATING_KINDS for found in stack.of(*kinds))


def _redundant(stack: Stack, workload: Subject) -> Outcomes:
    for pod in workload.pods:
        if pod.labels.get(labels.COMPONENT) not in CENTRAL:
            continue
        if fewest_replicas(stack, workload) < REPLICATED:
            yield Violation("spec.replicas", "must be 2 or more, or an autoscaler's minimum must be")
        yield from _spread(pod.spec)


def _spread(pod: Field) -> Outcomes:
    if not any_known(SPREAD, lambda keys: bool(pod.at(*keys).value)):
        yield Violation(pod.path, "must spread its pods over nodes")


def _proxies(_: Stack, proxy: Subject) -> Outcomes:
    deployment = proxy.root.at("spec", "provider", "kubernetes", "envoyDeployment")
    scaler = proxy.root.at("spec", "provider", "kubernetes", "envoyHpa")
    replicas = scaler.at("minReplicas") if scaler.present else deployment.at("replicas")
    if number(replicas, 1) < REPLICATED:
        yield Violation(replicas.path, "must be 2 or more")
    yield from _spread(deployment.at("pod"))


RULES = (
    Rule(
        id="REL-02",
        title="The gateway and Keycloak survive the loss of a node",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="The one node that ran the gateway or Keycloak fails, and nobody can sign in or ask a model until "
        "the pods run elsewhere.",
        sources=("kube-linter minimum-replicas, no-anti-affinity", "kube-score", "Polaris deploymentMissingReplicas"),
        remediation="Run two replicas or more, with topologySpreadConstraints or podAntiAffinity.",
        of_stack=per_subject(_central_workloads, _redundant),
    ),
    Rule(
        id="REL-22",
        title="The proxies of the edge survive the loss of a node",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="When the node with the only proxy fails, no request enters the platform until the proxy runs elsewhere.",
        sources=("kube-linter minimum-replicas, no-anti-affinity", "own"),
        remediation="Set envoyDeployment.replicas (or envoyHpa.minReplicas) to 2 or more, and a spread of its pods.",
        of_stack=per_subject(lambda stack: stack.of("gateway.envoyproxy.io", "EnvoyProxy"), _proxies),
    ),
)
