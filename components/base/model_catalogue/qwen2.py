"""Qwen2.5 and QwQ: chat, reasoning, code and vision models of Alibaba."""

from __future__ import annotations

from components.base.model_catalogue.entries import APACHE, config_of, variant
from components.base.models import Architecture, ImageEncoder

_CHAT = ("chat", "completion")

QWEN25_7B = Architecture(
    name="Qwen/Qwen2.5-7B-Instruct",
    parameters_billion=7.62,
    layers=28,
    hidden_size=3584,
    intermediate_size=18944,
    heads=28,
    kv_heads=4,
    head_dim=128,
    vocabulary=152064,
    max_context=32768,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen2.5-7B-Instruct"),
    license=APACHE,
)

QWEN25_14B = Architecture(
    name="Qwen/Qwen2.5-14B-Instruct",
    parameters_billion=14.77,
    layers=48,
    hidden_size=5120,
    intermediate_size=13824,
    heads=40,
    kv_heads=8,
    head_dim=128,
    vocabulary=152064,
    max_context=32768,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen2.5-14B-Instruct"),
    license=APACHE,
)

QWEN25_32B = Architecture(
    name="Qwen/Qwen2.5-32B-Instruct",
    parameters_billion=32.76,
    layers=64,
    hidden_size=5120,
    intermediate_size=27648,
    heads=40,
    kv_heads=8,
    head_dim=128,
    vocabulary=152064,
    max_context=32768,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen2.5-32B-Instruct"),
    license=APACHE,
)

_QWEN25_72B = Architecture(
    name="Qwen/Qwen2.5-72B-Instruct",
    parameters_billion=72.71,
    layers=80,
    hidden_size=8192,
    intermediate_size=29568,
    heads=64,
    kv_heads=8,
    head_dim=128,
    vocabulary=152064,
    max_context=32768,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen2.5-72B-Instruct"),
    license="Qwen License",
)

# Images of up to 12,845,056 pixels (`preprocessor_config.json`), a token for 28 x 28 of them.
_ENCODER = ImageEncoder(hidden_size=1280, intermediate_size=3420, image_tokens=16384, patches_per_token=4)

ENTRIES = (
    QWEN25_7B,
    variant(QWEN25_7B, "Qwen/Qwen2.5-7B-Instruct-AWQ", checkpoint="awq"),
    variant(QWEN25_7B, "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", checkpoint="gptq"),
    variant(QWEN25_7B, "RedHatAI/Qwen2.5-7B-Instruct-FP8-dynamic", checkpoint="fp8"),
    variant(QWEN25_7B, "Qwen/Qwen2.5-Coder-7B-Instruct"),
    variant(
        QWEN25_7B,
        "Qwen/Qwen2.5-VL-7B-Instruct",
        parameters_billion=8.29,
        max_context=128000,
        image_encoder=_ENCODER,
        tasks=("chat", "vision"),
    ),
    QWEN25_14B,
    variant(QWEN25_14B, "Qwen/Qwen2.5-14B-Instruct-AWQ", checkpoint="awq"),
    QWEN25_32B,
    variant(QWEN25_32B, "Qwen/Qwen2.5-Coder-32B-Instruct"),
    variant(QWEN25_32B, "Qwen/QwQ-32B", max_context=131072),
    variant(QWEN25_32B, "Qwen/QwQ-32B-AWQ", max_context=131072, checkpoint="awq"),
    _QWEN25_72B,
    variant(_QWEN25_72B, "Qwen/Qwen2.5-72B-Instruct-AWQ", checkpoint="awq"),
)
