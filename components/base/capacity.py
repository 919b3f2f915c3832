"""Whether a model fits its GPUs: weights, working memory and KV cache against the memory that vLLM may use.

vLLM 0.33 asks for `gpu memory x gpu_memory_utilization` on every GPU, loads the weights, measures its working memory
with a dummy batch, reserves the CUDA graphs, and gives what is left to the KV cache; it refuses to start when that
holds less than one request of `--max-model-len` tokens (vllm/v1/worker/gpu_worker.py, `determine_available_memory`).
The same sum is made here from the architecture alone. All results are GiB (2**30 bytes) for one GPU unless they say
otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from components.base import memory_terms
from components.base.memory_terms import CUDA_GRAPHS_GIB
from components.base.serving import Serving


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The sum for one GPU of a replica, in GiB. `kv_bytes_per_token` is per GPU, for a token kept in every layer.

    `request_gib` is what one full-length request keeps in the cache, `kv_tokens` how many tokens of such requests the
    replica's cache holds, `max_concurrent_full_length` how many of those requests fit at once (bounded by
    `max_num_seqs`). Encoders keep no cache: `kv_tokens` is 0 for them.
    """

    serving: Serving
    memory_gib: float
    budget_gib: float
    weights_gib: float
    activation_gib: float
    cuda_graphs_gib: float
    runtime_gib: float
    kv_cache_gib: float
    kv_bytes_per_token: int
    kv_tokens: int
    request_gib: float
    max_concurrent_full_length: float

    @property
    def overhead_gib(self) -> float:
        """Working memory: activations, CUDA graphs and runtime."""
        return self.activation_gib + self.cuda_graphs_gib + self.runtime_gib

    @property
    def fits(self) -> bool:
        """Whether one request of the full context can be served."""
        return self.kv_cache_gib >= self.request_gib

    def explain(self) -> tuple[str, ...]:
        """The sum, one line per term."""
        serving = self.serving
        lines = [
            f"GPUs              {serving.gpus} (tensor parallel {serving.tensor_parallel}, "
            f"pipeline parallel {serving.pipeline_parallel})",
            f"memory per GPU    {self.memory_gib:.2f} GiB x {serving.gpu_memory_utilization:.2f} "
            f"= {self.budget_gib:.2f} GiB",
            f"weights           {self.weights_gib:.2f} GiB ({serving.architecture.parameters_billion:g} billion "
            f"parameters in {serving.weights})",
            f"activations       {self.activation_gib:.2f} GiB (batches of {serving.batched_tokens(self.memory_gib)} "
            f"tokens, {serving.max_num_seqs} sequences)",
            f"CUDA graphs       {self.cuda_graphs_gib:.2f} GiB",
            f"runtime           {self.runtime_gib:.2f} GiB",
            f"KV cache          {self.kv_cache_gib:.2f} GiB left",
        ]
        if serving.architecture.encoder_only:
            return (*lines, "KV cache          none needed, an encoder keeps no tokens")
        return (
            *lines,
            f"KV per token      {self.kv_bytes_per_token / 1024:.1f} KiB -> {self.kv_tokens:,} tokens",
            f"one request       {self.request_gib:.2f} GiB for {serving.max_model_len:,} tokens -> "
            f"{self.max_concurrent_full_length:.2f} at once",
        )


def fit(serving: Serving, memory_gib: float) -> Fit:
    """The sum for `serving` on GPUs (slices, shares) of `memory_gib` each.

    Raises ValueError when `memory_gib` is not positive.
    """
    if memory_gib <= 0:
        message = f"a GPU of {memory_gib} GiB holds nothing"
        raise ValueError(message)
    budget = memory_gib * serving.gpu_memory_utilization
    weights = memory_terms.weights_gib(serving)
    batched = serving.batched_tokens(memory_gib)
    activation = memory_terms.activation_gib(serving, batched)
    runtime = memory_terms.runtime_gib(serving)
    cache = budget - weights - activation - CUDA_GRAPHS_GIB - runtime
    request = memory_terms.request_gib(serving, serving.max_model_len, batched)
    return Fit(
        serving=serving,
        memory_gib=memory_gib,
        budget_gib=budget,
        weights_gib=weights,
        activation_gib=activation,
        cuda_graphs_gib=CUDA_GRAPHS_GIB,
        runtime_gib=runtime,
        kv_cache_gib=cache,
        kv_bytes_per_token=memory_terms.kv_bytes_per_token(serving),
        kv_tokens=max(0, floor(cache / request * serving.max_model_len)) if request else 0,
        request_gib=request,
        max_concurrent_full_length=_at_once(serving, cache, request),
    )


def _at_once(serving: Serving, cache_gib: float, request: float) -> float:
    if cache_gib < 0:
        return 0.0
    return min(cache_gib / request, float(serving.max_num_seqs)) if request else float(serving.max_num_seqs)
