"""What every namespace must carry: a Pod Security level, and a network that denies by default."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from components.base.network_policy import PolicyRule
from policies.checks import per_object
from policies.fields import any_known
from policies.findings import Level, Outcome, Outcomes, Severity, Undecided, Violation
from policies.network_policies import policy_of
from policies.normalise import UnknownValueError
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import CHART_PREFIX, Subject

ENFORCE_LABEL = "pod-security.kubernetes.io/enforce"
ENFORCED_LEVELS = ("restricted", "baseline")
DIRECTIONS: tuple[Literal["ingress", "egress"], ...] = ("ingress", "egress")


def _pod_security_label(namespace: Subject) -> Outcomes:
    label = namespace.root.at("metadata", "labels", ENFORCE_LABEL)
    if namespace.patch and not label.present:
        return
    if label.text() not in ENFORCED_LEVELS:
        yield Violation(label.path, f"must be one of {', '.join(ENFORCED_LEVELS)}")


def _default_deny(stack: Stack) -> Iterator[tuple[Subject | None, Outcome]]:
    inhabited: dict[str, Subject] = {}
    for subject in (*stack.workloads, *_unseen_charts(stack)):
        try:
            inhabited.setdefault(_pod_namespace(subject), subject)
        except UnknownValueError as error:
            yield subject, Undecided(error.path)
    for namespace, witness in inhabited.items():
        policies = stack.near(namespace, "networking.k8s.io", "NetworkPolicy")
        for direction in DIRECTIONS:
            try:
                denied = _denied_by_default(policies, namespace, direction)
            except UnknownValueError as error:
                yield witness, Undecided(error.path)
                continue
            if not denied:
                message = f"namespace {namespace} has pods and no default-deny NetworkPolicy for {direction}"
                yield witness, Violation("metadata.namespace", message)


def _unseen_charts(stack: Stack) -> list[Subject]:
    """Charts whose pods are not in the stack. The others are where their pods are."""
    parents = {subject.parent for subject in stack.subjects}
    return [
        subject for subject in stack.subjects if subject.type.startswith(CHART_PREFIX) and subject.urn not in parents
    ]


def _pod_namespace(subject: Subject) -> str:
    if not subject.type.startswith(CHART_PREFIX):
        return subject.namespace
    if not subject.root.at("chart").present:
        # The engine shows no property of a v4 Chart to policies: not even which chart it is.
        raise UnknownValueError("namespace")
    return subject.root.at("namespace").text() or "default"


def _denied_by_default(policies: list[Subject], namespace: str, direction: Literal["ingress", "egress"]) -> bool:
    """Whether every pod is isolated in that direction, and no policy opens it again for every pod."""

    def speaks(policy: Subject) -> bool:
        return policy.namespace == namespace and _rules_for_all_pods(policy, direction) is not None

    def opens(policy: Subject) -> bool:
        rules = _rules_for_all_pods(policy, direction) if policy.namespace == namespace else None
        return any(not rule.peers and not rule.ports for rule in rules or ())

    return any_known(policies, speaks) and not any_known(policies, opens)


def _rules_for_all_pods(policy: Subject, direction: Literal["ingress", "egress"]) -> tuple[PolicyRule, ...] | None:
    selector = policy.root.at("spec", "podSelector")
    if selector.at("matchLabels").entries() or selector.at("matchExpressions").items():
        return None
    read = policy_of(policy)
    return read.ingress if direction == "ingress" else read.egress


RULES = (
    Rule(
        id="NS-01",
        title="Every namespace enforces a Pod Security level",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="In a namespace without a level the API server accepts privileged pods: whoever may make pods there "
        "takes over the node.",
        sources=("PSS", "CIS 5.2.1", "k3s CIS hardening guide"),
        remediation=f"Label the Namespace {ENFORCE_LABEL}: restricted (components/base/namespaces.py).",
        of_object=per_object(_pod_security_label, "", "Namespace"),
    ),
    Rule(
        id="NET-01",
        title="Every namespace with pods denies traffic by default",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="One pod that was broken into reaches every database, model and cache of the cluster, and sends "
        "what it finds to the internet.",
        sources=("NSA C-0030", "NSA C-0054", "CIS 5.3.2", "kube-score pod-networkpolicy", "CKV2_K8S_6"),
        remediation="Add a NetworkPolicy with an empty podSelector, policyTypes [Ingress, Egress] and no rules.",
        of_stack=_default_deny,
    ),
)
