"""Where lines leave and enter the boxes of a channel. No two lines of a channel share a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.report.topology.nets import Element, Lane, Net

STEP = 8
"""Pixels between neighbouring columns."""

_MARGIN = 12


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Left edge and width of an element, in pixels."""

    x: int
    width: int

    @property
    def middle(self) -> int:
        """Its middle."""
        return self.x + self.width // 2


class Columns:
    """Columns of one channel, and which line holds each."""

    def __init__(self, lanes: Mapping[int, Net]) -> None:
        self._taken: dict[int, Net] = dict(lanes)

    def take(self, net: Net, wanted: int, extent: Extent) -> int:
        """The free column of `extent` nearest to `wanted`; its middle where none is free."""
        first, last = (extent.x + _MARGIN) // STEP + 1, (extent.x + extent.width - _MARGIN) // STEP
        free = [column for column in range(first, last + 1) if column not in self._taken]
        column = min(free, key=lambda column: (abs(column * STEP - wanted), column), default=extent.middle // STEP)
        self._taken[column] = net
        return column * STEP


Ports = Mapping[tuple[Net, Element], int]
"""Column in pixels of each end of each net."""


def ports(nets: Sequence[Net], extents: Mapping[Element, Extent]) -> dict[tuple[Net, Element], int]:
    """Columns for the nets of one channel."""
    found: dict[tuple[Net, Element], int] = {}
    lanes: dict[int, Net] = {}
    ends = [(net, element) for net in nets for element in (net.root, *net.leaves)]
    for net, element in ends:
        if isinstance(element, Lane):
            found[net, element] = extents[element].middle
            lanes[extents[element].middle // STEP] = net
    columns = Columns(lanes)
    by_box: dict[Element, list[Net]] = {}
    for net, element in ends:
        if not isinstance(element, Lane):
            by_box.setdefault(element, []).append(net)
    for box in sorted(by_box, key=lambda box: extents[box].x):
        here = sorted(by_box[box], key=lambda net: (_other_side(net, box, extents), net.direction, net.source))
        extent = extents[box]
        for index, net in enumerate(here):
            wanted = extent.x + extent.width * (index + 1) // (len(here) + 1)
            found[net, box] = columns.take(net, wanted, extent)
    return found


def _other_side(net: Net, box: Element, extents: Mapping[Element, Extent]) -> float:
    """Where the net's other ends are, on average."""
    others = [extents[element].middle for element in (net.root, *net.leaves) if element != box]
    return sum(others) / len(others)
