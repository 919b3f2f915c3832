from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base.wiring import Wiring, Workload

NAMES = st.sampled_from(["a", "b", "c"])
EDGES = st.lists(st.tuples(NAMES, NAMES, st.integers(1, 65535)), min_size=1)


def workload(name: str) -> Workload:
    return Workload.of("data", name, "test")


@given(EDGES)
def test_the_order_of_declaration_never_changes_the_edges(edges: list[tuple[str, str, int]]) -> None:
    forward, backward = Wiring(), Wiring()
    for source, target, port in edges:
        forward.allow(workload(source), workload(target), port)
    for source, target, port in reversed(edges):
        backward.allow(workload(source), workload(target), port)
    assert forward.edges == backward.edges


@given(EDGES)
def test_declaring_an_edge_twice_changes_nothing(edges: list[tuple[str, str, int]]) -> None:
    once, twice = Wiring(), Wiring()
    for source, target, port in edges:
        once.allow(workload(source), workload(target), port)
        twice.allow(workload(source), workload(target), port, port)
    assert once.edges == twice.edges


def test_a_range_of_ports_is_one_edge_and_the_right_way_up() -> None:
    engine, replica = Workload.of("storage", "engine", "storage"), Workload.of("storage", "replica", "storage")
    wiring = Wiring()
    wiring.allow_range(engine, replica, 10_000, 30_000)
    (edge,) = wiring.edges
    assert (edge.port, edge.last_port) == (10_000, 30_000)
    with pytest.raises(ValueError, match="port 30000 is behind port 10000"):
        wiring.allow_range(engine, replica, 30_000, 10_000)
