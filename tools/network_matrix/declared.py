"""The matrices that the wiring asks for, told from its edges without a look at any policy."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network

from components.base.port_spans import EVERY_PORT, PortSpan, PortSpans, difference, intersection, union
from components.base.reachability import PRIVATE_RANGES, overlaps
from tools.network_matrix.matrix import End, Matrix, is_ours, pairwise_ports
from tools.network_matrix.stack_network import Outside, PodEnd, StackNetwork

DNS_PORTS = (PortSpan("TCP", 53, 53), PortSpan("UDP", 53, 53))
_POD_RANGES = tuple(ip_network(text) for text in PRIVATE_RANGES)

_Ways = list[tuple[str, PortSpan]]
"""What edges of one end allow: the name of the other end, and the ports."""


def declared(network: StackNetwork, ends: Iterable[End]) -> Matrix:
    """What a declared edge names, and DNS for every pod of the platform."""
    return pairwise_ports(network, ends, Wires(network).named)


def crossings(network: StackNetwork, ends: Iterable[End]) -> Matrix:
    """What is open without an edge from the one end to the other, and cannot be closed by policies.

    The way out is opened by one edge and the way in by another: an edge to an address range lets its source out to pods
    too, whose addresses may lie in the range, and an edge from an address range lets such pods in. And pods in
    namespaces that the platform does not make are not held back on their own side.
    """
    return pairwise_ports(network, ends, Wires(network).crossing)


class Wires:
    """The edges of a stack, ready to be asked about pairs of ends."""

    def __init__(self, network: StackNetwork) -> None:
        """Index the edges of `network` by both ends."""
        self._network = network
        self._may_hold_pods = {outside.name for outside in network.outside if _may_hold_pods(outside)}
        self._from: dict[str, _Ways] = {}
        self._to: dict[str, _Ways] = {}
        for edge in network.edges:
            self._from.setdefault(edge.source, []).append((edge.target, edge.ports))
            self._to.setdefault(edge.target, []).append((edge.source, edge.ports))

    def named(self, source: End, target: End) -> PortSpans:
        """The ports of the edges between `source` and `target` themselves."""
        return union(ports for far, ports in self._leaving(source) if far in target.wired)

    def out(self, source: End, target: End) -> PortSpans:
        """The ports that edges of `source` let it out to."""
        if not is_ours(self._network, source):
            return EVERY_PORT
        return union(ports for far, ports in self._leaving(source) if self._may_be(target, far))

    def into(self, source: End, target: End) -> PortSpans:
        """The ports on which edges of `target` let `source` in."""
        if not is_ours(self._network, target):
            return EVERY_PORT
        return union(ports for far, ports in self._arriving(target) if self._may_be(source, far))

    def crossing(self, source: End, target: End) -> PortSpans:
        """The ports that are open without an edge from `source` to `target`, as `crossings` says."""
        both_sides = intersection(self.out(source, target), self.into(source, target))
        return difference(both_sides, self.named(source, target))

    def _leaving(self, source: End) -> _Ways:
        edges = [way for name in source.wired for way in self._from.get(name, [])]
        return [*edges, *((self._network.dns, ports) for ports in DNS_PORTS if is_ours(self._network, source))]

    def _arriving(self, target: End) -> _Ways:
        return [way for name in target.wired for way in self._to.get(name, [])]

    def _may_be(self, end: End, name: str) -> bool:
        return name in end.wired or (isinstance(end, PodEnd) and name in self._may_hold_pods)


def _may_hold_pods(outside: Outside) -> bool:
    return any(overlaps(block, outside.excluded, pods) for block in outside.blocks for pods in _POD_RANGES)
