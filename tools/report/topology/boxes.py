"""Sizes of the boxes, from the text inside of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from tools.report.topology.namespaces import Namespace
from tools.report.topology.ports import STEP
from tools.report.units import plural

NAME_WIDTH = 7.4
"""Pixels of a character of a workload's name: monospace at 12 pixels, a little more than fonts in use need."""

HEADING_WIDTH = 8.4
"""Pixels of a character of a heading: bold at 13 pixels."""

HEADING_HEIGHT = 32
LINE_HEIGHT = 18
PADDING = 12
_BETWEEN_COLUMNS = 16
_NAMES_BY_COLUMNS = ((6, 1), (14, 2))
_MOST_COLUMNS = 3


@dataclass(frozen=True, kw_only=True)
class Text:
    """A line of text inside a box, relative to its upper left corner. Baseline at `y`."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, kw_only=True)
class BoxSize:
    """A box with its text, in pixels."""

    width: int
    height: int
    names: tuple[Text, ...]
    note: Text | None


def box_size(namespace: Namespace) -> BoxSize:
    """The box of a namespace: heading, workloads in columns, and how much stays inside."""
    names = namespace.workloads
    columns = next((columns for most, columns in _NAMES_BY_COLUMNS if len(names) <= most), _MOST_COLUMNS)
    lines = ceil(len(names) / columns)
    column_width = ceil(max(map(len, names)) * NAME_WIDTH)
    note = f"{plural(namespace.inside, 'connection')} inside" if namespace.inside else ""
    inner = max(
        columns * column_width + (columns - 1) * _BETWEEN_COLUMNS,
        ceil(len(namespace.name) * HEADING_WIDTH),
        ceil(len(note) * NAME_WIDTH),
    )
    texts = tuple(
        Text(
            x=PADDING + (index // lines) * (column_width + _BETWEEN_COLUMNS),
            y=HEADING_HEIGHT + LINE_HEIGHT * (index % lines) + LINE_HEIGHT - 4,
            text=name,
        )
        for index, name in enumerate(names)
    )
    height = HEADING_HEIGHT + LINE_HEIGHT * (lines + bool(note)) + PADDING
    return BoxSize(
        width=ceil((inner + 2 * PADDING) / STEP) * STEP,
        height=height,
        names=texts,
        note=Text(x=PADDING, y=height - PADDING - 1, text=note) if note else None,
    )
