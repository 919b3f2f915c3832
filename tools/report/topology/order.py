"""The order of boxes and lanes in each row, with few lines that cross (barycentre sweeps)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from tools.report.topology.nets import Element, Lane, Net

_SWEEPS = 16

Rows = list[list[Element]]


def ordered_rows(rows: Mapping[str, int], lanes: Iterable[Lane], nets: Sequence[Net]) -> Rows:
    """Elements by row, left to right."""
    current: Rows = [[] for _ in range(max(rows.values(), default=-1) + 1)]
    for name in sorted(rows):
        current[rows[name]].append(name)
    for lane in lanes:
        current[lane.row].append(lane)
    pairs = _pairs(nets)
    best, fewest = current, _crossings(current, pairs)
    for sweep in range(_SWEEPS):
        current = _swept(current, pairs, downwards=sweep % 2 == 0)
        crossings = _crossings(current, pairs)
        if crossings < fewest:
            best, fewest = current, crossings
    return best


def _pairs(nets: Sequence[Net]) -> dict[int, list[tuple[Element, Element]]]:
    """Per channel, the element above and the element below of every branch."""
    found: dict[int, list[tuple[Element, Element]]] = {}
    for net in nets:
        for leaf in net.leaves:
            pair = (net.root, leaf) if net.direction == "down" else (leaf, net.root)
            found.setdefault(net.channel, []).append(pair)
    return found


def _swept(rows: Rows, pairs: Mapping[int, list[tuple[Element, Element]]], *, downwards: bool) -> Rows:
    result = [list(row) for row in rows]
    indexes = range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1)
    for index in indexes:
        fixed = result[index - 1 if downwards else index + 1]
        place = {element: position / max(1, len(fixed) - 1) for position, element in enumerate(fixed)}
        neighbours: dict[Element, list[float]] = {}
        for above, below in pairs.get(index - 1 if downwards else index, []):
            mine, other = (below, above) if downwards else (above, below)
            neighbours.setdefault(mine, []).append(place[other])
        own = {element: position / max(1, len(result[index]) - 1) for position, element in enumerate(result[index])}
        result[index].sort(key=lambda element: _mean(neighbours.get(element), own[element]))
    return result


def _mean(places: list[float] | None, own: float) -> float:
    return sum(places) / len(places) if places else own


def _crossings(rows: Rows, pairs: Mapping[int, list[tuple[Element, Element]]]) -> int:
    total = 0
    for channel, found in pairs.items():
        upper = {element: position for position, element in enumerate(rows[channel])}
        lower = {element: position for position, element in enumerate(rows[channel + 1])}
        placed = [(upper[above], lower[below]) for above, below in found]
        total += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(placed, 2))
    return total
