"""Lines of the picture: one per caller and direction, which branches to everything that it calls.

A line that passes a row runs in a lane between the boxes of that row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tools.report.topology.namespaces import Link

Direction = Literal["down", "up"]


@dataclass(frozen=True, order=True)
class Lane:
    """A place in a row where the line of `source` passes."""

    source: str
    direction: Direction
    row: int


Element = str | Lane
"""What stands in a row: a namespace's box, or a lane."""


@dataclass(frozen=True, kw_only=True)
class Net:
    """The part of a line in the channel below row `channel`: from `root` to all `leaves` on the other side.

    Going down, the root is in the row above the channel; going up, in the row below it.
    """

    source: str
    direction: Direction
    channel: int
    root: Element
    leaves: tuple[Element, ...]


def nets(links: Iterable[Link], rows: Mapping[str, int]) -> tuple[Net, ...]:
    """All parts of all lines, by channel."""
    targets: dict[tuple[str, Direction], list[str]] = {}
    for link in links:
        direction: Direction = "down" if rows[link.target] > rows[link.source] else "up"
        targets.setdefault((link.source, direction), []).append(link.target)
    found = [
        net
        for (source, direction), names in sorted(targets.items())
        for net in _of_line(source, direction, names, rows)
    ]
    return tuple(sorted(found, key=lambda net: (net.channel, net.direction, net.source)))


def lanes(found: Iterable[Net]) -> tuple[Lane, ...]:
    """Every lane that lines pass."""
    return tuple(sorted({leaf for net in found for leaf in net.leaves if isinstance(leaf, Lane)}))


def _of_line(source: str, direction: Direction, names: list[str], rows: Mapping[str, int]) -> Iterable[Net]:
    step = 1 if direction == "down" else -1
    start, end = rows[source], (max if step > 0 else min)(rows[name] for name in names)
    for row in range(start, end, step):
        beyond = row + step
        leaves: list[Element] = sorted(name for name in names if rows[name] == beyond)
        if beyond != end:
            leaves.append(Lane(source, direction, beyond))
        root: Element = source if row == start else Lane(source, direction, row)
        yield Net(source=source, direction=direction, channel=min(row, beyond), root=root, leaves=tuple(leaves))
