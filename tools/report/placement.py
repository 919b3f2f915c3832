"""Which model lies on which GPU, and what is left: the same first-fit packing that the capacity check makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from components.base.capacity import Fit
from components.base.gpus import memory_per_unit
from components.base.node_pools import NodePool
from components.base.packing import Node, empty_node, pack
from components.base.placed_model import PlacedModel
from components.base.serving_rules import fit_on

Kind = Literal["weights", "working", "cache", "reserved"]


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A part of a GPU's memory bar: where it starts and how wide it is, both in thousandths of the bar."""

    kind: Kind
    start: int
    width: int


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One GPU (MIG slice, share) of a node; `model` is empty where it is free. Sizes in GiB."""

    number: int
    model: str
    memory_gib: float
    weights_gib: float = 0.0
    working_gib: float = 0.0
    cache_gib: float = 0.0
    spare_gib: float = 0.0
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlacedNode:
    """One node, or `times` nodes from `number` on that hold nothing. `cpu` cores and `memory_gib` are what is left."""

    number: int
    times: int
    units: tuple[Unit, ...]
    used: int
    cpu: int
    memory_gib: float

    @property
    def free(self) -> int:
        """Units that no model holds."""
        return len(self.units) - self.used

    @property
    def title(self) -> str:
        """`node 1`, or `nodes 3 to 8`."""
        return f"node {self.number}" if self.times == 1 else f"nodes {self.number} to {self.number + self.times - 1}"


@dataclass(frozen=True, kw_only=True)
class PoolPlacement:
    """A pool with GPUs at its largest number of nodes. `update_units` are needed beside what runs while models are
    updated."""

    name: str
    unit: str
    unit_gib: float
    min_nodes: int
    max_nodes: int
    nodes: tuple[PlacedNode, ...]
    update_units: int

    @property
    def units(self) -> int:
        """All units of the pool."""
        return sum(len(node.units) * node.times for node in self.nodes)

    @property
    def used(self) -> int:
        """Units that models hold."""
        return sum(node.used * node.times for node in self.nodes)

    @property
    def free(self) -> int:
        """Headroom in units."""
        return self.units - self.used


def placements(models: Sequence[PlacedModel], pools: Sequence[NodePool]) -> tuple[PoolPlacement, ...]:
    """Every pool with GPUs, in the order of the settings."""
    return tuple(_pool(models, pool) for pool in pools if pool.role == "gpu")


def _pool(models: Sequence[PlacedModel], pool: NodePool) -> PoolPlacement:
    here = [model for model in models if model.pool == pool.name]
    nodes, _ = pack([model.pods(with_surge=False) for model in here], pool)
    fits = {model.name: fit_on(model.serving, pool) for model in here}
    shown: list[PlacedNode] = []
    for used, group in groupby(enumerate(nodes, start=1), key=lambda item: bool(item[1].models)):
        numbered = list(group)
        if used:
            shown.extend(_node(number, 1, node, pool, fits) for number, node in numbered)
        else:
            shown.append(_node(numbered[0][0], len(numbered), numbered[0][1], pool, fits))
    return PoolPlacement(
        name=pool.name,
        unit=_unit_name(pool),
        unit_gib=memory_per_unit(pool),
        min_nodes=pool.min_nodes,
        max_nodes=pool.max_nodes,
        nodes=tuple(shown),
        update_units=max((model.surge * model.serving.gpus for model in here), default=0),
    )


def _node(number: int, times: int, node: Node, pool: NodePool, fits: Mapping[str, Fit]) -> PlacedNode:
    names = [name for name in node.models for _ in range(fits[name].serving.gpus_per_node)]
    memory = memory_per_unit(pool)
    units = [_held(index, name, fits[name]) for index, name in enumerate(names, start=1)]
    units += [
        Unit(number=index, model="", memory_gib=memory) for index in range(len(names) + 1, pool.units_per_node + 1)
    ]
    return PlacedNode(
        number=number,
        times=times,
        units=tuple(units),
        used=len(names),
        cpu=node.cpu,
        memory_gib=min(node.memory_gib, empty_node(pool).memory_gib),
    )


def _held(number: int, name: str, fit: Fit) -> Unit:
    parts: tuple[tuple[Kind, float], ...] = (
        ("weights", fit.weights_gib),
        ("working", fit.overhead_gib),
        ("cache", fit.kv_cache_gib),
        ("reserved", fit.memory_gib - fit.budget_gib),
    )
    return Unit(
        number=number,
        model=name,
        memory_gib=fit.memory_gib,
        weights_gib=fit.weights_gib,
        working_gib=fit.overhead_gib,
        cache_gib=max(0.0, fit.kv_cache_gib),
        spare_gib=max(0.0, -fit.missing_gib),
        segments=_segments(parts, fit.memory_gib),
    )


def _segments(parts: Sequence[tuple[Kind, float]], whole: float) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    position = 0.0
    for kind, size in parts:
        end = min(whole, position + max(0.0, size))
        start, stop = round(1000 * position / whole), round(1000 * end / whole)
        segments.append(Segment(kind=kind, start=start, width=stop - start))
        position = end
    return tuple(segments)


def _unit_name(pool: NodePool) -> str:
    product = pool.product or "GPU"
    if pool.mig_profile:
        return f"{product}, MIG slice {pool.mig_profile}"
    return f"{product}, a {pool.time_slices}th share" if pool.time_slices > 1 else product
