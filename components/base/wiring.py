"""Who may talk to whom, declared once: network policies, the topology and the reachability tests follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from components.base import labels

Protocol = Literal["TCP", "UDP"]

METADATA_CIDRS = ("169.254.169.254/32",)
"""Cloud instance metadata, excluded from every broad egress range: a fetched URL must not reach node credentials."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Pods of one namespace that share `selector` (pairs of label and value). `name` is unique in the namespace."""

    namespace: str
    name: str
    selector: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, namespace: str, name: str, component: str) -> Workload:
        """A workload of the platform itself: it is selected by its name and component labels."""
        return cls.selecting(namespace, name, labels.selector_labels(name, component))

    @classmethod
    def selecting(cls, namespace: str, name: str, selector: Mapping[str, str]) -> Workload:
        """A workload made by an operator or a chart, selected by the labels that its maker sets."""
        return cls(namespace=namespace, name=name, selector=tuple(sorted(selector.items())))

    @property
    def address(self) -> str:
        """`namespace/name`, as the graph and error messages show it."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class External:
    """Addresses outside the pod network: CIDR ranges, less `excluded` ranges."""

    name: str
    cidrs: tuple[str, ...]
    excluded: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """`external/name`, as the graph and error messages show it."""
        return f"external/{self.name}"


Endpoint = Workload | External


@dataclass(frozen=True, kw_only=True)
class Edge:
    """One allowed connection: `source` opens it to `port` of `target`'s pods, or to any port up to `last_port`."""

    source: Endpoint
    target: Endpoint
    port: int
    protocol: Protocol = "TCP"
    last_port: int | None = None

    @property
    def sort_key(self) -> tuple[str, str, int, str]:
        """Stable order for policies and the graph."""
        return (self.source.address, self.target.address, self.port, self.protocol)


@dataclass(frozen=True)
class Wiring:
    """Collects the edges that components declare while the platform is composed."""

    _edges: dict[tuple[str, str, int, str], Edge] = field(default_factory=dict[tuple[str, str, int, str], Edge])

    def allow(self, source: Endpoint, target: Endpoint, *ports: int, protocol: Protocol = "TCP") -> None:
        """Allow `source` to open connections to `ports` of `target`. Saying the same twice is harmless.

        Raises ValueError when neither end is a workload (nothing could enforce it) or no port is named.
        """
        if not ports:
            message = f"wiring {source.address} -> {target.address} names no port"
            raise ValueError(message)
        if isinstance(source, External) and isinstance(target, External):
            message = f"wiring {source.address} -> {target.address} has no pod at either end"
            raise ValueError(message)
        for port in ports:
            edge = Edge(source=source, target=target, port=port, protocol=protocol)
            self._edges[edge.sort_key] = edge

    def allow_range(self, source: Workload, target: Workload, first: int, last: int) -> None:
        """Allow `source` to open TCP connections to every port of `target` from `first` to `last`.

        For programs that hand out ports as they run. Raises ValueError for a range that is upside down.
        """
        if first > last:
            message = f"wiring {source.address} -> {target.address}: port {first} is behind port {last}"
            raise ValueError(message)
        edge = Edge(source=source, target=target, port=first, last_port=last)
        self._edges[edge.sort_key] = edge

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges in a stable order."""
        return tuple(self._edges[key] for key in sorted(self._edges))
