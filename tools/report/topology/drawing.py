"""The picture in pixels: boxes, and lines as paths with arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.report.topology.boxes import BoxSize, Text, box_size
from tools.report.topology.layers import layers
from tools.report.topology.lines import Channel, Line, RowEdges, lines
from tools.report.topology.namespaces import OUTSIDE_CALLED, OUTSIDE_CALLERS, NamespaceGraph
from tools.report.topology.nets import Element, Lane, Net, lanes, nets
from tools.report.topology.order import Rows, ordered_rows
from tools.report.topology.ports import STEP, Extent, ports
from tools.report.topology.tracks import tracks

_LANE = 2 * STEP
_BETWEEN_BOXES = 3 * STEP
_BESIDE_LANE = STEP
_BORDER = 8
_TRACK = 12
_CHANNEL = 44
_ROWS = (1120, 960, 800, 640)
"""Pixels of the boxes of a row: what is tried, one after the other, until the picture fits."""

FITTING = 1184
"""Pixels that a picture may be wide on a desktop screen of 1280."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A namespace's box. `style` is the index of its lines' style."""

    name: str
    x: int
    y: int
    width: int
    height: int
    names: tuple[Text, ...]
    note: Text | None
    outside: bool
    style: int


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """The whole picture."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def drawing(graph: NamespaceGraph) -> Drawing:
    """Lay the namespaces out. The same graph gives the same picture."""
    if not graph.namespaces:
        return Drawing(width=0, height=0, boxes=(), lines=())
    found = [_drawing(graph, widest) for widest in _ROWS]
    return next((drawn for drawn in found if drawn.width <= FITTING), min(found, key=lambda drawn: drawn.width))


def _drawing(graph: NamespaceGraph, widest: int) -> Drawing:
    sizes = {namespace.name: box_size(namespace) for namespace in graph.namespaces}
    rows = layers(sizes, [(link.source, link.target) for link in graph.links], lambda name: sizes[name].width, widest)
    found = nets(graph.links, rows)
    ordered = ordered_rows(rows, lanes(found), found)
    extents, width = _extents(ordered, sizes)
    channels = [_channel([net for net in found if net.channel == row], extents) for row in range(len(ordered) - 1)]
    edges, height = _row_edges(ordered, sizes, channels)
    styles = {name: index for index, name in enumerate(sorted({link.source for link in graph.links}))}
    return Drawing(
        width=width,
        height=height,
        boxes=tuple(_box(name, sizes[name], extents[name], edges[rows[name]], styles.get(name, 0)) for name in sizes),
        lines=lines(graph.links, styles, channels, edges),
    )


def _extents(rows: Rows, sizes: Mapping[str, BoxSize]) -> tuple[dict[Element, Extent], int]:
    total = max(_end(row, sizes) for row in rows)
    found: dict[Element, Extent] = {}
    above: dict[int, Lane] = {}
    for row in rows:
        x = _BORDER + (total - _end(row, sizes)) // 2 // STEP * STEP
        here: dict[int, Lane] = {}
        for index, element in enumerate(row):
            width = _width(element, sizes)
            found[element] = Extent(x=x, width=width)
            if isinstance(element, Lane):
                found[element] = _lane_extent(x, element, above, here)
            x += width + _gap(row, index)
        above = here
    return found, total + 2 * _BORDER


def _end(row: Sequence[Element], sizes: Mapping[str, BoxSize]) -> int:
    """Width of a row."""
    return sum(_width(element, sizes) + _gap(row, index) for index, element in enumerate(row))


def _gap(row: Sequence[Element], index: int) -> int:
    """Pixels behind an element of a row."""
    if index + 1 == len(row):
        return 0
    return _BESIDE_LANE if isinstance(row[index], Lane) or isinstance(row[index + 1], Lane) else _BETWEEN_BOXES


def _width(element: Element, sizes: Mapping[str, BoxSize]) -> int:
    return _LANE if isinstance(element, Lane) else sizes[element].width


def _lane_extent(x: int, lane: Lane, above: Mapping[int, Lane], here: dict[int, Lane]) -> Extent:
    """A lane one column wide, beside the columns of other lines' lanes in the row above."""
    middle = (x + _LANE // 2) // STEP * STEP
    for column in (middle, middle + STEP, middle - STEP):
        other = above.get(column)
        if other is None or (other.source, other.direction) == (lane.source, lane.direction):
            here[column] = lane
            return Extent(x=column, width=0)
    return Extent(x=middle, width=0)


def _channel(found: Sequence[Net], extents: Mapping[Element, Extent]) -> Channel:
    columns = ports(found, extents)
    return Channel(nets=found, columns=columns, tracks=tracks(found, columns))


def _row_edges(rows: Rows, sizes: Mapping[str, BoxSize], channels: Sequence[Channel]) -> tuple[list[RowEdges], int]:
    edges: list[RowEdges] = []
    y = _BORDER
    for index, row in enumerate(rows):
        tallest = max((sizes[name].height for name in row if not isinstance(name, Lane)), default=0)
        bottoms = {name: y + sizes[name].height for name in row if not isinstance(name, Lane)}
        edges.append(RowEdges(top=y, bottom=y + tallest, box_bottoms=bottoms, track=_TRACK))
        y += tallest
        if index < len(channels):
            y += _CHANNEL + _TRACK * (max(channels[index].tracks.values(), default=0) + 1)
    return edges, y + _BORDER


def _box(name: str, size: BoxSize, extent: Extent, row: RowEdges, style: int) -> Box:
    return Box(
        name=name,
        x=extent.x,
        y=row.top,
        width=size.width,
        height=size.height,
        names=size.names,
        note=size.note,
        outside=name in {OUTSIDE_CALLED, OUTSIDE_CALLERS},
        style=style,
    )
