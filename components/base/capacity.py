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
from components.base.serving import Serving


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The sum for one GPU of a replica, in GiB. `kv_bytes_per_token` is per GPU, for a token kept in every layer.

    `request_gib` is what one full-length request keeps in the cache, `kv_tokens` how many tokens of such requests the
    cache of one copy of the model holds beside the shared prefixes, `max_concurrent_full_length` how many of those
    requests fit at once in a copy (bounded by `max_num_seqs`). Encoders keep no cache: `kv_tokens` is 0 for them.
    """

    serving: Serving
    memory_gib: float
    budget_gib: float
    weights_gib: float
    adapters_gib: float
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
        """Working memory: LoRA slots, activations, CUDA graphs and runtime."""
        return self.adapters_gib + self.activation_gib + self.cuda_graphs_gib + self.runtime_gib

    @property
    def prefixes_gib(self) -> float:
        """Part of the cache that is left to prefixes which requests have in common."""
        return max(0.0, self.kv_cache_gib) * self.serving.prefix_cache_share

    @property
    def missing_gib(self) -> float:
        """What one GPU lacks for a request of the full context; 0 or less where it fits."""
        return self.request_gib + self.prefixes_gib - self.kv_cache_gib

    @property
    def fits(self) -> bool:
        """Whether one request of the full context can be served."""
        return self.missing_gib <= 0

    def explain(self) -> tuple[str, ...]:
        """The sum, one line per term."""
        serving = self.serving
        lines = [
            f"GPUs              {_split(serving)}",
            f"memory per GPU    {self.memory_gib:.2f} GiB x {serving.gpu_memory_utilization:.2f} "
            f"= {self.budget_gib:.2f} GiB",
            f"weights           {self.weights_gib:.2f} GiB ({serving.architecture.parameters_billion:g} billion "
            f"parameters in {serving.weights})",
            *self._explain_adapters(),
            f"activations       {self.activation_gib:.2f} GiB (batches of {serving.batched_tokens(self.memory_gib)} "
            f"tokens, {serving.max_num_seqs} sequences)",
            f"CUDA graphs       {self.cuda_graphs_gib:.2f} GiB",
            f"runtime           {self.runtime_gib:.2f} GiB",
            f"KV cache          {self.kv_cache_gib:.2f} GiB left",
        ]
        return (*lines, *self._explain_cache())

    def _explain_adapters(self) -> list[str]:
        serving = self.serving
        if not serving.adapter_slots:
            return []
        return [
            f"LoRA slots        {self.adapters_gib:.2f} GiB ({serving.adapter_slots} of rank {serving.adapter_rank})"
        ]

    def _explain_cache(self) -> list[str]:
        serving = self.serving
        if serving.architecture.encoder_only:
            return ["KV cache          none needed, an encoder keeps no tokens"]
        prefixes = [f"shared prefixes   {self.prefixes_gib:.2f} GiB of it"] if serving.prefix_cache_share else []
        each = f" in each of {serving.data_parallel} copies" if serving.data_parallel > 1 else ""
        return [
            *prefixes,
            f"KV per token      {self.kv_bytes_per_token / 1024:.1f} KiB -> {self.kv_tokens:,} tokens{each}",
            f"one request       {self.request_gib:.2f} GiB for {serving.max_model_len:,} tokens -> "
            f"{self.max_concurrent_full_length:.2f} at once{each}",
        ]


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
    graphs = memory_terms.cuda_graphs_gib(serving)
    runtime = memory_terms.runtime_gib(serving)
    adapters = memory_terms.adapters_gib(serving)
    cache = budget - weights - adapters - activation - graphs - runtime
    request = memory_terms.request_gib(serving, serving.max_model_len, batched)
    free = max(0.0, cache) * (1 - serving.prefix_cache_share)
    return Fit(
        serving=serving,
        memory_gib=memory_gib,
        budget_gib=budget,
        weights_gib=weights,
        adapters_gib=adapters,
        activation_gib=activation,
        cuda_graphs_gib=graphs,
        runtime_gib=runtime,
        kv_cache_gib=cache,
        kv_bytes_per_token=memory_terms.kv_bytes_per_token(serving),
        kv_tokens=floor(free / request * serving.max_model_len) if request else 0,
        request_gib=request,
        max_concurrent_full_length=_at_once(serving, cache, free, request),
    )


def _at_once(serving: Serving, cache_gib: float, free_gib: float, request: float) -> float:
    if cache_gib < 0:
        return 0.0
    return min(free_gib / request, float(serving.max_num_seqs)) if request else float(serving.max_num_seqs)


def _split(serving: Serving) -> str:
    """How a replica's GPUs share the work: `16 on 2 nodes (tensor parallel 8, pipeline parallel 2)`."""
    nodes = f" on {serving.nodes} nodes" if serving.nodes > 1 else ""
    copies = f", data parallel {serving.data_parallel}" if serving.data_parallel > 1 else ""
    return (
        f"{serving.gpus}{nodes} (tensor parallel {serving.tensor_parallel}, "
        f"pipeline parallel {serving.pipeline_parallel}{copies})"
    )
