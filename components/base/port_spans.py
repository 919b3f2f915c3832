"""Sets of ports: which of the 65,535 ports of each protocol are open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LAST_PORT = 65535
PROTOCOLS = ("TCP", "UDP", "SCTP")
"""What the port of a NetworkPolicy may be of (Kubernetes API reference, NetworkPolicyPort)."""


@dataclass(frozen=True, order=True)
class PortSpan:
    """The ports from `first` to `last` of one protocol, both included."""

    protocol: str
    first: int
    last: int

    def __str__(self) -> str:
        """`8000`, `10000-10010`, `53/UDP`, `every TCP port`."""
        if (self.first, self.last) == (1, LAST_PORT):
            return f"every {self.protocol} port"
        numbers = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return numbers if self.protocol == "TCP" else f"{numbers}/{self.protocol}"


PortSpans = tuple[PortSpan, ...]
"""A set of ports: sorted, no two spans overlap or touch."""

EVERY_PORT: PortSpans = tuple(PortSpan(protocol, 1, LAST_PORT) for protocol in sorted(PROTOCOLS))


def union(spans: Iterable[PortSpan]) -> PortSpans:
    """The ports that are in one of `spans`."""
    merged: list[PortSpan] = []
    for span in sorted(spans):
        last = merged[-1] if merged else None
        if last and last.protocol == span.protocol and span.first <= last.last + 1:
            merged[-1] = PortSpan(span.protocol, last.first, max(last.last, span.last))
        else:
            merged.append(span)
    return tuple(merged)


def intersection(one: PortSpans, other: PortSpans) -> PortSpans:
    """The ports that are in both."""
    return union(
        PortSpan(mine.protocol, max(mine.first, its.first), min(mine.last, its.last))
        for mine in one
        for its in other
        if mine.protocol == its.protocol and mine.first <= its.last and its.first <= mine.last
    )


def difference(one: PortSpans, other: PortSpans) -> PortSpans:
    """The ports of `one` that are not in `other`."""
    left = list(one)
    for hole in other:
        left = [rest for span in left for rest in _without(span, hole)]
    return union(left)


def _without(span: PortSpan, hole: PortSpan) -> list[PortSpan]:
    if span.protocol != hole.protocol or hole.last < span.first or span.last < hole.first:
        return [span]
    below = PortSpan(span.protocol, span.first, hole.first - 1)
    above = PortSpan(span.protocol, hole.last + 1, span.last)
    return [rest for rest in (below, above) if rest.first <= rest.last]
