"""The picture of the wiring: nothing hides anything else, and nothing is missing."""

from __future__ import annotations

import random
import re
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings

from tests.report.reports import contents_of
from tests.report.wirings import WIRINGS, edge
from tests.stacks.conftest import STACKS
from tools.report.topology.boxes import HEADING_WIDTH, NAME_WIDTH
from tools.report.topology.drawing import FITTING, Box, Drawing, drawing
from tools.report.topology.lines import Line
from tools.report.topology.namespaces import OUTSIDE_CALLED, OUTSIDE_CALLERS, namespace_graph
from tools.report.topology.view import topology

Segment = tuple[int, int, int, int]
"""Left, top, right and bottom of a straight part of a line."""


def draw(wiring: list[dict[str, Any]]) -> Drawing:
    return drawing(namespace_graph(wiring))


def segments(line: Line) -> list[Segment]:
    found: list[Segment] = []
    for start, height, way, stop in re.findall(r"M(\d+) (\d+)([VH])(\d+)", line.path):
        x, y, end = int(start), int(height), int(stop)
        found.append((x, min(y, end), x, max(y, end)) if way == "V" else (min(x, end), y, max(x, end), y))
    return found


def shares_a_stretch(one: Segment, other: Segment) -> bool:
    upright, beside = one[0] == one[2] == other[0] == other[2], one[1] == one[3] == other[1] == other[3]
    along_y, along_x = min(one[3], other[3]) - max(one[1], other[1]), min(one[2], other[2]) - max(one[0], other[0])
    return (upright and along_y > 0) or (beside and along_x > 0)


def enters(segment: Segment, box: Box) -> bool:
    left, top, right, bottom = segment
    return left < box.x + box.width and right > box.x and top < box.y + box.height and bottom > box.y


def assert_readable(drawn: Drawing) -> None:
    for one, other in combinations(drawn.boxes, 2):
        apart = (
            one.x + one.width < other.x
            or other.x + other.width < one.x
            or one.y + one.height < other.y
            or other.y + other.height < one.y
        )
        assert apart, (one.name, other.name)
    by_line = {line.source: segments(line) for line in drawn.lines}
    for (source, mine), (other, theirs) in combinations(by_line.items(), 2):
        for one in mine:
            assert not any(shares_a_stretch(one, two) for two in theirs), (source, other, one)
    for line, parts in by_line.items():
        for box in drawn.boxes:
            assert not any(enters(part, box) for part in parts), (line, box.name)
    for box in drawn.boxes:
        assert box.x >= 0
        assert box.x + box.width <= drawn.width
        assert box.y + box.height <= drawn.height


def arrows_at(drawn: Drawing, line: Line, box: Box) -> int:
    tips = [tuple(map(int, arrow.split()[0].split(","))) for arrow in line.arrows]
    return sum(box.x < x < box.x + box.width and y in {box.y, box.y + box.height} for x, y in tips)


def test_every_link_ends_in_an_arrow_at_the_box_that_is_called() -> None:
    wiring = [edge("a/x", "b/y"), edge("a/x", "c/z"), edge("b/y", "c/z"), edge("c/z", "a/x"), edge("a/x", "a/w")]
    drawn = draw(wiring)
    boxes = {box.name: box for box in drawn.boxes}
    lines = {line.source: line for line in drawn.lines}
    called = {(source, name) for source, line in lines.items() for name in boxes if arrows_at(drawn, line, boxes[name])}
    assert called == {("a", "b"), ("a", "c"), ("b", "c"), ("c", "a")}
    assert sum(len(line.arrows) for line in drawn.lines) == 4


def test_a_caller_is_above_what_it_calls() -> None:
    drawn = draw([edge("external/clients", "b/y"), edge("b/y", "a/x"), edge("a/x", "external/internet")])
    heights = {box.name: box.y for box in drawn.boxes}
    assert heights[OUTSIDE_CALLERS] < heights["b"] < heights["a"] < heights[OUTSIDE_CALLED]


def test_connections_inside_of_a_namespace_are_counted_in_its_box() -> None:
    drawn = draw([edge("a/x", "a/y", 1), edge("a/x", "a/y", 2), edge("a/y", "a/x", 3), edge("a/x", "b/z")])
    notes = {box.name: box.note.text if box.note else "" for box in drawn.boxes}
    assert notes == {"a": "2 connections inside", "b": ""}


def test_ports_of_one_pair_stand_in_one_row() -> None:
    wiring = [edge("a/x", "b/y", 443), edge("a/x", "b/y", 53, protocol="UDP"), edge("a/x", "b/y", 3000, lastPort=3010)]
    [connection] = topology({"wiring": wiring}).connections
    assert connection.port_text == "53 UDP, 443, 3000 to 3010"


def test_the_description_names_who_calls_whom() -> None:
    found = topology({"wiring": [edge("a/x", "b/y"), edge("external/clients", "a/x")]})
    assert "2 allowed connections between 3 groups" in found.description
    assert "a calls b" in found.description
    assert f"{OUTSIDE_CALLERS} calls a" in found.description


def test_a_graph_without_wiring_has_no_picture() -> None:
    assert draw([]) == Drawing(width=0, height=0, boxes=(), lines=())


@settings(max_examples=120, deadline=None)
@given(wiring=WIRINGS)
def test_lines_of_any_wiring_keep_apart_and_out_of_boxes(wiring: list[dict[str, Any]]) -> None:
    graph = namespace_graph(wiring)
    drawn = drawing(graph)
    assert_readable(drawn)
    assert {box.name for box in drawn.boxes} == {namespace.name for namespace in graph.namespaces}
    assert sum(len(line.arrows) for line in drawn.lines) == len(graph.links)


@settings(max_examples=30, deadline=None)
@given(wiring=WIRINGS)
def test_the_order_of_the_wiring_changes_nothing(wiring: list[dict[str, Any]]) -> None:
    shuffled = list(wiring)
    random.Random(7).shuffle(shuffled)  # noqa: S311
    assert draw(shuffled) == draw(wiring)


@pytest.mark.parametrize("stack", STACKS)
def test_the_pictures_of_the_shipped_stacks_are_readable_and_fit_a_screen(stack: str) -> None:
    drawn = contents_of(stack).topology.drawing
    assert_readable(drawn)
    assert len(drawn.boxes) >= 10
    assert drawn.width <= FITTING
    for box in drawn.boxes:
        assert len(box.name) * HEADING_WIDTH + 12 <= box.width
        for text in box.names:
            assert text.x + len(text.text) * NAME_WIDTH <= box.width
            assert text.y < box.height
