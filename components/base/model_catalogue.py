"""Open-weight models whose architecture is known. A stack file may describe others under `models[].architecture`.

Every `source` is the `config.json` that the numbers come from. Parameter counts are those of the published weights; for
dense text models a test recomputes them from the other numbers.
"""

from __future__ import annotations

from dataclasses import replace

from components.base.models import Architecture, find_in

_APACHE = "Apache-2.0"


def _config(repository: str) -> str:
    return f"https://huggingface.co/{repository}/blob/main/config.json"


_QWEN3_8B = Architecture(
    name="Qwen/Qwen3-8B",
    parameters_billion=8.19,
    layers=36,
    hidden_size=4096,
    intermediate_size=12288,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=151936,
    max_context=40960,
    tasks=("chat", "completion"),
    source=_config("Qwen/Qwen3-8B"),
    license=_APACHE,
)

_QWEN3_32B = Architecture(
    name="Qwen/Qwen3-32B",
    parameters_billion=32.76,
    layers=64,
    hidden_size=5120,
    intermediate_size=25600,
    heads=64,
    kv_heads=8,
    head_dim=128,
    vocabulary=151936,
    max_context=40960,
    tasks=("chat", "completion"),
    source=_config("Qwen/Qwen3-32B"),
    license=_APACHE,
)

_QWEN3_30B_A3B = Architecture(
    name="Qwen/Qwen3-30B-A3B",
    parameters_billion=30.53,
    active_parameters_billion=3.3,
    expert_parameters_billion=28.99,
    layers=48,
    hidden_size=2048,
    intermediate_size=8 * 768,
    heads=32,
    kv_heads=4,
    head_dim=128,
    vocabulary=151936,
    max_context=40960,
    tasks=("chat", "completion"),
    source=_config("Qwen/Qwen3-30B-A3B"),
    license=_APACHE,
)

_QWEN3_EMBEDDING = Architecture(
    name="Qwen/Qwen3-Embedding-0.6B",
    parameters_billion=0.596,
    layers=28,
    hidden_size=1024,
    intermediate_size=3072,
    heads=16,
    kv_heads=8,
    head_dim=128,
    vocabulary=151669,
    max_context=32768,
    tied_embeddings=True,
    tasks=("embedding",),
    source=_config("Qwen/Qwen3-Embedding-0.6B"),
    license=_APACHE,
)

_QWEN25_VL_7B = Architecture(
    name="Qwen/Qwen2.5-VL-7B-Instruct",
    parameters_billion=8.29,
    layers=28,
    hidden_size=3584,
    intermediate_size=18944,
    heads=28,
    kv_heads=4,
    head_dim=128,
    vocabulary=152064,
    max_context=128000,
    tasks=("chat", "vision"),
    source=_config("Qwen/Qwen2.5-VL-7B-Instruct"),
    license=_APACHE,
)

_LLAMA_8B = Architecture(
    name="meta-llama/Llama-3.1-8B-Instruct",
    parameters_billion=8.03,
    layers=32,
    hidden_size=4096,
    intermediate_size=14336,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=128256,
    max_context=131072,
    tasks=("chat", "completion"),
    source=_config("meta-llama/Llama-3.1-8B-Instruct"),
    license="Llama 3.1 Community License",
    gated=True,
)

_LLAMA_70B = Architecture(
    name="meta-llama/Llama-3.3-70B-Instruct",
    parameters_billion=70.55,
    layers=80,
    hidden_size=8192,
    intermediate_size=28672,
    heads=64,
    kv_heads=8,
    head_dim=128,
    vocabulary=128256,
    max_context=131072,
    tasks=("chat", "completion"),
    source=_config("meta-llama/Llama-3.3-70B-Instruct"),
    license="Llama 3.3 Community License",
    gated=True,
)

_MISTRAL_SMALL = Architecture(
    name="mistralai/Mistral-Small-3.2-24B-Instruct-2506",
    parameters_billion=24.01,
    layers=40,
    hidden_size=5120,
    intermediate_size=32768,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=131072,
    max_context=131072,
    tasks=("chat", "completion", "vision"),
    source=_config("mistralai/Mistral-Small-3.2-24B-Instruct-2506"),
    license=_APACHE,
)

_GPT_OSS_20B = Architecture(
    name="openai/gpt-oss-20b",
    parameters_billion=20.91,
    active_parameters_billion=3.6,
    expert_parameters_billion=19.12,
    layers=24,
    hidden_size=2880,
    intermediate_size=4 * 2880,
    heads=64,
    kv_heads=8,
    head_dim=64,
    vocabulary=201088,
    max_context=131072,
    checkpoint="mxfp4",
    sliding_layers=12,
    sliding_window=128,
    tasks=("chat",),
    source=_config("openai/gpt-oss-20b"),
    license=_APACHE,
)

