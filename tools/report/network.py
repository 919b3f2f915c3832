"""Who reaches whom by the network policies alone, and whether that is what the wiring declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.network_matrix.judgement import judge_graph
from tools.network_matrix.matrix import Matrix
from tools.network_matrix.text import with_everybody_as_one


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Who reaches `ports` of `target`. `declared`: by one declared connection; otherwise where address ranges meet."""

    target: str
    ports: str
    sources: tuple[str, ...]
    declared: bool


@dataclass(frozen=True, kw_only=True)
class Network:
    """What is open, by target, and one line for each difference from the wiring."""

    reaches: tuple[Reach, ...]
    wrong: tuple[str, ...]

    @property
    def declared(self) -> tuple[Reach, ...]:
        """What a declared connection opens."""
        return tuple(reach for reach in self.reaches if reach.declared)

    @property
    def crossing(self) -> tuple[Reach, ...]:
        """What is open because the ranges of two declared connections meet."""
        return tuple(reach for reach in self.reaches if not reach.declared)


def network(graph: Mapping[str, Any]) -> Network:
    """Evaluate the policies of a graph. Raises GraphError for a graph without wiring."""
    judged = judge_graph(graph)
    named, crossing = (with_everybody_as_one(judged, matrix) for matrix in (judged.named, judged.crossing))
    return Network(
        reaches=(*_reaches(named, declared=True), *_reaches(crossing, declared=False)),
        wrong=tuple(judged.mistakes),
    )


def _reaches(matrix: Matrix, *, declared: bool) -> Iterable[Reach]:
    sources: dict[tuple[str, str], set[str]] = {}
    for (source, target), ports in matrix.items():
        sources.setdefault((target, ", ".join(map(str, ports))), set()).add(source)
    for (target, ports), names in sorted(sources.items()):
        yield Reach(target=target, ports=ports, sources=tuple(sorted(names)), declared=declared)
