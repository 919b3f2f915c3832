"""How one replica of a model is served: what the capacity check, the server's arguments and the pod's size agree on."""

from __future__ import annotations

from dataclasses import dataclass

from components.base.gpus import KvCacheFormat, WeightFormat
from components.base.models import Architecture, Task

DEFAULT_MAX_NUM_SEQS = 256
"""vLLM's own default below 70 GiB. It is kept above too, where vLLM would take 1,024: working memory grows with it, and
a replica that serves hundreds of requests at once is scaled out instead."""

LARGE_GPU_GIB = 70.0
_BATCHED_TOKENS_LARGE = 8192
_BATCHED_TOKENS = 2048


@dataclass(frozen=True, kw_only=True)
class Serving:
    """How one replica of a model is served. `max_model_len` is in tokens.

    A replica has `data_parallel` copies of the model, each on `tensor_parallel` x `pipeline_parallel` GPUs, and lies on
    `nodes` nodes in equal parts. `gpu_memory_utilization` is the share of each GPU (or MIG slice, or time-sliced share)
    that vLLM may use. `max_num_batched_tokens` is the tokens of one batch, 0 for `batched_tokens`' choice.
    `adapter_slots` LoRA adapters of at most `adapter_rank` are in GPU memory at once, none where it is 0.
    `prefix_cache_share` of the KV cache is left to prefixes that requests have in common. `video_gib` is what the
    longest video takes on each GPU while it is encoded, as somebody measured it; 0 where requests have none.
    """

    architecture: Architecture
    task: Task
    max_model_len: int
    weights: WeightFormat = "bf16"
    kv_cache: KvCacheFormat = "auto"
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    data_parallel: int = 1
    nodes: int = 1
    gpu_memory_utilization: float = 0.90
    max_num_seqs: int = DEFAULT_MAX_NUM_SEQS
    max_num_batched_tokens: int = 0
    adapter_slots: int = 0
    adapter_rank: int = 0
    prefix_cache_share: float = 0.0
    video_gib: float = 0.0

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.tensor_parallel * self.pipeline_parallel * self.data_parallel

    @property
    def gpus_per_copy(self) -> int:
        """GPUs that hold the model once."""
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def gpus_per_node(self) -> int:
        """GPUs of one replica on each of its nodes."""
        return self.gpus // self.nodes

    def batched_tokens(self, memory_gib: float) -> int:
        """`--max-num-batched-tokens` on GPUs of `memory_gib`.

        vLLM's defaults for a server, unless they are set. An encoder reads a text in one go, so its batch holds at
        least one whole text.
        """
        default = _BATCHED_TOKENS_LARGE if memory_gib >= LARGE_GPU_GIB else _BATCHED_TOKENS
        tokens = self.max_num_batched_tokens or default
        return max(tokens, self.max_model_len) if self.architecture.encoder_only else tokens
