"""The terms of a model's memory on one GPU, from its architecture and the way it is served."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from components.base.gpus import KvCacheFormat, WeightFormat
from components.base.models import TEXT_TASKS
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

CUDA_GRAPHS_GIB = 0.75
"""Upper end of what vLLM logs for its CUDA graphs of plain decoders ("Graph capturing finished", 0.4 to 0.74 GiB)."""

RUNTIME_GIB = 0.3
"""CUDA context and libraries, which PyTorch does not allocate (`non_torch_memory` of vLLM, 0.06 to 0.25 GiB)."""

COLLECTIVES_GIB = 0.7
"""NCCL and all-reduce buffers where a model is split over GPUs, on top of RUNTIME_GIB."""

VISION_GIB = 2.0
"""Allowance for the image encoder's activations and its cache; an architecture record does not describe encoders."""

SAMPLING_BYTES = 16
"""Per logit while sampling: the logits in 16 bits, gathered, as float32, after top-k/top-p, and their softmax
(vllm/v1/sample)."""

_EXPERT_PADDING = 256
"""Expert matrices in mxfp4 are padded to a multiple of this (gpt-oss: 2880 becomes 3072)."""


def runtime_gib(serving: Serving) -> float:
    """Memory outside PyTorch: CUDA context, and the collectives' buffers where a model is split."""
    return RUNTIME_GIB + (COLLECTIVES_GIB if serving.gpus > 1 else 0.0)


def weights_gib(serving: Serving) -> float:
    """Weights on the fullest GPU of a replica.

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


def activation_gib(serving: Serving, batched_tokens: int) -> float:
    """Peak working memory of one forward pass over `batched_tokens`, and of sampling for every sequence.

    The forward pass holds the residual stream twice and the wider of attention (queries, keys, values, output) and
    feed-forward (gate, up, product), each tensor in 16 bits and split by tensor parallelism; sampling holds
    `SAMPLING_BYTES` per logit. A model with an image encoder loads and profiles it whatever it is served for.
    """
    architecture = serving.architecture
    attention = (2 * architecture.heads + 2 * architecture.kv_heads) * architecture.head_dim
    feed_forward = 3 * architecture.intermediate_size
    widest = max(attention, feed_forward) / serving.tensor_parallel
    forward = batched_tokens * 2 * (2 * architecture.hidden_size + widest)
    sequences = min(serving.max_num_seqs, batched_tokens) if serving.task in TEXT_TASKS else 0
    encoder = VISION_GIB if "vision" in architecture.tasks else 0.0
    return (forward + sequences * architecture.vocabulary * SAMPLING_BYTES) / GIB + encoder


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


def _padding(serving: Serving) -> float:
    if serving.weights != "mxfp4":
        return 1.0
    hidden = serving.architecture.hidden_size
    return ceil(hidden / _EXPERT_PADDING) * _EXPERT_PADDING / hidden
