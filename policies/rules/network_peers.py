"""Whom network policies name: somebody in particular, and never the address where node credentials are handed out."""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network

from components.base.label_selector import selects_by_map
from components.base.peers import EDGE_PROXY
from components.base.reachability import NAMESPACE_NAME_LABEL
from components.base.wiring import METADATA_CIDRS
from policies.addresses import is_internet
from policies.checks import each, per_object
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.subjects import Subject

SIDES = (("ingress", "from"), ("egress", "to"))
METADATA = tuple(ip_network(text) for text in (*METADATA_CIDRS, "fd00:ec2::254/128"))
"""Instance metadata of AWS, over IPv4 and IPv6; other clouds use the first one too."""

_CIDR = "an address range such as 10.0.0.0/8"


def _named_peers(policy: Subject) -> Outcomes:
    spec = policy.root.at("spec")
    for side, peers in SIDES:
        yield from each(spec.at(side).items(), partial(_rule, policy, side, peers))


def _rule(policy: Subject, side: str, key: str, rule: Field) -> Outcomes:
    peers = rule.at(key)
    if not peers.items():
        yield Violation(peers.path, "must name peers: a rule without any holds for everybody")

    def check(peer: Field) -> Outcomes:
        if _is_everybody(peer):
            yield Violation(peer.path, "must name a namespace or pods: this selects every pod of the cluster")
        block = peer.at("ipBlock", "cidr")
        if is_internet(block) and not _may_be_wide(policy, side, rule):
            yield Violation(block.path, "must be the addresses that are meant; the internet is for the edge only")

    yield from each(peers.items(), check)


def _is_everybody(peer: Field) -> bool:
    namespaces, pods = peer.at("namespaceSelector"), peer.at("podSelector")
    return namespaces.present and not _terms(namespaces) and not _terms(pods)


def _terms(selector: Field) -> bool:
    """Whether a selector names somebody. All but some are as good as all, and every namespace has its name."""
    return any_known([selector.at("matchLabels")], lambda labels: bool(labels.value)) or any_known(
        selector.at("matchExpressions").items(), _names_somebody
    )


def _names_somebody(expression: Field) -> bool:
    operator = expression.at("operator").text()
    return operator == "In" or (operator == "Exists" and expression.at("key").text() != NAMESPACE_NAME_LABEL)


def _may_be_wide(policy: Subject, side: str, rule: Field) -> bool:
    """The edge takes connections from anywhere. To anywhere is for single ports, as downloads need."""
    if side == "egress":
        ports = rule.at("ports").items()
        return bool(ports) and not any_known(ports, _is_many)
    labels = policy.root.at("spec", "podSelector", "matchLabels").strings()
    return policy.namespace == EDGE_PROXY.namespace and selects_by_map(dict(EDGE_PROXY.selector), labels)


def _is_many(port: Field) -> bool:
    """Whether an entry stands for a range of ports, or for all of a protocol."""
    return port.at("endPort").present or not port.at("port").present


def _no_metadata(policy: Subject) -> Outcomes:
    def check_peer(peer: Field) -> Outcomes:
        block = peer.at("ipBlock", "cidr")
        if not block.present:
            return
        allowed = [address for address in METADATA if _within(address, _block(block))]
        holes = peer.at("ipBlock", "except").items()
        if any(not any_known(holes, lambda hole, it=it: _within(it, _block(hole))) for it in allowed):
            yield Violation(peer.at("ipBlock", "except").path, "must exclude the address of instance metadata")

    def check_rule(rule: Field) -> Outcomes:
        yield from each(rule.at("to").items(), check_peer)

    yield from each(policy.root.at("spec", "egress").items(), check_rule)


def _block(place: Field) -> IPv4Network | IPv6Network:
    return place.parsed(ip_network, _CIDR)


def _within(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    return inner.version == outer.version and inner.overlaps(outer)


RULES = (
    Rule(
        id="NET-03",
        title="Network policies name their peers",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A rule without peers opens a workload to the whole cluster, and a wide block to the internet.",
        sources=("NSA C-0030", "kubescape C-0260", "own"),
        remediation="Wire the workload to the peers that it needs (components/base/wiring.py).",
        of_object=per_object(_named_peers, "networking.k8s.io", "NetworkPolicy"),
    ),
    Rule(
        id="NET-07",
        title="No pod reaches the instance metadata",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A model that is talked into fetching a URL would fetch the credentials of its node.",
        sources=("vLLM security guide: server-side request forgery", "CIS EKS 5.4", "kubescape C-0052"),
        remediation="Add METADATA_CIDRS (components/base/wiring.py) to the exclusions of the range.",
        of_object=per_object(_no_metadata, "networking.k8s.io", "NetworkPolicy"),
    ),
)
