"""Pods of models on the nodes of a pool: the largest first, each on the first node that takes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from components.base.node_pools import NodePool
from components.base.pod_sizes import PodSize, pod_size
from components.base.serving import Serving

RESERVED_CPU = 1
"""Cores of a GPU node that the system and the node agents (GPU operator, DCGM, node exporter) need."""
RESERVED_MEMORY_SHARE = 0.06
"""Share of a node's memory that kubelet and system reserve (the larger cloud and k3s defaults are below 6 %)."""
RESERVED_DISK_SHARE = 0.1
"""Share of a node's disk that the kubelet keeps free (its default threshold of eviction, `nodefs.available<10%`)."""


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Equal pods of the model `name`: `count` of them, each with `serving.gpus_per_node` units of the pool and
    `disk_gib` of its node's disk."""

    name: str
    serving: Serving
    count: int
    disk_gib: int = 0


@dataclass(kw_only=True)
class Node:
    """What is left of one node, and the model of each pod on it. `disk_gib` is infinite where nobody said its size."""

    units: int
    cpu: int
    memory_gib: float
    disk_gib: float = inf
    models: list[str] = field(default_factory=list[str])

    def takes(self, units: int, size: PodSize, disk_gib: int = 0) -> bool:
        """Whether one more pod fits."""
        return (
            units <= self.units
            and size.cpu <= self.cpu
            and size.memory_gib <= self.memory_gib
            and disk_gib <= self.disk_gib
        )

    def place(self, name: str, units: int, size: PodSize, disk_gib: int = 0) -> None:
        """Put one pod of the model `name` here."""
        self.disk_gib -= disk_gib
        self.units -= units
        self.cpu -= size.cpu
        self.memory_gib -= size.memory_gib
        self.models.append(name)


def empty_node(pool: NodePool) -> Node:
    """One node of the pool as pods find it."""
    return Node(
        units=pool.units_per_node,
        cpu=pool.cpu - RESERVED_CPU,
        memory_gib=pool.memory_gib * (1 - RESERVED_MEMORY_SHARE),
        disk_gib=inf if pool.local_disk_gib is None else pool.local_disk_gib * (1 - RESERVED_DISK_SHARE),
    )


def pods_per_node(serving: Serving, pool: NodePool, disk_gib: int = 0) -> int:
    """Pods of one kind that an empty node takes, each with `disk_gib` of its disk."""
    size, node, count = pod_size(serving), empty_node(pool), 0
    while node.takes(serving.gpus_per_node, size, disk_gib):
        node.place("", serving.gpus_per_node, size, disk_gib)
        count += 1
    return count


def pack(groups: Iterable[Packed], pool: NodePool) -> tuple[list[Node], Packed | None]:
    """Place every pod; returns the nodes, and the first group that found no room for one of its pods.

    A node that refused a pod of one shape refuses every later pod of that shape, because nodes only fill up: the search
    goes on where the last one of the shape ended, and the time grows with pods plus nodes, not with their product.
    """
    nodes = [empty_node(pool) for _ in range(pool.max_nodes)]
    first_open: dict[tuple[int, PodSize, int], int] = {}
    for group in sorted(groups, key=lambda group: -group.serving.gpus_per_node):
        units, size = group.serving.gpus_per_node, pod_size(group.serving)
        shape = units, size, group.disk_gib
        place = first_open.get(shape, 0)
        for _ in range(group.count):
            while place < len(nodes) and not nodes[place].takes(*shape):
                place += 1
            if place == len(nodes):
                return nodes, group
            nodes[place].place(group.name, *shape)
        first_open[shape] = place
    return nodes, None
