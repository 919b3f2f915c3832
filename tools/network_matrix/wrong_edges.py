"""Where the policies of one side are not what the wiring declares, edge by edge and told together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from components.base.port_spans import EVERY_PORT, PortSpans, difference
from components.base.reachability import Direction
from tools.network_matrix.declared import Wires
from tools.network_matrix.matrix import End, Sides
from tools.network_matrix.stack_network import PodEnd

Side = Literal["out", "into"]

_DIRECTIONS: dict[Side, Direction] = {"out": "egress", "into": "ingress"}
_SHOWN_ENDS = 6


@dataclass(frozen=True, kw_only=True)
class WrongEdge:
    """Ports on which one side's policies are not what the wiring declares: open, or (`missing`) closed.

    `side` is `out` for the policies of the source, `into` for those of the target. Each side is judged alone: what the
    other one still refuses today is one mistake away from being open. `opened_by` names the policies that open it; none
    where no policy holds the pods back in that direction.
    """

    side: Side
    source: str
    target: str
    ports: PortSpans
    missing: bool
    opened_by: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """The end whose policies are wrong."""
        return self.source if self.side == "out" else self.target

    @property
    def other(self) -> str:
        """The other end."""
        return self.target if self.side == "out" else self.source

    def __str__(self) -> str:
        """One line for a reader."""
        does = "close" if self.missing else "open"
        ports = ", ".join(map(str, self.ports))
        declared_or_not = "a declared connection" if self.missing else "what nobody declared"
        return f"{self.source} -> {self.target}: {ports}: the policies of {self.owner} {does} {declared_or_not}"


def wrong_edges(sides: Sides, wires: Wires, pods: Iterable[PodEnd], others: Iterable[End]) -> Iterator[WrongEdge]:
    """Compare what the policies of `pods` let in and out, from and to `others`, with the wiring."""
    others = tuple(others)
    for pod in pods:
        for other in others:
            yield from _wrong("out", pod, other, sides, (sides.out(pod, other), wires.out(pod, other)))
            yield from _wrong("into", pod, other, sides, (sides.into(other, pod), wires.into(other, pod)))


def _wrong(
    side: Side, pod: PodEnd, other: End, sides: Sides, ports: tuple[PortSpans, PortSpans]
) -> Iterator[WrongEdge]:
    found, asked = ports
    if found == asked:
        return
    source, target = (pod.name, other.name) if side == "out" else (other.name, pod.name)
    if closed := difference(asked, found):
        yield WrongEdge(side=side, source=source, target=target, ports=closed, missing=True)
    if opened := difference(found, asked):
        names = sides.opened_by(_DIRECTIONS[side], pod, other, opened)
        yield WrongEdge(side=side, source=source, target=target, ports=opened, missing=False, opened_by=names)


def told_together(edges: Iterable[WrongEdge]) -> list[str]:
    """One line for all ends that one mistake opens or closes: one policy too many concerns every pod of the stack."""
    groups: dict[tuple[object, ...], list[WrongEdge]] = {}
    for edge in edges:
        groups.setdefault((edge.owner, edge.side, edge.ports, edge.missing, edge.opened_by), []).append(edge)
    return sorted(map(_line, groups.values()))


def _line(edges: list[WrongEdge]) -> str:
    edge, others = edges[0], sorted({edge.other for edge in edges})
    ports = "every port" if edge.ports == EVERY_PORT else ", ".join(map(str, edge.ports))
    way = "to" if edge.side == "out" else "from"
    more = f" and {len(others) - _SHOWN_ENDS} more" if len(others) > _SHOWN_ENDS else ""
    return f"{edge.owner}: {ports} {way} {', '.join(others[:_SHOWN_ENDS])}{more}: {_mistake(edge)}"


def _mistake(edge: WrongEdge) -> str:
    if edge.missing:
        return "declared, but its policies do not allow it"
    if edge.opened_by:
        return f"nobody declared it; opened by NetworkPolicy {', '.join(edge.opened_by)}"
    return f"nobody declared it; no policy holds these pods for {_DIRECTIONS[edge.side]}"