_GEMMA_27B = Architecture(
    name="google/gemma-3-27b-it",
    parameters_billion=27.43,
    layers=62,
    hidden_size=5376,
    intermediate_size=21504,
    heads=32,
    kv_heads=16,
    head_dim=128,
    vocabulary=262208,
    max_context=131072,
    tied_embeddings=True,
    # Five of six layers are local.
    sliding_layers=52,
    sliding_window=1024,
    tasks=("chat", "vision"),
    source=_config("google/gemma-3-27b-it"),
    license="Gemma Terms of Use",
    gated=True,
)

_BGE_M3 = Architecture(
    name="BAAI/bge-m3",
    parameters_billion=0.568,
    layers=24,
    hidden_size=1024,
    intermediate_size=4096,
    heads=16,
    kv_heads=16,
    head_dim=64,
    vocabulary=250002,
    max_context=8192,
    checkpoint="fp16",
    tied_embeddings=True,
    encoder_only=True,
    # The repository publishes pytorch_model.bin only, which the weights streamer cannot read.
    safetensors=False,
    tasks=("embedding",),
    source=_config("BAAI/bge-m3"),
    license="MIT",
)

_WHISPER = Architecture(
    name="openai/whisper-large-v3",
    parameters_billion=1.54,
    # Encoder and decoder have 32 layers each; only the decoder's keep a cache.
    layers=32,
    hidden_size=1280,
    intermediate_size=5120,
    heads=20,
    kv_heads=20,
    head_dim=64,
    vocabulary=51866,
    max_context=448,
    checkpoint="fp16",
    tied_embeddings=True,
    cross_attention_tokens=1500,
    tasks=("transcription",),
    source=_config("openai/whisper-large-v3"),
    license=_APACHE,
)

_DEEPSEEK_V31 = Architecture(
    name="deepseek-ai/DeepSeek-V3.1",
    parameters_billion=671.0,
    active_parameters_billion=37.0,
    expert_parameters_billion=653.9,
    layers=61,
    hidden_size=7168,
    intermediate_size=9 * 2048,
    heads=128,
    kv_heads=128,
    head_dim=128,
    vocabulary=129280,
    max_context=163840,
    checkpoint="fp8",
    # Multi-head latent attention: kv_lora_rank 512 and qk_rope_head_dim 64.
    latent_size=576,
    tasks=("chat", "completion"),
    source=_config("deepseek-ai/DeepSeek-V3.1"),
    license="MIT",
)


def _variant(base: Architecture, name: str, **changes: object) -> Architecture:
    """The same architecture under another repository."""
    return replace(base, name=name, source=_config(name), **changes)  # pyright: ignore[reportArgumentType]


_ENTRIES = (
    _QWEN3_8B,
    _variant(_QWEN3_8B, "Qwen/Qwen3-8B-FP8", checkpoint="fp8"),
    _QWEN3_32B,
    _variant(_QWEN3_32B, "Qwen/Qwen3-32B-FP8", checkpoint="fp8"),
    _variant(_QWEN3_32B, "Qwen/Qwen3-32B-AWQ", checkpoint="awq"),
    _QWEN3_30B_A3B,
    _variant(_QWEN3_30B_A3B, "Qwen/Qwen3-30B-A3B-Instruct-2507", max_context=262144),
    _QWEN3_EMBEDDING,
    _QWEN25_VL_7B,
    _LLAMA_8B,
    _LLAMA_70B,
    _MISTRAL_SMALL,
    _GPT_OSS_20B,
    _variant(
        _GPT_OSS_20B,
        "openai/gpt-oss-120b",
        parameters_billion=116.83,
        active_parameters_billion=5.1,
        expert_parameters_billion=114.70,
        layers=36,
        sliding_layers=18,
    ),
    _GEMMA_27B,
    _BGE_M3,
    _variant(_BGE_M3, "BAAI/bge-reranker-v2-m3", safetensors=True, tasks=("rerank",), license=_APACHE),
    _WHISPER,
    _DEEPSEEK_V31,
)

CATALOGUE: dict[str, Architecture] = {entry.name: entry for entry in _ENTRIES}


def find_model(name: str) -> Architecture:
    """The catalogue's entry for a Hugging Face repository. Raises UnknownModelError naming the closest ones."""
    return find_in(CATALOGUE, name)
