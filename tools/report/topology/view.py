"""The topology as the page shows it: the picture, what it says in words, and every connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.report.topology.drawing import Drawing, drawing
from tools.report.topology.namespaces import Connection, Link, namespace_graph
from tools.report.units import plural


@dataclass(frozen=True, kw_only=True)
class Topology:
    """`description` says for a screen reader what the picture shows; `links` and `connections` hold all of it."""

    drawing: Drawing
    description: str
    links: tuple[Link, ...]
    connections: tuple[Connection, ...]


def topology(graph: Mapping[str, Any]) -> Topology:
    """The topology of a graph (the content of graph.json)."""
    found = namespace_graph(graph.get("wiring", []))
    by_source: dict[str, list[str]] = {}
    for link in found.links:
        by_source.setdefault(link.source, []).append(link.target)
    calls = "; ".join(f"{source} calls {', '.join(targets)}" for source, targets in sorted(by_source.items()))
    return Topology(
        drawing=drawing(found),
        description=(
            f"{plural(len(found.connections), 'allowed connection')} between {len(found.namespaces)} groups. {calls}. "
            "The tables below hold every connection."
        ),
        links=found.links,
        connections=found.connections,
    )
