"""What makes serving impossible whatever the memory (splits, formats, contexts), and what would fit instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from components.base.capacity import Fit, fit
from components.base.gpus import FORMAT_CAPABILITY, FP8_CAPABILITY, GPU_PRODUCTS, GpuProduct, memory_per_unit
from components.base.models import Architecture
from components.base.node_pools import NodePool
from components.base.serving import Serving

SIXTEEN_BITS = frozenset({"bf16", "fp16"})

_CONTEXT_STEP = 1024
_ALTERNATIVES = 3


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
        *_format_problems(serving, GPU_PRODUCTS.get(pool.product or ""), pool),
    ]


def fit_on(serving: Serving, pool: NodePool) -> Fit:
    """The sum for `serving` on what one unit of the pool's GPU resource has."""
    return fit(serving, memory_per_unit(pool))


def works_on(serving: Serving, pool: NodePool) -> bool:
    """Whether `serving` fits `pool` in every respect."""
    return not serving_problems(serving, pool) and fit_on(serving, pool).fits


def counts(serving: Serving, pool: NodePool) -> Iterator[Serving]:
    """`serving` on each larger number of GPUs that one node of the pool has and that the heads can be shared over."""
    for gpus in range(serving.gpus + 1, pool.units_per_node + 1):
        if gpus % serving.pipeline_parallel == 0:
            yield replace(serving, tensor_parallel=gpus // serving.pipeline_parallel)


def alternatives(serving: Serving, pool: NodePool, pools: Iterable[NodePool]) -> tuple[str, ...]:
    """Nearest changes of the settings with which `serving` fits, the smallest first: other formats on the same GPUs,
    more GPUs of the pool, a shorter context, another pool."""
    found: list[str] = []
    for changed, text in _other_formats(serving):
        if works_on(changed, pool):
            found.append(text)
            break
    wider = next((option for option in counts(serving, pool) if works_on(option, pool)), None)
    if wider:
        found.append(f"gpu.count: {wider.gpus}")
    shorter = longest_context(serving, pool)
    if shorter:
        found.append(f"maxModelLen: {shorter}")
    found.extend(_elsewhere(serving, pool, pools))
    return tuple(found[:_ALTERNATIVES])


def longest_context(serving: Serving, pool: NodePool) -> int:
    """Longest context, in steps of 1,024 tokens, that fits the pool with the same GPUs; 0 when none does."""
    low, high = 0, serving.max_model_len // _CONTEXT_STEP
    while low < high:
        middle = (low + high + 1) // 2
        if works_on(replace(serving, max_model_len=middle * _CONTEXT_STEP), pool):
            low = middle
        else:
            high = middle - 1
    return low * _CONTEXT_STEP


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
    elif gpus > pool.units_per_node:
        yield Problem(
            key="gpu.count",
            message=f"{gpus} GPUs are more than the {pool.units_per_node} of one node of pool {pool.name!r}, and one "
            f"replica cannot span nodes; use at most {pool.units_per_node}, or a pool with larger nodes",
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


def _other_formats(serving: Serving) -> Iterator[tuple[Serving, str]]:
    if serving.kv_cache == "auto":
        yield replace(serving, kv_cache="fp8"), "precision.kvCache: fp8"
    if serving.weights in SIXTEEN_BITS:
        yield replace(serving, weights="fp8"), "precision.weights: fp8"
        yield replace(serving, weights="fp8", kv_cache="fp8"), "precision: {weights: fp8, kvCache: fp8}"


def _elsewhere(serving: Serving, pool: NodePool, pools: Iterable[NodePool]) -> Iterator[str]:
    for other in pools:
        if other.role != "gpu" or other.name == pool.name:
            continue
        single = replace(serving, tensor_parallel=1, pipeline_parallel=1)
        option = next((way for way in (single, *counts(single, other)) if works_on(way, other)), None)
        if option:
            yield f"gpu: {{pool: {other.name}, count: {option.gpus}}}"
