"""The terms of a model's memory on one GPU, from its architecture and the way it is served.

Read off vLLM 0.33 (`vllm/v1/worker/gpu_worker.py`, `determine_available_memory`): everything that the process took
between two looks at the free memory, the peak of a dummy batch above that, and an estimate of the CUDA graphs.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from components.base.gpus import KvCacheFormat, WeightFormat
from components.base.models import TEXT_TASKS, Architecture
from components.base.serving import Serving

GIB = 2**30

BYTES_PER_PARAMETER: dict[WeightFormat, float] = {
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0,
    "int8": 1.0,
    # 4 bits, and per group of 128 a 16-bit scale and a 4-bit zero point.
    "awq": 0.5 + 2.5 / 128,
    "gptq": 0.5 + 2.5 / 128,
    # 4 bits, and per group of 32 an 8-bit scale (OCP Microscaling Formats 1.0).
    "mxfp4": 0.5 + 1 / 32,
}

KV_BYTES: dict[KvCacheFormat, int] = {"auto": 2, "fp8": 1}

SIXTEEN_BIT_BYTES = 2

GRAPH_GIB = 0.007
"""One captured CUDA graph: the median of public logs that say "Profiling CUDA graph memory: PIECEWISE=51, FULL=35" and
"Estimated CUDA graph memory" (0.53 to 0.83 GiB for 86 graphs, 0.37 to 0.40 for 54, 0.08 for 12)."""

_LARGEST_GRAPH = 512
"""Largest batch that is captured (`VllmConfig._set_cudagraph_sizes`); twice as large on B200, which changes little."""

RUNTIME_GIB = 0.55
"""What the process keeps beside weights and cache on every GPU: libraries with their work space, loaded kernels, input
buffers. Tuned to published cases; the CUDA context is there before vLLM's first look at the free memory and does not
count."""

COLLECTIVES_GIB = 0.2
"""NCCL and all-reduce buffers where a model is split over GPUs, on top of RUNTIME_GIB; from to cards without NVLink."""

VISION_GIB = 2.0
"""Allowance for an image encoder that the architecture record does not describe."""

SAMPLING_BYTES = 16
"""Per logit: 4 for the counts of penalties, and 12 while sampling (384 MB for 256 x 131,072 logits, vLLM pull request
32558)."""

_EXPERT_HIDDEN_MULTIPLE = 256
_EXPERT_WIDTH_MULTIPLE = 128
"""Expert matrices in mxfp4 are padded to multiples of these: the hidden size, and the part of an expert's width that a
GPU has (gpt-oss on two GPUs: 2880 becomes 3072, 1440 becomes 1536). From `fused_moe/oracle/mxfp4.py`, the rule of the
kernels on Ampere, Ada and Blackwell; the one on Hopper may pad less, which leaves more than is counted on."""


def runtime_gib(serving: Serving) -> float:
    """Memory outside PyTorch: libraries, and the collectives' buffers where a copy of the model is split."""
    return RUNTIME_GIB + (COLLECTIVES_GIB if serving.gpus_per_copy > 1 else 0.0)


def cuda_graphs_gib(serving: Serving) -> float:
    """CUDA graphs: one of each batch size for mixed batches, and one for pure decoding up to `max_num_seqs`."""
    return GRAPH_GIB * (_sizes_up_to(2 * serving.max_num_seqs) + _sizes_up_to(serving.max_num_seqs))


def weights_gib(serving: Serving) -> float:
    """Weights on the fullest GPU of a replica; every data-parallel copy has its own.

    Quantization leaves the embeddings in 16 bits, and mxfp4 checkpoints everything but the experts. A pipeline's first
    and last stage hold an embedding each; the layers are shared out evenly.
    """
    architecture = serving.architecture
    total = architecture.parameters_billion * 1e9
    embeddings = min(architecture.embedding_parameters, total)
    experts = architecture.expert_parameters_billion * 1e9
    quantized = experts if serving.weights == "mxfp4" and experts else total - embeddings
    layers = (
        quantized * BYTES_PER_PARAMETER[serving.weights] * _padding(serving) + (total - embeddings - quantized) * 2.0
    )
    one_embedding = architecture.vocabulary * architecture.hidden_size * 2.0
    if serving.pipeline_parallel == 1:
        stage = layers + embeddings * 2.0
    else:
        stage = layers / serving.pipeline_parallel + min(one_embedding, embeddings * 2.0)
    return stage / serving.tensor_parallel / GIB


def checkpoint_gib(serving: Serving) -> float:
    """Size of the published weights: what is copied to the object store and streamed from it."""
    whole = replace(serving, weights=serving.architecture.checkpoint, tensor_parallel=1, pipeline_parallel=1)
    return weights_gib(whole)


def adapters_gib(serving: Serving) -> float:
    """LoRA slots on one GPU, which vLLM allocates at the start for `adapter_slots` adapters of `adapter_rank`.

    Both matrices of every linear layer and of the embeddings, in 16 bits. Without fully sharded adapters a GPU holds
    the whole matrix on the side where the layer is not split (`vllm/lora/layers`), and experts have a pair each.
    """
    architecture, split = serving.architecture, serving.tensor_parallel
    hidden, queries = architecture.hidden_size, architecture.heads * architecture.head_dim
    keys = architecture.kv_heads * architecture.head_dim
    attention = 3 * hidden + (queries + 2 * keys) / split + queries / split + hidden
    experts, width = _experts(architecture)
    feed_forward = experts * (3 * hidden + 3 * width / split)
    layers = ceil(architecture.layers / serving.pipeline_parallel) * (attention + feed_forward)
    width_of_all = layers + 2 * (architecture.vocabulary + hidden)
    return serving.adapter_slots * serving.adapter_rank * width_of_all * SIXTEEN_BIT_BYTES / GIB


