"""Servers of one model on several nodes talk among themselves only: that traffic is neither encrypted nor asked for a
key (torch.distributed, NCCL, KV transfer)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from components.base.label_selector import selects
from components.base.labels import NAME
from components.base.network_policy import Peer, PolicyRule, PortRange
from components.base.reachability import NAMESPACE_NAME_LABEL
from policies.checks import each, per_subject
from policies.findings import Level, Outcomes, Severity, Undecided, Violation
from policies.pods import Pod
from policies.registry import Rule
from policies.selecting_policies import policies_of
from policies.stack import Stack
from policies.subjects import Subject
from policies.vllm_server import GROUP

RENDEZVOUS = 29501
"""`--master-port`, the first of the ports on which the pods of a group talk."""

STRANGER = "another-workload"


def _groups(stack: Stack) -> Iterable[Subject]:
    return (subject for subject in stack.model_workloads if subject.is_a(*GROUP))


def _among_themselves(stack: Stack, subject: Subject) -> Outcomes:
    yield from each(subject.pods, lambda pod: _pod_is_alone(stack, subject, pod) if pod.serves_model else ())


def _pod_is_alone(stack: Stack, subject: Subject, pod: Pod) -> Outcomes:
    path, labels, namespace = pod.field.at("metadata", "labels").path, pod.labels, subject.namespace
    found = policies_of(stack, namespace, labels)
    rules = [rule for policy in found.known for rule in policy.ingress or () if _opens_rendezvous(rule)]
    peers = [peer for rule in rules for peer in rule.peers]
    if any(not rule.peers for rule in rules) or any(_lets_strangers_in(peer, labels, namespace) for peer in peers):
        yield Violation(path, "others than the pods of this model reach the ports on which they talk")
    elif found.unknown:
        yield Undecided(found.unknown[0])
    elif not any(_is_peer(peer, labels, namespace) for peer in peers):
        yield Violation(path, "no network policy of their own opens the ports on which this model's pods talk")


def _opens_rendezvous(rule: PolicyRule) -> bool:
    return not rule.ports or any(_holds(port) for port in rule.ports)


def _holds(port: PortRange) -> bool:
    if port.protocol != "TCP" or isinstance(port.first, str):
        return False
    return port.first is None or port.first <= RENDEZVOUS <= (port.last or port.first)


def _lets_strangers_in(peer: Peer, labels: Mapping[str, str], namespace: str) -> bool:
    other = {**labels, NAME: STRANGER}
    return peer.block is not None or _is_peer(peer, other, namespace) or _is_peer(peer, labels, STRANGER, namespace)


def _is_peer(peer: Peer, labels: Mapping[str, str], namespace: str, home: str = "") -> bool:
    """Whether pods with `labels` in `namespace` are let in by `peer`; `home` is the policy's namespace, where it is
    another one."""
    if peer.block is not None or not selects(peer.pods, labels):
        return False
    if peer.namespaces is None:
        return not home
    return selects(peer.namespaces, {NAMESPACE_NAME_LABEL: namespace})


RULES = (
    Rule(
        id="AI-23",
        title="Servers of one model on several nodes talk among themselves only",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="This traffic is neither encrypted nor asked for a key: another pod that reaches the ports reads "
        "along or takes over the workers.",
        sources=("vLLM security guide: inter-node communication is insecure by default", "PyTorch security policy"),
        remediation="Let the platform wire the group to itself: one policy that names the model's own pods.",
        of_stack=per_subject(_groups, _among_themselves),
    ),
)
