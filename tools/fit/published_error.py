"""How far the sum is off what vLLM reported on real GPUs."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import mean, median

from components.base.capacity import Fit, fit
from components.base.gpus import find_gpu
from components.base.memory_terms import GIB
from components.base.model_catalogue import find_model
from components.base.serving import LARGE_GPU_GIB, Serving
from tools.fit.published_cases import PublishedCase

TOLERANCE = 0.10

_SORTING_SAMPLER_BYTES = 37
"""Per logit before vLLM 0.16, which sorted all of them: 1.25 GB for 256 x 131,072 (vLLM pull request 32558)."""


def sum_of(case: PublishedCase) -> tuple[Fit, float]:
    """The sum for a case, and the GiB of its KV cache, with the two rules that changed between versions of vLLM."""
    version = tuple(int(part) for part in (case.version or "0.33").split(".")[:2])
    gpu = find_gpu(case.gpu)
    # vLLM's defaults (`EngineArgs.get_batch_defaults`), A100 apart.
    large = gpu.memory_gib >= LARGE_GPU_GIB and "A100" not in gpu.label
    architecture = find_model(case.model)
    serving = Serving(
        architecture=architecture,
        task="vision" if "vision" in architecture.tasks else "chat",
        max_model_len=case.max_model_len,
        weights=case.weights,
        kv_cache=case.kv_cache,
        tensor_parallel=case.tensor_parallel,
        pipeline_parallel=case.pipeline_parallel,
        gpu_memory_utilization=case.gpu_memory_utilization,
        max_num_seqs=case.max_num_seqs or (1024 if large else 256),
        max_num_batched_tokens=case.max_num_batched_tokens or (8192 if large else 2048),
    )
    result = fit(serving, gpu.memory_gib)
    # CUDA graphs came on top of the budget until 0.21.
    graphs_inside = version >= (0, 21) and not case.enforce_eager
    cache = result.kv_cache_gib + (0.0 if graphs_inside else result.cuda_graphs_gib)
    if version < (0, 16):
        sampling = serving.max_num_seqs * architecture.vocabulary * _SORTING_SAMPLER_BYTES / GIB
        cache -= max(0.0, sampling - result.activation_gib)
    return result, cache


def judged(cases: Iterable[PublishedCase]) -> list[PublishedCase]:
    """The cases that are not excluded for a reason that lies in their source."""
    return [case for case in cases if not case.excluded]


def error_of(case: PublishedCase) -> float:
    """Relative error of the KV cache's tokens. Raises ValueError for a case whose source does not state them."""
    if not case.kv_tokens:
        message = f"{case.identity} states no tokens"
        raise ValueError(message)
    result, cache = sum_of(case)
    return cache / result.request_gib * case.max_model_len / case.kv_tokens - 1


def summary(cases: Iterable[PublishedCase]) -> str:
    """The mean error of the cases, how many of them are within the tolerance, and the median and the worst error."""
    errors = [abs(error_of(case)) for case in judged(cases) if case.kv_tokens]
    within = sum(error <= TOLERANCE for error in errors)
    return (
        f"mean {mean(errors):.1%}, median {median(errors):.1%}, worst {max(errors):.0%}; "
        f"{within} of {len(errors)} within 10% ({within / len(errors):.0%})"
    )
