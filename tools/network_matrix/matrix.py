"""The matrix: for each pair of ends, the ports that the policies of both sides leave open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from components.base.port_spans import PortSpans, intersection
from components.base.reachability import Direction, Endpoint, Network
from tools.network_matrix.regions import Region, regions_of
from tools.network_matrix.stack_network import PodEnd, StackNetwork

Matrix = Mapping[tuple[str, str], PortSpans]
"""Source and target by name → open ports. A pair that is not in it has none. A pair of one name twice is about replicas
of one workload: what a pod does within itself no policy sees."""

End = PodEnd | Region


def ends_of(network: StackNetwork) -> tuple[End, ...]:
    """All pods, and all addresses outside as the policies tell them apart."""
    return (*network.pods, *regions_of(network, network.policies))


def reachable(network: StackNetwork, ends: Iterable[End]) -> Matrix:
    """What both sides leave open. Pairs without a pod of the platform, about which no policy can say anything, are left
    out."""
    evaluator = Sides(network)
    return pairwise_ports(
        network,
        ends,
        lambda source, target: intersection(evaluator.out(source, target), evaluator.into(source, target)),
    )


class Sides:
    """The policies of a stack (or `policies` instead), asked about each side of a connection by itself."""

    def __init__(self, network: StackNetwork, policies: Iterable[Mapping[str, Any]] | None = None) -> None:
        """Read the policies."""
        self._evaluator = Network(network.policies if policies is None else policies, network.namespaces)

    def out(self, source: End, target: End) -> PortSpans:
        """The ports that the policies of `source` let it out to."""
        return self._evaluator.egress_ports(_endpoint(source), _endpoint(target))

    def into(self, source: End, target: End) -> PortSpans:
        """The ports on which the policies of `target` let `source` in."""
        return self._evaluator.ingress_ports(_endpoint(source), _endpoint(target))

    def opened_by(self, direction: Direction, pod: PodEnd, other: End, ports: PortSpans) -> tuple[str, ...]:
        """Names of the policies of `pod` that open some of `ports` to or from `other`."""
        return tuple(self._evaluator.opened_by(pod.pod, direction, _endpoint(other), ports))


def pairwise_ports(network: StackNetwork, ends: Iterable[End], ports: Callable[[End, End], PortSpans]) -> Matrix:
    """The matrix that `ports` gives for each pair of a source and a target."""
    listed = [(end, is_ours(network, end)) for end in ends]
    found: dict[tuple[str, str], PortSpans] = {}
    for source, ours in listed:
        for target, its_ours in listed:
            if (ours or its_ours) and (spans := ports(source, target)):
                found[source.name, target.name] = spans
    return found


def is_ours(network: StackNetwork, end: End) -> bool:
    """Whether it is a pod in a namespace of the platform, which the platform's policies protect."""
    return isinstance(end, PodEnd) and end.pod.namespace in network.namespaces


def _endpoint(end: End) -> Endpoint:
    return end.pod if isinstance(end, PodEnd) else end.address
