"""Qwen3: chat, code, vision, embedding and guard models of Alibaba."""

from __future__ import annotations

from components.base.model_catalogue.entries import APACHE, config_of, variant
from components.base.models import Architecture, ImageEncoder

_CHAT = ("chat", "completion")
_VISION = ("chat", "vision")

_QWEN3_600M = Architecture(
    name="Qwen/Qwen3-0.6B",
    parameters_billion=0.596,
    layers=28,
    hidden_size=1024,
    intermediate_size=3072,
    heads=16,
    kv_heads=8,
    head_dim=128,
    vocabulary=151936,
    max_context=40960,
    tied_embeddings=True,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen3-0.6B"),
    license=APACHE,
)

_QWEN3_4B = Architecture(
    name="Qwen/Qwen3-4B",
    parameters_billion=4.02,
    layers=36,
    hidden_size=2560,
    intermediate_size=9728,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=151936,
    max_context=40960,
    tied_embeddings=True,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen3-4B"),
    license=APACHE,
)

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
    tasks=_CHAT,
    source=config_of("Qwen/Qwen3-8B"),
    license=APACHE,
)

_QWEN3_14B = Architecture(
    name="Qwen/Qwen3-14B",
    parameters_billion=14.77,
    layers=40,
    hidden_size=5120,
    intermediate_size=17408,
    heads=40,
    kv_heads=8,
    head_dim=128,
    vocabulary=151936,
    max_context=40960,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen3-14B"),
    license=APACHE,
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
    tasks=_CHAT,
    source=config_of("Qwen/Qwen3-32B"),
    license=APACHE,
)

_QWEN3_30B_A3B = Architecture(
    name="Qwen/Qwen3-30B-A3B",
    parameters_billion=30.53,
    active_parameters_billion=3.3,
    expert_parameters_billion=28.99,
    experts_per_token=8,
    layers=48,
    hidden_size=2048,
    intermediate_size=8 * 768,
    heads=32,
    kv_heads=4,
    head_dim=128,
    vocabulary=151936,
    max_context=40960,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen3-30B-A3B"),
    license=APACHE,
)

_QWEN3_235B = Architecture(
    name="Qwen/Qwen3-235B-A22B",
    parameters_billion=235.09,
    active_parameters_billion=22.19,
    expert_parameters_billion=227.10,
    experts_per_token=8,
    layers=94,
    hidden_size=4096,
    intermediate_size=8 * 1536,
    heads=64,
    kv_heads=4,
    head_dim=128,
    vocabulary=151936,
    max_context=40960,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen3-235B-A22B"),
    license=APACHE,
)

_QWEN3_CODER_480B = Architecture(
    name="Qwen/Qwen3-Coder-480B-A35B-Instruct",
    parameters_billion=480.15,
    active_parameters_billion=35.46,
    expert_parameters_billion=468.15,
    experts_per_token=8,
    layers=62,
    hidden_size=6144,
    intermediate_size=8 * 2560,
    heads=96,
    kv_heads=8,
    head_dim=128,
    vocabulary=151936,
    max_context=262144,
    tasks=_CHAT,
    source=config_of("Qwen/Qwen3-Coder-480B-A35B-Instruct"),
    license=APACHE,
)


def _encoder(hidden_size: int, intermediate_size: int) -> ImageEncoder:
    """Images of up to 16,777,216 pixels (`preprocessor_config.json`), a token for 32 x 32 of them."""
    return ImageEncoder(
        hidden_size=hidden_size, intermediate_size=intermediate_size, image_tokens=16384, patches_per_token=4
    )


ENTRIES = (
    _QWEN3_600M,
    variant(
        _QWEN3_600M,
        "Qwen/Qwen3-1.7B",
        parameters_billion=1.72,
        hidden_size=2048,
        intermediate_size=6144,
    ),
    _QWEN3_4B,
    variant(_QWEN3_4B, "Qwen/Qwen3-4B-Instruct-2507", max_context=262144),
    _QWEN3_8B,
    variant(_QWEN3_8B, "Qwen/Qwen3-8B-FP8", checkpoint="fp8"),
    variant(_QWEN3_8B, "Qwen/Qwen3-8B-AWQ", checkpoint="awq"),
    _QWEN3_14B,
    variant(_QWEN3_14B, "Qwen/Qwen3-14B-FP8", checkpoint="fp8"),
    variant(_QWEN3_14B, "Qwen/Qwen3-14B-AWQ", checkpoint="awq"),
    _QWEN3_32B,
    variant(_QWEN3_32B, "Qwen/Qwen3-32B-FP8", checkpoint="fp8"),
    variant(_QWEN3_32B, "Qwen/Qwen3-32B-AWQ", checkpoint="awq"),
    _QWEN3_30B_A3B,
    variant(_QWEN3_30B_A3B, "Qwen/Qwen3-30B-A3B-Instruct-2507", max_context=262144),
    variant(_QWEN3_30B_A3B, "Qwen/Qwen3-30B-A3B-Instruct-2507-FP8", max_context=262144, checkpoint="fp8"),
    variant(_QWEN3_30B_A3B, "Qwen/Qwen3-Coder-30B-A3B-Instruct", max_context=262144),
    _QWEN3_235B,
    variant(_QWEN3_235B, "Qwen/Qwen3-235B-A22B-FP8", checkpoint="fp8"),
    variant(_QWEN3_235B, "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8", checkpoint="fp8", max_context=262144),
    _QWEN3_CODER_480B,
    variant(_QWEN3_CODER_480B, "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", checkpoint="fp8"),
    variant(
        _QWEN3_4B,
        "Qwen/Qwen3-VL-4B-Instruct",
        parameters_billion=4.44,
        max_context=262144,
        image_encoder=_encoder(1024, 4096),
        tasks=_VISION,
    ),
    variant(
        _QWEN3_8B,
        "Qwen/Qwen3-VL-8B-Instruct",
        parameters_billion=8.77,
        max_context=262144,
        image_encoder=_encoder(1152, 4304),
        tasks=_VISION,
    ),
    variant(
        _QWEN3_30B_A3B,
        "Qwen/Qwen3-VL-30B-A3B-Instruct",
        parameters_billion=31.07,
        max_context=262144,
        image_encoder=_encoder(1152, 4304),
        tasks=_VISION,
    ),
    # Without an output head, and with a vocabulary that is not rounded up.
    variant(_QWEN3_600M, "Qwen/Qwen3-Embedding-0.6B", vocabulary=151669, max_context=32768, tasks=("embedding",)),
    variant(_QWEN3_4B, "Qwen/Qwen3-Embedding-4B", vocabulary=151665, tasks=("embedding",)),
    variant(
        _QWEN3_8B,
        "Qwen/Qwen3-Embedding-8B",
        parameters_billion=7.57,
        vocabulary=151665,
        tied_embeddings=True,
        tasks=("embedding",),
    ),
    variant(_QWEN3_600M, "Qwen/Qwen3Guard-Gen-0.6B", max_context=32768, tasks=("chat",)),
    variant(_QWEN3_4B, "Qwen/Qwen3Guard-Gen-4B", max_context=32768, tasks=("chat",)),
    variant(_QWEN3_8B, "Qwen/Qwen3Guard-Gen-8B", max_context=32768, tasks=("chat",)),
)
