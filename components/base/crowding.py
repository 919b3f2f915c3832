"""Whether models that fit their pools one by one fit side by side, also while they are updated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from components.base.fragmentation import may_be_blocked
from components.base.node_pools import NodePool
from components.base.packing import empty_node, pack, pods_per_node
from components.base.placed_model import PlacedModel


def crowding_errors(models: Sequence[PlacedModel], pools: Mapping[str, NodePool]) -> Iterator[str]:
    """Pools that are too small for the sum of their models, or for an update of one of them."""
    for index, model in enumerate(models):
        most = _most_replicas(model, pools[model.pool])
        if model.max_replicas > max(most, model.min_replicas):
            yield (
                f"models[{index}].replicas.max: {model.max_replicas} replicas of {model.name} never fit pool "
                f"{model.pool!r}, which holds {most} when it is empty; lower it or raise the pool's nodes.max"
            )
    by_pool = _by_pool(models)
    for pool in pools.values():
        placed = by_pool.get(pool.name, [])
        _, homeless = pack([model.pods(with_surge=False) for _, model in placed], pool)
        if homeless:
            yield _crowded(placed, homeless.name, pool)
            continue
        _, homeless = pack([model.pods() for _, model in placed], pool)
        if homeless:
            yield _no_room_to_update(placed, homeless.name, pool)


def _crowded(placed: Sequence[tuple[int, PlacedModel]], homeless: str, pool: NodePool) -> str:
    index = next(index for index, model in placed if model.name == homeless)
    wanted = sum(model.serving.gpus * model.replicas for _, model in placed)
    disk = sum(model.disk_gib * model.serving.nodes * model.replicas for _, model in placed)
    copies = (
        f" (and {disk} GiB of disk for copies of weights, of which a node has {empty_node(pool).disk_gib:.0f} to give)"
        if disk and pool.local_disk_gib is not None
        else ""
    )
    return (
        f"models[{index}].gpu.pool: no node of pool {pool.name!r} has room left for {homeless}; its "
        f"models want {wanted} x {pool.resource} in all{copies}, the pool has {pool.max_nodes} nodes with "
        f"{pool.units_per_node} each; raise the pool's nodes.max, lower replicas.min or use another pool"
    )


def _no_room_to_update(placed: Sequence[tuple[int, PlacedModel]], homeless: str, pool: NodePool) -> str:
    """The models run, but while one is updated its old and its new version do not run side by side."""
    # Whoever finds no room, the one with the largest need beside its replicas is the one to change.
    largest = max((model for _, model in placed if model.surge), key=lambda model: model.surge * model.serving.gpus)
    named = next((model for _, model in placed if model.name == homeless and model.surge), largest)
    index = next(index for index, model in placed if model is named)
    running = sum(model.serving.gpus * model.replicas for _, model in placed)
    beside = sum(model.serving.gpus * model.surge for _, model in placed)
    return (
        f"models[{index}].rollout.strategy: an update of {named.name} runs {named.surge} more replicas of "
        f"{named.serving.gpus} GPUs for a while, and no node of pool {pool.name!r} has room left for them; its models "
        f"want {running} x {pool.resource}, their updates {beside} more, the pool has {pool.max_nodes} nodes with "
        f"{pool.units_per_node} each; raise the pool's nodes.max, or use strategy: rolling"
    )


def order_errors(models: Sequence[PlacedModel], pools: Mapping[str, NodePool]) -> Iterator[str]:
    """Models that fit when the largest start first, and may not when they start last."""
    errors: dict[int, str] = {}
    for name, placed in _by_pool(models).items():
        pool = pools[name]
        sizes = Counter[int]()
        for _, model in placed:
            pods = model.pods()
            sizes[pods.serving.gpus_per_node] += pods.count
        blocked = {
            size
            for size in sizes
            if may_be_blocked(size, (sizes - Counter({size: 1})).elements(), pool.max_nodes, pool.units_per_node)
        }
        for index, model in placed:
            size = model.serving.gpus_per_node
            if size in blocked:
                errors[index] = (
                    f"models[{index}].gpu.pool: when other models start first, they may lie on all {pool.max_nodes} "
                    f"nodes of pool {pool.name!r} and leave no node with the {size} GPUs that a replica of "
                    f"{model.name} needs; raise the pool's nodes.max or put models that need most of a node into a "
                    "pool of their own"
                )
    yield from (errors[index] for index in sorted(errors))


def _by_pool(models: Sequence[PlacedModel]) -> dict[str, list[tuple[int, PlacedModel]]]:
    found: dict[str, list[tuple[int, PlacedModel]]] = {}
    for index, model in enumerate(models):
        found.setdefault(model.pool, []).append((index, model))
    return found


def _most_replicas(model: PlacedModel, pool: NodePool) -> int:
    """Replicas that the whole pool holds when nothing else is on it."""
    return pods_per_node(model.serving, pool, model.disk_gib) * pool.max_nodes // model.serving.nodes
