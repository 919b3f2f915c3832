"""Nodes of a cluster in AWS against the rest of the settings: what models need of them, how long they may drain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from components.base.gpu_instances import GPU_INSTANCES
from components.base.instance_prices import offered_regions
from stacks.schema.cluster import EksClusterSettings

if TYPE_CHECKING:
    from stacks.settings import PlatformSettings

_MINUTE_SECONDS = 60
_TOO_MANY_GPUS = re.compile(r"models\[(\d+)\]\.gpu\.count: ")


def node_errors(settings: PlatformSettings) -> Iterator[str]:
    """Nodes that would be gone before the models on them have answered what they began."""
    cluster = settings.cluster
    if not isinstance(cluster, EksClusterSettings):
        return
    stream, drain = settings.gateway.timeouts.stream_seconds, cluster.karpenter.drain_minutes
    scaled = [pool.name for pool in cluster.pools if pool.role == "gpu" and cluster.node_plan.scaled(pool)]
    if scaled and drain * _MINUTE_SECONDS <= stream:
        yield (
            f"cluster.karpenter.drainMinutes: nodes of {', '.join(scaled)} end {drain} minutes after they are told to, "
            f"a model may stream for gateway.timeouts.streamSeconds: {stream}: set it to more than "
            f"{stream // _MINUTE_SECONDS}"
        )


def with_instance_types(problems: Iterable[str], settings: PlatformSettings) -> Iterator[str]:
    """The `problems` of models, each line the same but longer where a model wants more GPUs than an instance has."""
    cluster = settings.cluster
    for problem in problems:
        matched = _TOO_MANY_GPUS.match(problem)
        if matched and isinstance(cluster, EksClusterSettings):
            model = settings.models[int(matched[1])]
            yield problem + _hint(cluster, model.gpu.pool, model.gpu.count)
        else:
            yield problem


def _hint(cluster: EksClusterSettings, pool_name: str, gpus: int) -> str:
    pool = next((pool for pool in cluster.pools if pool.name == pool_name), None)
    if pool is None or gpus <= pool.gpus_per_node:
        return ""
    key = f"cluster.nodeGroups.{pool_name}.instanceType"
    larger = [
        f"{name} ({instance.gpus})"
        for name, instance in GPU_INSTANCES.items()
        if instance.product == pool.product
        and instance.gpus >= gpus
        and cluster.region in (offered_regions(name) or (cluster.region,))
    ]
    advice = f"set it to {' or '.join(larger)}" if larger else "no type with these GPUs has as many"
    return f" ({key} {cluster.node_groups[pool_name].instance_type} has {pool.gpus_per_node}: {advice})"
