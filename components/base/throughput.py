"""How many tokens a replica handles in a second when it is fully used: a roofline estimate, for prices and reports.

A token of a prompt costs arithmetic: two operations for each parameter that it passes. A token of an answer costs
memory traffic: in every step the weights and the caches of all running requests are read once, and each request gets
one token. Servers reach a part of the data sheet's numbers: 40 % of the arithmetic and 60 % of the bandwidth are
assumed. Real traffic can differ by a factor of two: a measured number in the settings replaces the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.base.capacity import Fit
from components.base.gpu_speeds import GPU_SPEEDS, GpuSpeed
from components.base.gpus import GPU_PRODUCTS, memory_per_unit
from components.base.memory_terms import GIB
from components.base.models import TEXT_TASKS, Architecture
from components.base.node_pools import NodePool
from components.base.serving import Serving
from components.base.serving_rules import fit_on

TYPICAL_REQUEST_TOKENS = 2000
"""Tokens that a running request keeps in the cache, question and answer so far. Prompts of Azure's public trace of 2023
have medians of 1,020 (conversation) and 1,500 tokens (code), with long tails (Splitwise, ISCA 2024)."""

_ARITHMETIC_SHARE = 0.4
_BANDWIDTH_SHARE = 0.6
_SPLIT_SHARE = 0.85
"""What is left of both when GPUs wait for one another in every layer."""
_EIGHT_BIT_ARITHMETIC = frozenset({"fp8"})
"""Formats that are multiplied in 8 bits; 4-bit weights are expanded to 16 bits for every product."""


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """Tokens per second of one replica that does nothing else: reading prompts, and writing answers. A model that
    writes no text has `output_tokens_per_second` 0."""

    input_tokens_per_second: float
    output_tokens_per_second: float


def estimated_throughput(serving: Serving, pool: NodePool) -> Throughput | None:
    """The estimate for one replica on the pool's GPUs; None where the GPU's speed is not known."""
    speed = GPU_SPEEDS.get(pool.product or "")
    if speed is None:
        return None
    share = _share_of_gpu(pool) * (_SPLIT_SHARE if serving.gpus > 1 else 1.0)
    flops = _operations(serving, speed) * share * _ARITHMETIC_SHARE * serving.gpus
    reading = flops / (2 * _active_parameters(serving.architecture))
    if serving.task not in TEXT_TASKS:
        return Throughput(input_tokens_per_second=reading, output_tokens_per_second=0.0)
    writing = _writing(serving, fit_on(serving, pool), speed, share)
    return Throughput(input_tokens_per_second=reading, output_tokens_per_second=writing)


def _writing(serving: Serving, fit: Fit, speed: GpuSpeed, share: float) -> float:
    """Answer tokens a second. The stages of a pipeline work on different requests at the same time."""
    tokens = min(TYPICAL_REQUEST_TOKENS, serving.max_model_len)
    running = max(1.0, min(serving.max_num_seqs, fit.kv_tokens / tokens))
    batch = max(1.0, running / serving.pipeline_parallel)
    weights = fit.weights_gib * GIB * _touched(serving.architecture, batch)
    traffic = weights + batch * tokens * fit.kv_bytes_per_token
    by_memory = traffic / (speed.bandwidth_gb * 1e9 * _BANDWIDTH_SHARE * share)
    per_stage = 2 * _active_parameters(serving.architecture) * batch / serving.pipeline_parallel
    by_arithmetic = per_stage / (_operations(serving, speed) * _ARITHMETIC_SHARE * share * serving.tensor_parallel)
    return batch / max(by_memory, by_arithmetic) * serving.data_parallel


def _touched(architecture: Architecture, batch: float) -> float:
    """Share of the weights that a step over `batch` requests reads: of routed experts only those that were chosen."""
    experts = architecture.expert_parameters_billion
    if not experts:
        return 1.0
    dense = architecture.parameters_billion - experts
    chosen = max(0.0, architecture.active_parameters_billion - dense) / experts
    return (dense + experts * (1 - (1 - chosen) ** batch)) / architecture.parameters_billion


def _active_parameters(architecture: Architecture) -> float:
    return (architecture.active_parameters_billion or architecture.parameters_billion) * 1e9


def _operations(serving: Serving, speed: GpuSpeed) -> float:
    eight_bits = speed.fp8_tflops if serving.weights in _EIGHT_BIT_ARITHMETIC else None
    return (eight_bits or speed.half_tflops) * 1e12


def _share_of_gpu(pool: NodePool) -> float:
    """Share of a GPU behind one unit of the pool's resource: slices have arithmetic and bandwidth like memory."""
    product = GPU_PRODUCTS.get(pool.product or "")
    whole = product.memory_gib if product else pool.memory_per_gpu_gib
    return min(1.0, memory_per_unit(pool) / whole)
