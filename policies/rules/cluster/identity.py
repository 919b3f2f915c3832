"""Pods in AWS act as roles: a key in a pod is a credential that nobody rotates."""

from __future__ import annotations

from collections.abc import Iterable

from policies.checks import each, per_subject
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container
from policies.registry import Rule
from policies.rules.cluster.control_plane import EKS_CLUSTERS
from policies.stack import Stack
from policies.subjects import Subject

STATIC_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def _workloads_on_eks(stack: Stack) -> Iterable[Subject]:
    return stack.workloads if stack.of_type(*EKS_CLUSTERS) else ()


def _without_keys(_: Stack, workload: Subject) -> Outcomes:
    return each((container for pod in workload.pods for container in pod.containers), _no_key)


def _no_key(container: Container) -> Outcomes:
    variables = container.field.at("env")
    for variable in variables.items():
        if variable.at("name").text() in STATIC_KEYS:
            yield Violation(variable.path, "must not be there: the pod's ServiceAccount has a role", container.name)


RULES = (
    Rule(
        id="CLU-08",
        title="Pods on EKS have no keys of AWS",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Whoever copies such a key uses the account from anywhere until somebody notices, because nothing "
        "rotates it.",
        sources=("CIS EKS 5.2.1", "NSA C-0012", "EKS best practices: Pod Identity"),
        remediation="Give the ServiceAccount a role by a PodIdentityAssociation. k3s has no such identity: there, each "
        "service has a key of its own in a Secret.",
        of_stack=per_subject(_workloads_on_eks, _without_keys),
    ),
)
