"""Whether the models of a stack fit its node pools together: each by itself, and all of them side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from components.base.fragmentation import may_be_blocked
from components.base.gpus import GPU_PRODUCTS
from components.base.node_pools import NodePool
from components.base.pod_sizes import PodSize, pod_size
from components.base.serving import Serving
from components.base.serving_rules import alternatives, fit_on, serving_problems

RESERVED_CPU = 1
"""Cores of a GPU node that the system and the node agents (GPU operator, DCGM, node exporter) need."""
RESERVED_MEMORY_SHARE = 0.06
"""Share of a node's memory that kubelet and system reserve (the larger cloud and k3s defaults are below 6 %)."""
_MEMORY_TOLERANCE_GIB = 1.0


@dataclass(frozen=True, kw_only=True)
class PlacedModel:
    """A model of the stack file: how one replica is served, in which pool, and how many replicas there are."""

    name: str
    serving: Serving
    pool: str
    min_replicas: int
    max_replicas: int


@dataclass(kw_only=True)
class _Node:
    """What is left of one node."""

    units: int
    cpu: int
    memory_gib: float
    models: list[str] = field(default_factory=list[str])

    def takes(self, units: int, size: PodSize) -> bool:
        return units <= self.units and size.cpu <= self.cpu and size.memory_gib <= self.memory_gib

    def place(self, name: str, units: int, size: PodSize) -> None:
        self.units -= units
        self.cpu -= size.cpu
        self.memory_gib -= size.memory_gib
        self.models.append(name)


def placement_errors(models: Sequence[PlacedModel], pools: Sequence[NodePool]) -> tuple[str, ...]:
    """Everything that cannot work, one line each: `models[2].gpu.pool: <what is wrong and how to mend it>`.

    The sum over all models is made only when every model fits by itself: it would otherwise count what has to change.
    """
    by_name = {pool.name: pool for pool in pools}
    errors = [*_pool_errors(pools)]
    for index, model in enumerate(models):
        errors.extend(f"models[{index}].{text}" for text in _model_errors(model, by_name))
    return tuple(errors) or tuple(_crowding_errors(models, by_name)) or tuple(_order_errors(models, by_name))


def nodes_used(models: Iterable[PlacedModel], pool: NodePool) -> tuple[tuple[str, ...], ...]:
    """Names of the models on each node of the pool, one name per replica, as the first-fit check places them."""
    nodes, _ = _packed([model for model in models if model.pool == pool.name], pool)
    return tuple(tuple(node.models) for node in nodes)


def _pool_errors(pools: Sequence[NodePool]) -> Iterator[str]:
    for index, pool in enumerate(pools):
        product = GPU_PRODUCTS.get(pool.product or "")
        # nvidia-smi's total, which a stack file states, is up to 2 % above what a process gets.
        if product and pool.memory_per_gpu_gib > product.memory_gib * 1.02 + _MEMORY_TOLERANCE_GIB:
            yield (
                f"cluster.pools[{index}].memoryPerGpuGib: a {product.label} has {product.memory_gib} GiB, "
                f"not {pool.memory_per_gpu_gib:g}"
            )


def _model_errors(model: PlacedModel, pools: Mapping[str, NodePool]) -> Iterator[str]:
    gpu_pools = [pool for pool in pools.values() if pool.role == "gpu"]
    pool = pools.get(model.pool)
    if pool is None or pool.role != "gpu":
        what = "no node pool is called" if pool is None else "no GPUs are in pool"
        names = ", ".join(pool.name for pool in gpu_pools) or "none"
        yield f"gpu.pool: {what} {model.pool!r}; pools with GPUs: {names}"
        return
    problems = serving_problems(model.serving, pool)
    yield from (f"{problem.key}: {problem.message}" for problem in problems)
    if not problems:
        yield from _memory_errors(model, pool, gpu_pools)
        yield from _node_errors(model, pool)


def _memory_errors(model: PlacedModel, pool: NodePool, pools: Sequence[NodePool]) -> Iterator[str]:
    result = fit_on(model.serving, pool)
    if result.fits:
        return
    options = alternatives(model.serving, pool, pools)
    advice = f"fits with {' or '.join(options)}" if options else "nothing in these pools holds it"
    yield (
        f"gpu: {model.name} needs per GPU {result.weights_gib:.1f} GiB weights + {result.overhead_gib:.1f} GiB working "
        f"memory + {result.request_gib:.1f} GiB for one request of {model.serving.max_model_len} tokens, and "
        f"{model.serving.gpus} x {_unit(pool)} may use {result.budget_gib:.1f} GiB each; {advice}"
    )


