"""What makes serving impossible whatever the memory: splits, copies, formats, contexts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from components.base.adapters import ADAPTER_RANKS
from components.base.capacity import Fit, fit
from components.base.gpus import FORMAT_CAPABILITY, FP8_CAPABILITY, GPU_PRODUCTS, GpuProduct, memory_per_unit
from components.base.models import Architecture
from components.base.node_pools import NodePool
from components.base.serving import Serving

SIXTEEN_BITS = frozenset({"bf16", "fp16"})


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`key` is the setting below a model's entry (`gpu.count`), `message` says what is wrong and what would do."""

    key: str
    message: str


def splits_evenly(architecture: Architecture, tensor_parallel: int) -> bool:
    """Whether the heads can be shared out: vLLM wants query heads divisible by the GPUs, and key/value heads divisible
    by them or dividing them (then each head is on several GPUs)."""
    kv_heads = architecture.kv_heads
    return architecture.heads % tensor_parallel == 0 and (
        kv_heads % tensor_parallel == 0 or tensor_parallel % kv_heads == 0
    )


def serving_problems(serving: Serving, pool: NodePool) -> list[Problem]:
    """Reasons why `serving` cannot work on `pool`, without regard to memory."""
    return [
        *_architecture_problems(serving),
        *_split_problems(serving, pool),
        *_copies_problems(serving),
        *_nodes_problems(serving),
        *_adapter_problems(serving),
        *_format_problems(serving, GPU_PRODUCTS.get(pool.product or ""), pool),
    ]


def fit_on(serving: Serving, pool: NodePool) -> Fit:
    """The sum for `serving` on what one unit of the pool's GPU resource has."""
    return fit(serving, memory_per_unit(pool))


def works_on(serving: Serving, pool: NodePool) -> bool:
    """Whether `serving` fits `pool` in every respect."""
    return not serving_problems(serving, pool) and fit_on(serving, pool).fits


def _architecture_problems(serving: Serving) -> Iterator[Problem]:
    architecture = serving.architecture
    if serving.task not in architecture.tasks:
        yield Problem(
            key="task", message=f"{architecture.name} serves {', '.join(architecture.tasks)}, not {serving.task}"
        )
    if serving.max_model_len > architecture.max_context:
        yield Problem(
            key="maxModelLen",
            message=f"{serving.max_model_len} tokens are more than the {architecture.max_context} that "
            f"{architecture.name} was trained for; use at most {architecture.max_context}",
        )
    if serving.weights != architecture.checkpoint:
        yield from _conversion_problems(serving)


def _conversion_problems(serving: Serving) -> Iterator[Problem]:
    """vLLM converts 16-bit weights into one another and to fp8 while loading; everything else is read as published."""
    published = serving.architecture.checkpoint
    if published not in SIXTEEN_BITS:
        yield Problem(
            key="precision.weights",
            message=f"{serving.architecture.name} is published in {published} and is served as published; "
            f"set {published} or choose another repository",
        )
    elif serving.weights not in {*SIXTEEN_BITS, "fp8"}:
        yield Problem(
            key="precision.weights",
            message=f"{serving.architecture.name} is published in {published}, from which only bf16, fp16 and fp8 can "
            f"be made while loading; choose a repository that publishes {serving.weights}",
        )


