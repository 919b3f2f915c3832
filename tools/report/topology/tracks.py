"""Heights of the horizontal parts of lines in a channel: lines that would overlap get different ones."""

from __future__ import annotations

from collections.abc import Sequence

from tools.report.topology.nets import Net
from tools.report.topology.ports import Ports

_GAP = 14
"""Pixels between the ends of two lines that share a height."""


def tracks(nets: Sequence[Net], found: Ports) -> dict[Net, int]:
    """Index of the height of each net, from 0; the first that is free from left to right."""
    spans = sorted((*_span(net, found), index) for index, net in enumerate(nets))
    ends: list[int] = []
    result: dict[Net, int] = {}
    for first, last, index in spans:
        track = next((number for number, end in enumerate(ends) if end + _GAP < first), len(ends))
        if track == len(ends):
            ends.append(last)
        else:
            ends[track] = last
        result[nets[index]] = track
    return result


def _span(net: Net, found: Ports) -> tuple[int, int]:
    columns = [found[net, element] for element in (net.root, *net.leaves)]
    return min(columns), max(columns)
