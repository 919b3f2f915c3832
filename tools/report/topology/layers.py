"""Which row of the picture each namespace is in: callers above what they call, as far as circles allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil

from tools.report.topology.namespaces import OUTSIDE_CALLED, OUTSIDE_CALLERS

Pair = tuple[str, str]


def layers(names: Iterable[str], links: Sequence[Pair], width: Callable[[str], int], widest: int) -> dict[str, int]:
    """Row of each name, from 0. Links go down, but for those that close a circle; none stays in its row.

    Who may be in several rows goes to the one that is narrowest so far, by the boxes' `width`. Boxes of a row are about
    `widest` pixels together at most.
    """
    known = sorted(names)
    order = {name: index for index, name in enumerate(_sequence(known, links))}
    forward = {(source, target) if order[source] < order[target] else (target, source) for source, target in links}
    sequence = sorted(known, key=lambda name: order[name])
    below = _neighbours(forward)
    above = _neighbours({(target, source) for source, target in forward})
    earliest = _depths(sequence, above)
    deepest = max(earliest.values(), default=0)
    from_end = _depths(list(reversed(sequence)), below)
    latest = {name: deepest - from_end[name] for name in sequence}
    return _split(_placed(sequence, above, earliest, latest, width), width, widest)


def _split(rows: Mapping[str, int], width: Callable[[str], int], widest: int) -> dict[str, int]:
    """Rows that are too wide become several, about equally wide. Links inside of a row there are none, so that links
    still go the way they went."""
    result: dict[str, int] = {}
    shift = 0
    for row in range(max(rows.values(), default=-1) + 1):
        names = sorted((name for name in rows if rows[name] == row), key=lambda name: (-width(name), name))
        parts = [0] * ceil(sum(map(width, names)) / widest)
        for name in names:
            part = parts.index(min(parts))
            parts[part] += width(name)
            result[name] = row + shift + part
        shift += len(parts) - 1
    return result


def _placed(
    sequence: list[str],
    above: Mapping[str, list[str]],
    earliest: Mapping[str, int],
    latest: Mapping[str, int],
    width: Callable[[str], int],
) -> dict[str, int]:
    rows: dict[str, int] = {name: earliest[name] for name in sequence if earliest[name] == latest[name]}
    taken: dict[int, int] = {}
    for name, row in rows.items():
        taken[row] = taken.get(row, 0) + width(name)
    for name in sequence:
        if name in rows:
            continue
        first = max([earliest[name], *(rows[other] + 1 for other in above.get(name, []))])
        row = min(range(first, latest[name] + 1), key=lambda row: (taken.get(row, 0), row))
        rows[name] = row
        taken[row] = taken.get(row, 0) + width(name)
    return rows


def _sequence(names: list[str], links: Sequence[Pair]) -> list[str]:
    """An order in which few links go backwards (Eades, Lin and Smyth 1993), the outside at both ends."""
    remaining = [name for name in names if name not in {OUTSIDE_CALLERS, OUTSIDE_CALLED}]
    head: list[str] = [name for name in names if name == OUTSIDE_CALLERS]
    tail: list[str] = [name for name in names if name == OUTSIDE_CALLED]
    while remaining:
        open_links = [(source, target) for source, target in links if source in remaining and target in remaining]
        outgoing = {name: sum(source == name for source, _ in open_links) for name in remaining}
        incoming = {name: sum(target == name for _, target in open_links) for name in remaining}
        sink = next((name for name in remaining if not outgoing[name] and incoming[name]), None)
        chosen = sink or max(remaining, key=lambda name: (outgoing[name] - incoming[name], -remaining.index(name)))
        if sink:
            tail.insert(0, chosen)
        else:
            head.append(chosen)
        remaining.remove(chosen)
    return [*head, *tail]


def _neighbours(links: Iterable[Pair]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, target in sorted(links):
        found.setdefault(source, []).append(target)
    return found


def _depths(sequence: list[str], before: Mapping[str, list[str]]) -> dict[str, int]:
    depths: dict[str, int] = {}
    for name in sequence:
        depths[name] = max((depths[other] + 1 for other in before.get(name, [])), default=0)
    return depths
