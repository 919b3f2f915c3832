"""Network policies speak about pods and ports that are there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from policies.checks import each
from policies.cluster_contents import ClusterContents, PodSet, selector_at, with_contents
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.subjects import Subject

NOBODY = "selects no pod of the stack and none that an operator makes"
NO_PORT = "names a port that none of the pods declares"


SIDES = (("ingress", "from"), ("egress", "to"))


def _any(_: PodSet) -> bool:
    return True


def _speaks_about_pods(contents: ClusterContents, policy: Subject) -> Outcomes:
    spec = policy.root.at("spec")
    place = spec.at("podSelector")
    if selector_at(place) and not _own_pods(contents, policy):
        yield Violation(place.path, NOBODY)
    for side, key in SIDES:
        yield from each(spec.at(side).items(), partial(_rule, contents, policy, key))


def _rule(contents: ClusterContents, policy: Subject, key: str, rule: Field) -> Outcomes:
    peers = rule.at(key).items()

    def peer(entry: Field) -> Outcomes:
        if not entry.at("ipBlock").present and not _peer_pods(contents, policy, entry):
            yield Violation(entry.path, NOBODY)

    def served(holds: Callable[[PodSet], bool]) -> bool:
        """The port is one of the pods that are connected to."""
        if key == "from":
            return _own_pods(contents, policy, holds)
        return any_known(peers, lambda entry: _peer_pods(contents, policy, entry, holds))

    def port(entry: Field) -> Outcomes:
        name = entry.at("port").value
        if isinstance(name, str) and not served(lambda pods: name in pods.ports):
            yield Violation(entry.path, NO_PORT)

    yield from each(peers, peer)
    yield from each(rule.at("ports").items(), port)


def _own_pods(contents: ClusterContents, policy: Subject, holds: Callable[[PodSet], bool] = _any) -> bool:
    return contents.has_pods(policy.namespace, selector_at(policy.root.at("spec", "podSelector")), holds)


def _peer_pods(contents: ClusterContents, policy: Subject, peer: Field, holds: Callable[[PodSet], bool] = _any) -> bool:
    selector, namespaces = selector_at(peer.at("podSelector")), peer.at("namespaceSelector")
    if namespaces.present:
        return contents.has_pods_in(selector_at(namespaces), selector, holds)
    return contents.has_pods(policy.namespace, selector, holds)


RULES = (
    Rule(
        id="NET-02",
        title="Network policies speak about pods and ports that exist",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="A policy whose selector is misspelt allows nothing and protects nothing, and nothing says so.",
        sources=("kube-linter dangling-networkpolicy", "kube-score networkpolicy-targets-pod"),
        remediation="Wire workloads that exist; components/base/operator_pods.py lists what operators make.",
        of_stack=with_contents(lambda stack: stack.of("networking.k8s.io", "NetworkPolicy"), _speaks_about_pods),
    ),
)
