"""Sets of ports behave as sets of numbers do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base.port_spans import EVERY_PORT, LAST_PORT, PortSpan, PortSpans, difference, intersection, union

PORTS = st.integers(1, 12)
SPANS = st.builds(
    lambda protocol, ends: PortSpan(protocol, min(ends), max(ends)),
    st.sampled_from(["TCP", "UDP"]),
    st.tuples(PORTS, PORTS),
)
SETS = st.lists(SPANS, max_size=5)


def numbers(spans: PortSpans | list[PortSpan]) -> set[tuple[str, int]]:
    return {(span.protocol, number) for span in spans for number in range(span.first, span.last + 1)}


@given(SETS, SETS)
def test_they_are_united_cut_and_subtracted_like_sets_of_numbers(one: list[PortSpan], other: list[PortSpan]) -> None:
    left, right = union(one), union(other)
    assert numbers(left) == numbers(one)
    assert numbers(union([*left, *right])) == numbers(one) | numbers(other)
    assert numbers(intersection(left, right)) == numbers(one) & numbers(other)
    assert numbers(difference(left, right)) == numbers(one) - numbers(other)


@given(SETS, SETS)
def test_equal_sets_look_equal(one: list[PortSpan], other: list[PortSpan]) -> None:
    assert (union(one) == union(other)) is (numbers(one) == numbers(other))


@given(SETS)
def test_everything_holds_everything(one: list[PortSpan]) -> None:
    assert intersection(EVERY_PORT, union(one)) == union(one)
    assert difference(union(one), EVERY_PORT) == ()


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (PortSpan("TCP", 8000, 8000), "8000"),
        (PortSpan("TCP", 10000, 10010), "10000-10010"),
        (PortSpan("UDP", 53, 53), "53/UDP"),
        (PortSpan("SCTP", 1, LAST_PORT), "every SCTP port"),
        (PortSpan("TCP", 1, LAST_PORT - 1), "1-65534"),
    ],
)
def test_they_are_written_as_people_write_them(span: PortSpan, text: str) -> None:
    assert str(span) == text