def _node_errors(model: PlacedModel, pool: NodePool) -> Iterator[str]:
    size, node = pod_size(model.serving), _empty_node(pool)
    if not node.takes(model.serving.gpus, size):
        yield (
            f"gpu.count: a replica needs {size.cpu} cores and {size.memory_gib} GiB beside its GPUs, a node of pool "
            f"{pool.name!r} has {node.cpu} cores and {node.memory_gib:.0f} GiB to give; use larger nodes or fewer GPUs"
        )


def _crowding_errors(models: Sequence[PlacedModel], pools: Mapping[str, NodePool]) -> Iterator[str]:
    for index, model in enumerate(models):
        most = _most_replicas(model, pools[model.pool])
        if model.max_replicas > max(most, model.min_replicas):
            yield (
                f"models[{index}].replicas.max: {model.max_replicas} replicas of {model.name} never fit pool "
                f"{model.pool!r}, which holds {most} when it is empty; lower it or raise the pool's nodes.max"
            )
    for pool in pools.values():
        placed = [model for model in models if model.pool == pool.name]
        _, homeless = _packed(placed, pool)
        if homeless:
            index = models.index(homeless)
            wanted = sum(model.serving.gpus * model.min_replicas for model in placed)
            yield (
                f"models[{index}].gpu.pool: no node of pool {pool.name!r} has room left for {homeless.name}; its "
                f"models want {wanted} x {pool.resource} in all, the pool has {pool.max_nodes} nodes with "
                f"{pool.units_per_node} each; raise the pool's nodes.max, lower replicas.min or use another pool"
            )


def _order_errors(models: Sequence[PlacedModel], pools: Mapping[str, NodePool]) -> Iterator[str]:
    """Models that fit when the largest start first, and may not when they start last."""
    for index, model in enumerate(models):
        pool, size = pools[model.pool], model.serving.gpus
        neighbours = [other for other in models if other.pool == pool.name]
        sizes = [other.serving.gpus for other in neighbours for _ in range(other.min_replicas)]
        sizes.remove(size)
        if may_be_blocked(size, sizes, pool.max_nodes, pool.units_per_node):
            yield (
                f"models[{index}].gpu.pool: when other models start first, they may lie on all {pool.max_nodes} nodes "
                f"of pool {pool.name!r} and leave no node with the {size} GPUs that a replica of {model.name} needs; "
                "raise the pool's nodes.max or put models that need most of a node into a pool of their own"
            )


def _packed(models: Sequence[PlacedModel], pool: NodePool) -> tuple[list[_Node], PlacedModel | None]:
    """Place every replica, the largest first, on the first node that takes it; and the first model that found none."""
    nodes = [_empty_node(pool) for _ in range(pool.max_nodes)]
    for model in sorted(models, key=lambda model: -model.serving.gpus):
        size = pod_size(model.serving)
        for _ in range(model.min_replicas):
            home = next((node for node in nodes if node.takes(model.serving.gpus, size)), None)
            if home is None:
                return nodes, model
            home.place(model.name, model.serving.gpus, size)
    return nodes, None


def _most_replicas(model: PlacedModel, pool: NodePool) -> int:
    """Replicas that the whole pool holds when nothing else is on it."""
    size, node, count = pod_size(model.serving), _empty_node(pool), 0
    while node.takes(model.serving.gpus, size):
        node.place(model.name, model.serving.gpus, size)
        count += 1
    return count * pool.max_nodes


def _empty_node(pool: NodePool) -> _Node:
    return _Node(
        units=pool.units_per_node,
        cpu=pool.cpu - RESERVED_CPU,
        memory_gib=pool.memory_gib * (1 - RESERVED_MEMORY_SHARE),
    )


def _unit(pool: NodePool) -> str:
    if pool.mig_profile:
        return f"{pool.product} slice {pool.mig_profile}"
    return f"{pool.product} / {pool.time_slices}" if pool.time_slices > 1 else str(pool.product)
