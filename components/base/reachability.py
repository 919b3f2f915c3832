"""Who may open a connection to whom, by the NetworkPolicies alone, without a cluster.

Source of the semantics: Kubernetes documentation, "Network Policies": a pod is isolated in a direction once any policy
of its namespace selects it for that direction; what is allowed is the union of all policies that select it; a
connection needs both the source's egress and the target's ingress.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Literal

from components.base.label_index import SelectorIndex
from components.base.label_selector import selects
from components.base.network_policy import Block, Peer, Policy, PolicyRule, PortRange, read_policy
from components.base.port_spans import EVERY_PORT, LAST_PORT, PortSpan, PortSpans, intersection, union

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
"""Set by the API server on every namespace."""

PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Where pod and node addresses come from (RFC 1918, RFC 6598, RFC 4193)."""

Direction = Literal["ingress", "egress"]


@dataclass(frozen=True, kw_only=True)
class Pod:
    """Pods of one template. `named_ports` maps a container port's name to its number and protocol.

    `host_network` pods share the node's address: policies neither protect nor restrict them.
    """

    namespace: str
    labels: Mapping[str, str]
    named_ports: Mapping[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    host_network: bool = False


Applied = tuple[Policy, tuple[PolicyRule, ...]]
"""A policy that selects a pod, with its rules for the direction asked about."""

Endpoint = Pod | str
"""A pod, or an IP address outside the pod network."""


class Network:
    """The NetworkPolicies of a cluster, ready to answer who reaches whom.

    A pod's own address is not known before it runs: an `ipBlock` is taken to hold a pod when some address of
    `pod_ranges` is in the block and in none of its exceptions. The answer is therefore "may reach": it errs on the
    side of reporting a connection.
    """

    def __init__(
        self,
        policies: Iterable[Policy | Mapping[str, Any]],
        namespaces: Mapping[str, Mapping[str, str]],
        pod_ranges: Iterable[str] = PRIVATE_RANGES,
    ) -> None:
        """Read `policies` (NetworkPolicy objects, camelCase, or read ones) and `namespaces` (name to labels).

        Raises ValueError for a malformed policy.
        """
        found: dict[str, list[Policy]] = {}
        for policy in policies:
            read = policy if isinstance(policy, Policy) else read_policy(policy)
            found.setdefault(read.namespace, []).append(read)
        self._policies = {
            namespace: SelectorIndex((policy, policy.pods) for policy in own) for namespace, own in found.items()
        }
        self._namespaces = namespaces
        self._labels: dict[str, Mapping[str, str]] = {}
        self._pod_ranges = tuple(ip_network(text) for text in pod_ranges)
        # Keyed by identity, because labels are no key; the pod is kept so that its identity is not given away again.
        self._selected: dict[tuple[int, Direction], tuple[Pod, list[Applied]]] = {}

    def allowed(self, source: Endpoint, target: Endpoint, port: int | str, protocol: str = "TCP") -> bool:
        """Whether `source` may open a connection to `port` (number, or a name that `target` gives a port).

        Raises ValueError for a port name that the target does not have.
        """
        return self.egress_allowed(source, target, port, protocol) and self.ingress_allowed(
            source, target, port, protocol
        )

    def ingress_allowed(self, source: Endpoint, target: Endpoint, port: int | str, protocol: str = "TCP") -> bool:
        """Whether the target's own side lets `source` in, whatever the source's side says."""
        return self._side_allows("ingress", target, source, target, (port, protocol))

    def egress_allowed(self, source: Endpoint, target: Endpoint, port: int | str, protocol: str = "TCP") -> bool:
        """Whether the source's own side lets it out, whatever the target's side says."""
        return self._side_allows("egress", source, target, target, (port, protocol))

    def open_ports(self, source: Endpoint, target: Endpoint) -> PortSpans:
        """All ports of `target` to which `source` may open connections: those that both sides allow."""
        return intersection(self.egress_ports(source, target), self.ingress_ports(source, target))

    def egress_ports(self, source: Endpoint, target: Endpoint) -> PortSpans:
        """All ports of `target` that the source's own side lets it out to."""
        return self._side_ports("egress", source, target)

    def ingress_ports(self, source: Endpoint, target: Endpoint) -> PortSpans:
        """All ports of `target` on which the target's own side lets `source` in."""
        return self._side_ports("ingress", target, source)

    def opened_by(self, pod: Pod, direction: Direction, other: Endpoint, ports: PortSpans) -> list[str]:
        """Names of the policies of `pod` that open some of `ports` (of the connection's target) to or from `other`."""
        target = other if direction == "egress" else pod
        return sorted(
            policy.name
            for policy, rules in self._selecting(pod, direction)
            if any(
                intersection(union(_spans(rule, target)), ports) and self._holds_peer(rule, policy.namespace, other)
                for rule in rules
            )
        )

    def isolated(self, pod: Pod, direction: Direction) -> bool:
        """Whether some policy selects `pod` for `direction`, so that only what is listed is allowed."""
        return bool(self._selecting(pod, direction))

    def rules_of(self, pod: Pod, direction: Direction) -> list[Applied]:
        """The policies that select `pod` for `direction`, each with its rules."""
        return self._selecting(pod, direction)

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        """Labels of a namespace, the one that the API server sets among them."""
        if namespace not in self._labels:
            self._labels[namespace] = {**self._namespaces.get(namespace, {}), NAMESPACE_NAME_LABEL: namespace}
        return self._labels[namespace]

    def _selecting(self, pod: Pod, direction: Direction) -> list[Applied]:
        key = (id(pod), direction)
        if key not in self._selected:
            self._selected[key] = (pod, self._find_selecting(pod, direction))
        return self._selected[key][1]

    def _find_selecting(self, pod: Pod, direction: Direction) -> list[Applied]:
        found: list[Applied] = []
        own = self._policies.get(pod.namespace)
        for policy in own.may_select(pod.labels) if own else ():
            rules = policy.ingress if direction == "ingress" else policy.egress
            if rules is not None and selects(policy.pods, pod.labels):
                found.append((policy, rules))
        return found

    def _side_allows(
        self, direction: Direction, owner: Endpoint, other: Endpoint, target: Endpoint, port: tuple[int | str, str]
    ) -> bool:
        if isinstance(owner, str) or owner.host_network:
            return True
        policies = self._selecting(owner, direction)
        if not policies:
            return True
        number = _number(port[0], target)
        return any(
            _holds_port(rule, number, port[1], target) and self._holds_peer(rule, policy.namespace, other)
            for policy, rules in policies
            for rule in rules
        )

    def _side_ports(self, direction: Direction, owner: Endpoint, other: Endpoint) -> PortSpans:
        if isinstance(owner, str) or owner.host_network:
            return EVERY_PORT
        policies = self._selecting(owner, direction)
        if not policies:
            return EVERY_PORT
        target = other if direction == "egress" else owner
        return union(
            span
            for policy, rules in policies
            for rule in rules
            if self._holds_peer(rule, policy.namespace, other)
            for span in _spans(rule, target)
        )

    def _holds_peer(self, rule: PolicyRule, namespace: str, other: Endpoint) -> bool:
        return not rule.peers or any(self._is_peer(peer, namespace, other) for peer in rule.peers)

    def _is_peer(self, peer: Peer, namespace: str, other: Endpoint) -> bool:
        if peer.block is not None:
            if isinstance(other, str):
                return _in_block(ip_address(other), peer.block, peer.excluded)
            return any(overlaps(peer.block, peer.excluded, pods) for pods in self._pod_ranges)
        if isinstance(other, str) or other.host_network:
            return False
        if peer.namespaces is None:
            return other.namespace == namespace and selects(peer.pods, other.labels)
        return selects(peer.namespaces, self.namespace_labels(other.namespace)) and selects(peer.pods, other.labels)


def _number(port: int | str, target: Endpoint) -> int:
    if isinstance(port, int):
        return port
    if isinstance(target, str) or port not in target.named_ports:
        message = f"the target has no port named {port!r}"
        raise ValueError(message)
    return target.named_ports[port][0]


def _holds_port(rule: PolicyRule, number: int, protocol: str, target: Endpoint) -> bool:
    return not rule.ports or any(_is_port(entry, number, protocol, target) for entry in rule.ports)


def _is_port(entry: PortRange, number: int, protocol: str, target: Endpoint) -> bool:
    if entry.protocol != protocol:
        return False
    if entry.first is None:
        return True
    if isinstance(entry.first, str):
        # A name means the port that the *target* pod calls so; an address outside has no names.
        return not isinstance(target, str) and target.named_ports.get(entry.first) == (number, protocol)
    return entry.first <= number <= (entry.last or entry.first)


def _spans(rule: PolicyRule, target: Endpoint) -> Iterable[PortSpan]:
    if not rule.ports:
        return EVERY_PORT
    return (span for entry in rule.ports for span in _entry_spans(entry, target))


def _entry_spans(entry: PortRange, target: Endpoint) -> Iterable[PortSpan]:
    if entry.first is None:
        yield PortSpan(entry.protocol, 1, LAST_PORT)
    elif isinstance(entry.first, int):
        yield PortSpan(entry.protocol, entry.first, entry.last or entry.first)
    elif not isinstance(target, str):
        number, protocol = target.named_ports.get(entry.first, (0, ""))
        if protocol == entry.protocol:
            yield PortSpan(protocol, number, number)


def _in_block(address: IPv4Address | IPv6Address, block: Block, excluded: tuple[Block, ...]) -> bool:
    return address in block and not any(address in hole for hole in excluded)


def overlaps(block: Block, excluded: tuple[Block, ...], pods: Block) -> bool:
    """Whether some address of `pods` is in `block` and in none of `excluded`."""
    if block.version != pods.version or not block.overlaps(pods):
        return False
    # Two overlapping CIDR ranges always nest, so the narrower one is their intersection.
    left = [max(block, pods, key=lambda network: network.prefixlen)]
    for hole in excluded:
        left = [rest for network in left for rest in _without(network, hole)]
    return bool(left)


def _without(network: Block, hole: Block) -> list[Block]:
    if network.version != hole.version or not network.overlaps(hole):
        return [network]
    if hole.prefixlen <= network.prefixlen:
        return []
    match network, hole:
        case IPv4Network(), IPv4Network():
            return list(network.address_exclude(hole))
        case IPv6Network(), IPv6Network():
            return list(network.address_exclude(hole))
        case _:
            return [network]
