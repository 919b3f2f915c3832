"""Whether the models of a stack fit its node pools together: each by itself, and all of them side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from components.base.crowding import crowding_errors, order_errors
from components.base.gpus import GPU_PRODUCTS
from components.base.node_pools import NodePool
from components.base.packing import empty_node, pack, pods_per_node
from components.base.placed_model import PlacedModel
from components.base.pod_sizes import pod_size
from components.base.serving import Serving
from components.base.serving_alternatives import alternatives
from components.base.serving_rules import fit_on, serving_problems, works_on

_MEMORY_TOLERANCE_GIB = 1.0


def placement_errors(models: Sequence[PlacedModel], pools: Sequence[NodePool]) -> tuple[str, ...]:
    """Everything that cannot work, one line each: `models[2].gpu.pool: <what is wrong and how to mend it>`.

    The sum over all models is made only when every model fits by itself: it would otherwise count what has to change.
    """
    by_name = {pool.name: pool for pool in pools}
    errors = [*_pool_errors(pools)]
    for index, model in enumerate(models):
        errors.extend(f"models[{index}].{text}" for text in _model_errors(model, by_name))
    return tuple(errors) or tuple(crowding_errors(models, by_name)) or tuple(order_errors(models, by_name))


def nodes_used(models: Iterable[PlacedModel], pool: NodePool) -> tuple[tuple[str, ...], ...]:
    """Names of the models on each node of the pool, one name per pod, as the first-fit check places them. What an
    update needs for a while is left out."""
    nodes, _ = pack([model.pods(with_surge=False) for model in models if model.pool == pool.name], pool)
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
        yield from _several_nodes_errors(model, pool, gpu_pools)


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
    size, node = pod_size(model.serving), empty_node(pool)
    if not node.takes(model.serving.gpus_per_node, size):
        yield (
            f"gpu.count: a replica needs {size.cpu} cores and {size.memory_gib} GiB beside its GPUs, a node of pool "
            f"{pool.name!r} has {node.cpu} cores and {node.memory_gib:.0f} GiB to give; use larger nodes or fewer GPUs"
        )
    elif model.disk_gib > node.disk_gib:
        yield (
            f"weights.delivery: a copy of the weights and what else a pod writes take {model.disk_gib} GiB of its "
            f"node's disk, a node of pool {pool.name!r} has {node.disk_gib:.0f} to give; use stream or shared-volume, "
            "or nodes with larger disks (localDiskGib)"
        )
    elif model.serving.nodes > pool.max_nodes * pods_per_node(model.serving, pool, model.disk_gib):
        yield (
            f"gpu.nodes: a replica lies on {model.serving.nodes} nodes, pool {pool.name!r} has at most "
            f"{pool.max_nodes}; lower it or raise the pool's nodes.max"
        )


def _several_nodes_errors(model: PlacedModel, pool: NodePool, pools: Sequence[NodePool]) -> Iterator[str]:
    """A replica on several nodes is as slow as the network between them, and stops with any of them."""
    if model.serving.nodes == 1 or model.several_nodes:
        return
    for other in (pool, *(other for other in pools if other.name != pool.name)):
        gpus = on_one_node(model.serving, other)
        if gpus:
            yield (
                f"gpu.nodes: {model.name} fits on one node with gpu: {{pool: {other.name}, count: {gpus}}}, which is "
                f"faster and simpler than {model.serving.nodes} nodes with {model.serving.gpus_per_node} GPUs each; "
                "use that, or say under gpu.severalNodes.reason why not"
            )
            return


def on_one_node(serving: Serving, pool: NodePool) -> int | None:
    """The fewest GPUs with which `serving` fits on one node of `pool` by tensor parallelism; None where it does not."""
    for gpus in range(1, pool.units_per_node + 1):
        single = replace(serving, nodes=1, pipeline_parallel=1, data_parallel=1, tensor_parallel=gpus)
        if empty_node(pool).takes(gpus, pod_size(single)) and works_on(single, pool):
            return gpus
    return None


def _unit(pool: NodePool) -> str:
    if pool.mig_profile:
        return f"{pool.product} slice {pool.mig_profile}"
    return f"{pool.product} / {pool.time_slices}" if pool.time_slices > 1 else str(pool.product)