def activation_gib(serving: Serving, batched_tokens: int) -> float:
    """Peak working memory: the largest of a forward pass over `batched_tokens`, sampling for every sequence, and the
    image encoder of a model that is served for images (others start without it). Each tensor has 16 bits.

    The forward pass holds the residual stream twice and the widest layer, split by tensor parallelism (as measured in
    vLLM pull request 48322: 6,144 tokens more took 3 x 12,288 + 2 x 4,096 numbers each). The encoder's results stay
    while the model reads them.
    """
    architecture = serving.architecture
    forward = batched_tokens * (2 * architecture.hidden_size + _widest(serving)) * SIXTEEN_BIT_BYTES / GIB
    sequences = min(serving.max_num_seqs, batched_tokens) if serving.task in TEXT_TASKS else 0
    sampling = sequences * architecture.vocabulary * SAMPLING_BYTES / GIB
    if serving.task != "vision":
        return max(forward, sampling)
    encoder = architecture.image_encoder
    if encoder is None:
        return max(forward, sampling) + max(VISION_GIB, serving.video_gib)
    tokens = max(1, batched_tokens // encoder.image_tokens) * encoder.image_tokens
    widest = max(4 * encoder.hidden_size, 3 * encoder.intermediate_size) / serving.tensor_parallel
    encoding = tokens * encoder.patches_per_token * (2 * encoder.hidden_size + widest) * SIXTEEN_BIT_BYTES / GIB
    embeddings = tokens * architecture.hidden_size * SIXTEEN_BIT_BYTES / GIB
    return max(forward, sampling, encoding, serving.video_gib) + embeddings


def kv_bytes_per_token(serving: Serving) -> int:
    """Bytes that one token keeps on one GPU, in all layers of its pipeline stage; 0 for an encoder."""
    architecture = serving.architecture
    if architecture.encoder_only:
        return 0
    return ceil(architecture.layers / serving.pipeline_parallel) * _layer_bytes(serving)


def request_gib(serving: Serving, tokens: int, batched_tokens: int) -> float:
    """Cache that one request of `tokens` keeps on one GPU. Sliding layers keep their window and the running batch."""
    architecture = serving.architecture
    if architecture.encoder_only:
        return 0.0
    stages = serving.pipeline_parallel
    window = min(tokens, architecture.sliding_window + batched_tokens)
    kept = (
        ceil((architecture.layers - architecture.sliding_layers) / stages) * tokens
        + ceil(architecture.sliding_layers / stages) * window
        + ceil(architecture.layers / stages) * architecture.cross_attention_tokens
    )
    return kept * _layer_bytes(serving) / GIB


def _layer_bytes(serving: Serving) -> int:
    """Bytes of one token in one layer on one GPU.

    Keys and values of the GPU's own heads; heads that are fewer than the GPUs are copied, and the latent of multi-head
    latent attention is on every GPU.
    """
    architecture = serving.architecture
    if architecture.latent_size:
        return architecture.latent_size * KV_BYTES[serving.kv_cache]
    heads = ceil(architecture.kv_heads / serving.tensor_parallel)
    return 2 * heads * architecture.head_dim * KV_BYTES[serving.kv_cache]


def _widest(serving: Serving) -> float:
    """Numbers per token in the widest layer on one GPU: queries, keys, values and output of attention; gate, up and
    product of the feed-forward; or those of every chosen expert, which come out in full width."""
    architecture, split = serving.architecture, serving.tensor_parallel
    attention = (2 * architecture.heads + 2 * architecture.kv_heads) * architecture.head_dim / split
    if not architecture.experts_per_token:
        return max(attention, 3 * architecture.intermediate_size / split)
    width = architecture.intermediate_size / architecture.experts_per_token / split
    chosen = architecture.experts_per_token * (max(2 * width, architecture.hidden_size) + width)
    return max(attention, chosen)


def _experts(architecture: Architecture) -> tuple[float, float]:
    """Routed experts of a layer and the width of one; a dense layer counts as one."""
    if not architecture.experts_per_token:
        return 1.0, architecture.intermediate_size
    width = architecture.intermediate_size / architecture.experts_per_token
    parameters = architecture.expert_parameters_billion * 1e9 / architecture.layers
    return parameters / (3 * architecture.hidden_size * width), width


def _sizes_up_to(largest: int) -> int:
    """Batch sizes that are captured: 1, 2, 4, multiples of 8 below 256 and of 16 from there on."""
    top = min(largest, _LARGEST_GRAPH)
    small = sum(size <= top for size in (1, 2, 4))
    return small + min(top, 255) // 8 + max(0, top - 240) // 16


def _padding(serving: Serving) -> float:
    if serving.weights != "mxfp4":
        return 1.0
    hidden, part = serving.architecture.hidden_size, _experts(serving.architecture)[1] / serving.tensor_parallel
    return (
        ceil(hidden / _EXPERT_HIDDEN_MULTIPLE)
        * _EXPERT_HIDDEN_MULTIPLE
        / hidden
        * ceil(part / _EXPERT_WIDTH_MULTIPLE)
        * _EXPERT_WIDTH_MULTIPLE
        / part
    )