def _split_problems(serving: Serving, pool: NodePool) -> Iterator[Problem]:
    architecture, gpus = serving.architecture, serving.gpus
    if not splits_evenly(architecture, serving.tensor_parallel):
        fine = [n for n in range(1, pool.units_per_node + 1) if splits_evenly(architecture, n)]
        yield Problem(
            key="gpu.count",
            message=f"{architecture.heads} attention heads ({architecture.kv_heads} for keys and values) cannot be "
            f"shared over {serving.tensor_parallel} GPUs; this model can use {', '.join(map(str, fine))}",
        )
    if serving.pipeline_parallel > architecture.layers:
        yield Problem(
            key="gpu.pipelineParallel",
            message=f"{architecture.layers} layers cannot be cut into {serving.pipeline_parallel} stages; use fewer",
        )
    if gpus > 1 and (pool.mig_profile or pool.time_slices > 1):
        share = f"MIG slices ({pool.mig_profile})" if pool.mig_profile else "time-sliced shares"
        yield Problem(
            key="gpu.count",
            message=f"pool {pool.name!r} offers {share}, and a model cannot be split over several; use count: 1 or a "
            "pool of whole GPUs",
        )
    elif serving.gpus_per_node > pool.units_per_node:
        yield Problem(
            key="gpu.count",
            message=f"{serving.gpus_per_node} GPUs are more than the {pool.units_per_node} of one node of pool "
            f"{pool.name!r}; use at most {pool.units_per_node}, a pool with larger nodes, or gpu.nodes for several",
        )


def _copies_problems(serving: Serving) -> Iterator[Problem]:
    """vLLM shares the experts of a mixture out over its data-parallel copies, which this sum does not describe."""
    if serving.data_parallel == 1:
        return
    if serving.architecture.expert_parameters_billion:
        yield Problem(
            key="gpu.dataParallel",
            message=f"{serving.architecture.name} is a mixture of experts, whose copies share the experts among them "
            "and stop together; set dataParallel: 1 and raise replicas",
        )
    if serving.nodes > 1:
        yield Problem(
            key="gpu.dataParallel",
            message=f"{serving.data_parallel} copies on {serving.nodes} nodes are not supported; set dataParallel: 1 "
            "and raise replicas",
        )


def _nodes_problems(serving: Serving) -> Iterator[Problem]:
    if serving.pipeline_parallel % serving.nodes:
        yield Problem(
            key="gpu.nodes",
            message=f"{serving.pipeline_parallel} pipeline stages cannot be shared over {serving.nodes} nodes; every "
            "node needs the same number of them",
        )


def _adapter_problems(serving: Serving) -> Iterator[Problem]:
    if serving.adapter_slots and serving.adapter_rank not in ADAPTER_RANKS:
        nearest = next((rank for rank in ADAPTER_RANKS if rank >= serving.adapter_rank), ADAPTER_RANKS[-1])
        yield Problem(
            key="adapterSlots.rank",
            message=f"a slot cannot have rank {serving.adapter_rank}; the nearest that holds it is {nearest} (vLLM has "
            f"{', '.join(map(str, ADAPTER_RANKS))})",
        )


def _format_problems(serving: Serving, product: GpuProduct | None, pool: NodePool) -> Iterator[Problem]:
    if product is None:
        # A GPU newer than the table computes in 16 bits for certain, in anything else perhaps.
        if serving.weights not in SIXTEEN_BITS or serving.kv_cache == "fp8":
            yield Problem(
                key="precision",
                message=f"whether {pool.product} computes in {serving.weights} is not known; use bf16 with "
                "kvCache: auto, or add the GPU to components/base/gpus.py",
            )
        return
    if not product.computes(serving.weights):
        least = FORMAT_CAPABILITY[serving.weights]
        able = _pools_hint(least)
        yield Problem(
            key="precision.weights",
            message=f"{product.label} (compute capability {product.compute_capability}) does not compute in "
            f"{serving.weights}, which needs {least}: {able}",
        )
    if serving.kv_cache == "fp8" and product.compute_capability < FP8_CAPABILITY:
        yield Problem(
            key="precision.kvCache",
            message=f"{product.label} (compute capability {product.compute_capability}) has no fp8, which needs "
            f"{FP8_CAPABILITY}; use kvCache: auto",
        )


def _pools_hint(least: float) -> str:
    if least >= FP8_CAPABILITY:
        return "use 16-bit weights, or an Ada, Hopper or Blackwell GPU (L4, L40S, H100, H200, RTX PRO 6000)"
    return "use fp16 weights, or an Ampere GPU or newer"
