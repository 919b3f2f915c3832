"""Network policies without the addresses of a substrate: what remains is who may reach whom."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import Any, cast

_SPACE = "kubernetes.io/metadata.name"
_CREDENTIALS = "169.254.170.23/32"
_DATABASE, _OBJECTS, _HTTPS = "5432", "8333", "443"
_NARROW = 16
"""Prefix length from which an IPv4 block is the address of a part of the substrate, not the world."""
_SUBSTRATE_SPACES = frozenset({"karpenter", "load-balancer", "storage", "upgrades"})
_STORES = frozenset({"cloudnative-pg", "object-store", "postgres"})
_STORE_METRICS = frozenset({"8080", "9187", "9327"})
_API_PORTS = frozenset({"80", "443", "6443"})
_WORLD = {
    "ports": [{"port": 443, "protocol": "TCP"}],
    "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}],
}

ONE_SIDED: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    # The load balancer of AWS asks proxies on this port whether they are ready.
    "NetworkPolicy gateway/allow-edge-proxy": ({"from": "<cluster addresses>", "ports": ["19003"]},),
    # A public authority and the names' zone are asked over HTTPS; the organisation's own authority is a Secret.
    "NetworkPolicy security/allow-cert-manager": (_WORLD,),
    # Stores in the cluster have metrics, and speakers for addresses use the network of their node; AWS keeps its own.
    "NetworkPolicy observability/allow-prometheus": (
        {"to": "<metrics of the substrate's stores>"},
        {"to": "<cluster addresses>", "ports": ["9120"]},
    ),
}
"""Rules that only one substrate needs, by policy."""

Rule = Mapping[str, Any]


def without_addresses(name: str, inputs: Mapping[str, Any], models: frozenset[str]) -> dict[str, Any]:
    """The policy `name` (`NetworkPolicy namespace/name`) with rules that say what is reached instead of where it is.

    Rules to or from the substrate's own add-ons and to `models`, which the other stack does not have, are left out, and
    so is what `ONE_SIDED` names. An address range wider than a /16 stays as it is: that is no part of a substrate.
    """
    spec = cast("dict[str, Any]", inputs.get("spec") or {})
    changed = {
        key: _rules(cast("list[Rule]", spec[key]), name, side, models)
        for key, side in (("ingress", "from"), ("egress", "to"))
        if spec.get(key) is not None
    }
    return {**inputs, "spec": {**spec, **changed}}


def _rules(rules: list[Rule], name: str, side: str, models: frozenset[str]) -> list[Any]:
    neutral = (_rule(rule, side, models) for rule in rules)
    left_out = ONE_SIDED.get(name, ())
    texts = {json.dumps(rule, sort_keys=True) for rule in neutral if rule is not None}
    return [json.loads(text) for text in sorted(texts) if json.loads(text) not in left_out]


def _rule(rule: Rule, side: str, models: frozenset[str]) -> Any:
    """The rule as something that can be compared; None where all that it names is a substrate's."""
    peers = cast("list[dict[str, Any]]", rule.get(side) or [])
    if not peers:
        return rule
    kept = [peer for peer in peers if not _is_substrate(peer) and _model(peer) not in models]
    if not kept:
        return None
    ports = {str(port.get("port")) for port in cast("list[dict[str, Any]]", rule.get("ports") or [])}
    store = _reached_store(kept, ports) if side == "to" else ""
    if store:
        return {side: store}
    if all(map(_is_address, kept)):
        return {side: "<cluster addresses>", "ports": sorted(ports - _API_PORTS)}
    return {**rule, side: sorted(kept, key=lambda peer: json.dumps(peer, sort_keys=True))}


def _reached_store(peers: list[dict[str, Any]], ports: set[str]) -> str:
    """The store that all of the peers are, wherever it is; empty when they are none."""
    if ports == {_DATABASE} and all(_is_address(peer) or _store(peer) == "postgres" for peer in peers):
        return "<database>"
    if ports <= {_OBJECTS, _HTTPS} and all(_is_public_https(peer) or _store(peer) == "object-store" for peer in peers):
        return "<object store>"
    return "<metrics of the substrate's stores>" if ports <= _STORE_METRICS and all(map(_store, peers)) else ""


def _store(peer: Mapping[str, Any]) -> str:
    """Which of the substrate's stores a peer is, empty for another one."""
    labels = (peer.get("podSelector") or {}).get("matchLabels") or {}
    named = {str(labels.get("cnpg.io/cluster")), str(labels.get("app.kubernetes.io/name"))}
    return min(named & _STORES, default="") if _space(peer) == "data" else ""


def _model(peer: Mapping[str, Any]) -> str:
    labels = (peer.get("podSelector") or {}).get("matchLabels") or {}
    return str(labels.get("app.kubernetes.io/name")) if labels.get("app.kubernetes.io/component") == "model" else ""


def _is_substrate(peer: Mapping[str, Any]) -> bool:
    block = (peer.get("ipBlock") or {}).get("cidr")
    return block == _CREDENTIALS or _space(peer) in _SUBSTRATE_SPACES


def _is_address(peer: Mapping[str, Any]) -> bool:
    block = (peer.get("ipBlock") or {}).get("cidr")
    if not isinstance(block, str):
        return False
    return ipaddress.ip_network(block, strict=False).prefixlen >= _NARROW


def _is_public_https(peer: Mapping[str, Any]) -> bool:
    """Everything but private networks and the metadata service: how a policy names S3, whose addresses are public."""
    block = peer.get("ipBlock") or {}
    left_out = set(block.get("except") or ())
    return (
        block.get("cidr") == "0.0.0.0/0"
        and {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.169.254/32"} <= left_out
    )


def _space(peer: Mapping[str, Any]) -> str:
    return ((peer.get("namespaceSelector") or {}).get("matchLabels") or {}).get(_SPACE, "")
