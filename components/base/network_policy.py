"""NetworkPolicy objects read once into typed records, with the defaults the API server would fill in.

Source: Kubernetes API reference, networking.k8s.io/v1 NetworkPolicy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import NoneType
from typing import Any

from components.base.label_selector import check_selector

Block = IPv4Network | IPv6Network


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One entry of `from` or `to`: either `block` less `excluded`, or selectors.

    `pods` and `namespaces` are LabelSelector objects. `namespaces` None means the policy's own namespace.
    """

    block: Block | None = None
    excluded: tuple[Block, ...] = ()
    pods: Mapping[str, Any] | None = None
    namespaces: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class PortRange:
    """One entry of `ports`. `first` is a number, a port name, or None for every port; `last` closes a range."""

    protocol: str
    first: int | str | None
    last: int | None


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """One `ingress` or `egress` rule. No peers means every peer, no ports means every port."""

    peers: tuple[Peer, ...]
    ports: tuple[PortRange, ...]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One NetworkPolicy. `ingress` or `egress` None means that the policy does not speak about that direction.

    `name` is empty where the API server chooses it.
    """

    namespace: str
    name: str
    pods: Mapping[str, Any] | None
    ingress: tuple[PolicyRule, ...] | None
    egress: tuple[PolicyRule, ...] | None


def read_policy(policy: Mapping[str, Any]) -> Policy:
    """Read one NetworkPolicy object (`metadata` and `spec`, camelCase keys).

    Raises ValueError (or TypeError, AttributeError, KeyError where a member has another shape) for what the API server
    refuses too: a peer that selects nothing in particular, malformed CIDR ranges, selectors and ports.
    """
    spec: Mapping[str, Any] = policy.get("spec") or {}
    ingress: list[Mapping[str, Any]] = spec.get("ingress") or []
    egress: list[Mapping[str, Any]] = spec.get("egress") or []
    # The API server's defaulting: ingress always, egress only where egress rules exist.
    types: list[str] = spec.get("policyTypes") or (["Ingress", "Egress"] if egress else ["Ingress"])
    metadata: Mapping[str, object] = policy.get("metadata") or {}
    namespace, name = metadata.get("namespace") or "default", metadata.get("name") or ""
    if not isinstance(namespace, str) or not isinstance(name, str):
        message = "metadata.namespace and metadata.name are strings"
        raise ValueError(message)
    check_selector(spec.get("podSelector"))
    return Policy(
        namespace=namespace,
        name=name,
        pods=spec.get("podSelector"),
        ingress=_rules(ingress, "from") if "Ingress" in types else None,
        egress=_rules(egress, "to") if "Egress" in types else None,
    )


def _rules(rules: Iterable[Mapping[str, Any]], peers_key: str) -> tuple[PolicyRule, ...]:
    return tuple(
        PolicyRule(
            peers=tuple(_peer(peer) for peer in rule.get(peers_key) or []),
            ports=tuple(_port(port) for port in rule.get("ports") or []),
        )
        for rule in rules
    )


def _peer(peer: Mapping[str, Any]) -> Peer:
    block: Mapping[str, Any] | None = peer.get("ipBlock")
    pods: Mapping[str, Any] | None = peer.get("podSelector")
    namespaces: Mapping[str, Any] | None = peer.get("namespaceSelector")
    if block is not None:
        excluded = tuple(ip_network(text) for text in block.get("except") or [])
        return Peer(block=ip_network(block["cidr"]), excluded=excluded)
    if pods is None and namespaces is None:
        message = "a network policy peer needs one of ipBlock, podSelector, namespaceSelector"
        raise ValueError(message)
    check_selector(pods)
    check_selector(namespaces)
    return Peer(pods=pods, namespaces=namespaces)


def _port(port: Mapping[str, Any]) -> PortRange:
    first: object = port.get("port")
    last: object = port.get("endPort")
    if not isinstance(first, (int, str, NoneType)) or not isinstance(last, (int, NoneType)):
        message = "a network policy port is a number or a name, and endPort a number"
        raise ValueError(message)
    return PortRange(protocol=port.get("protocol") or "TCP", first=first, last=last)
