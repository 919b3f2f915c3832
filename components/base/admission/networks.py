"""Whom network policies name: somebody in particular, and never the address where node credentials are handed out."""

from __future__ import annotations

from ipaddress import ip_network

from components.base.address_ranges import UNIQUE_LOCAL, WIDEST_PREFIX
from components.base.admission.policy import Check, Resources
from components.base.peers import EDGE_PROXY
from components.base.reachability import NAMESPACE_NAME_LABEL
from components.base.wiring import METADATA_CIDRS

NETWORK_POLICIES = (Resources(group="networking.k8s.io", names=("networkpolicies",)),)

_RANGE = "cidr(peer.ipBlock.cidr)"
_NARROW = (
    f"{_RANGE}.prefixLength() >= ({_RANGE}.ip().family() == 4 ? {WIDEST_PREFIX[4]} : {WIDEST_PREFIX[6]}) || "
    f"cidr('{UNIQUE_LOCAL}').containsCIDR({_RANGE})"
)

_SINGLE_PORTS = (
    "(size(rule.?ports.orValue([])) > 0 && rule.?ports.orValue([]).all(port, has(port.port) && !has(port.endPort)))"
)

_EDGE = " && ".join(
    (
        f"dyn(object).metadata.namespace == '{EDGE_PROXY.namespace}'",
        *(
            f"dyn(object).spec.?podSelector.?matchLabels[?'{key}'].orValue('') == '{value}'"
            for key, value in EDGE_PROXY.selector
        ),
    )
)


def _peers(side: str, key: str) -> tuple[Check, ...]:
    rules = f"dyn(object).spec.?{side}.orValue([])"
    wide = _SINGLE_PORTS if side == "egress" else f"({_EDGE})"
    return (
        Check(
            rule="NET-03",
            demand=f"a rule for {side} must name peers: one without any holds for everybody",
            expression=f"{rules}.all(rule, size(rule.?{key}.orValue([])) > 0)",
        ),
        Check(
            rule="NET-03",
            demand=f"a peer for {side} must name a namespace or pods: this selects every pod of the cluster",
            expression=f"{rules}.all(rule, rule.?{key}.orValue([]).all(peer, !has(peer.namespaceSelector) || "
            f"{_terms('peer.namespaceSelector')} > 0 || {_terms('peer.?podSelector')} > 0))",
        ),
        Check(
            rule="NET-03",
            demand=f"a range for {side} must be the addresses that are meant; the internet is for the edge only",
            expression=f"{rules}.all(rule, rule.?{key}.orValue([]).all(peer, !has(peer.ipBlock) || "
            f"{_NARROW} || {wide}))",
        ),
    )


def _terms(selector: str) -> str:
    """How much of a selector names somebody. All but some are as good as all, and every namespace has its name."""
    naming = f"term.operator == 'In' || (term.operator == 'Exists' && term.key != '{NAMESPACE_NAME_LABEL}')"
    return (
        f"size({selector}.?matchLabels.orValue({{}})) + "
        f"size({selector}.?matchExpressions.orValue([]).filter(term, {naming}))"
    )


def _excludes(address: str) -> str:
    ip = str(ip_network(address).network_address)
    return (
        f"!cidr(peer.ipBlock.cidr).containsIP('{ip}') || "
        f"peer.ipBlock[?'except'].orValue([]).exists(hole, cidr(hole).containsIP('{ip}'))"
    )


NETWORK_POLICY_CHECKS: tuple[Check, ...] = (
    *_peers("ingress", "from"),
    *_peers("egress", "to"),
    *(
        Check(
            rule="NET-07",
            demand="a range for egress must exclude the address of instance metadata",
            expression="dyn(object).spec.?egress.orValue([]).all(rule, rule.?to.orValue([]).all(peer, "
            f"!has(peer.ipBlock) || {_excludes(address)}))",
        )
        for address in (*METADATA_CIDRS, "fd00:ec2::254/128")
    ),
)
