"""The wiring of a graph, grouped by namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

EXTERNAL = "external"
"""Namespace of addresses outside the pod network, in the graph's wiring."""

OUTSIDE_CALLERS = "outside, calling in"
OUTSIDE_CALLED = "outside, called"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One workload that opens connections to another, and to which ports: `8000`, `53 UDP`, `30000 to 30100`."""

    source: str
    target: str
    ports: tuple[str, ...]

    @property
    def port_text(self) -> str:
        """The ports in one line."""
        return ", ".join(self.ports)


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """A box of the picture: its workloads, and how many connections stay inside of it."""

    name: str
    workloads: tuple[str, ...]
    inside: int


@dataclass(frozen=True, kw_only=True)
class Link:
    """All connections from one namespace to another."""

    source: str
    target: str
    connections: tuple[Connection, ...]


@dataclass(frozen=True, kw_only=True)
class NamespaceGraph:
    """Namespaces by name, and the links between different ones."""

    namespaces: tuple[Namespace, ...]
    links: tuple[Link, ...]
    connections: tuple[Connection, ...]


def namespace_graph(wiring: Iterable[Mapping[str, Any]]) -> NamespaceGraph:
    """Group the edges of a graph's `wiring`.

    What is outside the pod network becomes two boxes: who calls in from there, and what is called there.
    """
    connections = _connections(wiring)
    workloads: dict[str, set[str]] = {}
    inside: dict[str, int] = {}
    links: dict[tuple[str, str], list[Connection]] = {}
    for connection in connections:
        source, target = _boxes(connection)
        workloads.setdefault(source, set()).add(_short(connection.source))
        workloads.setdefault(target, set()).add(_short(connection.target))
        if source == target:
            inside[source] = inside.get(source, 0) + 1
        else:
            links.setdefault((source, target), []).append(connection)
    return NamespaceGraph(
        namespaces=tuple(
            Namespace(name=name, workloads=tuple(sorted(workloads[name])), inside=inside.get(name, 0))
            for name in sorted(workloads)
        ),
        links=tuple(
            Link(source=source, target=target, connections=tuple(found))
            for (source, target), found in sorted(links.items())
        ),
        connections=connections,
    )


def _connections(wiring: Iterable[Mapping[str, Any]]) -> tuple[Connection, ...]:
    ports: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for edge in wiring:
        ports.setdefault((edge["from"], edge["to"]), []).append((edge["port"], _port(edge)))
    return tuple(
        Connection(source=source, target=target, ports=tuple(text for _, text in sorted(found)))
        for (source, target), found in sorted(ports.items())
    )


def _port(edge: Mapping[str, Any]) -> str:
    last = edge.get("lastPort")
    numbers = f"{edge['port']} to {last}" if last else str(edge["port"])
    return f"{numbers} {edge['protocol']}" if edge.get("protocol", "TCP") != "TCP" else numbers


def _boxes(connection: Connection) -> tuple[str, str]:
    source, target = connection.source.partition("/")[0], connection.target.partition("/")[0]
    return (
        OUTSIDE_CALLERS if source == EXTERNAL else source,
        OUTSIDE_CALLED if target == EXTERNAL else target,
    )


def _short(address: str) -> str:
    return address.partition("/")[2]
