"""Lines as SVG paths: from the caller's box along one height of each channel to everything it calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tools.report.topology.namespaces import Link
from tools.report.topology.nets import Element, Lane, Net
from tools.report.topology.ports import Ports

STYLES = 8
"""Colours; dashes tell lines of one colour apart."""

_FIRST_TRACK = 20
_ARROW = 8


@dataclass(frozen=True, kw_only=True)
class RowEdges:
    """Heights of a row: its top, the bottom of its tallest box, and the bottom of each box; `track` pixels between the
    heights of the channel below."""

    top: int
    bottom: int
    box_bottoms: Mapping[str, int]
    track: int

    def height(self, track: int) -> int:
        """Height of a track of the channel below."""
        return self.bottom + _FIRST_TRACK + track * self.track


@dataclass(frozen=True, kw_only=True)
class Line:
    """Everything that one namespace calls. `path` is SVG path data, `arrows` are polygons, `dots` circles' centres."""

    source: str
    title: str
    colour: int
    dash: int
    path: str
    arrows: tuple[str, ...]
    dots: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Channel:
    """The space below a row: its nets, their columns, and the track of each."""

    nets: Sequence[Net]
    columns: Ports
    tracks: Mapping[Net, int]


def lines(
    links: Sequence[Link], styles: Mapping[str, int], channels: Sequence[Channel], rows: Sequence[RowEdges]
) -> tuple[Line, ...]:
    """One line per caller."""
    strokes: dict[str, _Strokes] = {}
    for channel in channels:
        for net in channel.nets:
            strokes.setdefault(net.source, _Strokes()).add(net, channel.columns, channel.tracks[net], rows)
    return tuple(
        Line(
            source=source,
            title=_title(source, links),
            colour=styles[source] % STYLES,
            dash=styles[source] // STYLES % 3,
            path=" ".join(drawn.path),
            arrows=tuple(drawn.arrows),
            dots=tuple(sorted(set(drawn.dots))),
        )
        for source, drawn in sorted(strokes.items())
    )


class _Strokes:
    """What is drawn for one caller."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.arrows: list[str] = []
        self.dots: list[tuple[int, int]] = []

    def add(self, net: Net, columns: Ports, track: int, rows: Sequence[RowEdges]) -> None:
        """Draw the part of the line in one channel."""
        y = rows[net.channel].height(track)
        start = columns[net, net.root]
        self.path.append(f"M{start} {_root_end(net, rows)}V{y}")
        if not isinstance(net.root, Lane):
            self.dots.append((start, _root_end(net, rows)))
        ends = [columns[net, leaf] for leaf in net.leaves]
        first, last = min(start, *ends), max(start, *ends)
        if first != last:
            self.path.append(f"M{first} {y}H{last}")
        for leaf, x in zip(net.leaves, ends, strict=True):
            self._branch(net, leaf, x, y, rows)
        self.dots.extend((x, y) for x in (start, *ends) if first < x < last)

    def _branch(self, net: Net, leaf: Element, x: int, y: int, rows: Sequence[RowEdges]) -> None:
        if isinstance(leaf, Lane):
            row = rows[leaf.row]
            self.path.append(f"M{x} {y}V{row.bottom if net.direction == 'down' else row.top}")
            return
        down = net.direction == "down"
        end = rows[net.channel + 1].top if down else rows[net.channel].box_bottoms[leaf]
        tail = end - _ARROW if down else end + _ARROW
        self.path.append(f"M{x} {y}V{tail}")
        self.arrows.append(f"{x},{end} {x - 4},{tail} {x + 4},{tail}")


def _root_end(net: Net, rows: Sequence[RowEdges]) -> int:
    """Where the line begins in its channel: at the caller's box, or where its lane ends."""
    if net.direction == "up":
        return rows[net.channel + 1].top
    row = rows[net.channel]
    return row.bottom if isinstance(net.root, Lane) else row.box_bottoms[net.root]


def _title(source: str, links: Iterable[Link]) -> str:
    called = [f"{link.target} ({len(link.connections)})" for link in links if link.source == source]
    return f"{source} calls {', '.join(called)}"
