"""Google: Gemma for chat and vision, SigLIP for image embeddings."""

from __future__ import annotations

from components.base.model_catalogue.entries import APACHE, config_of, variant
from components.base.models import Architecture, ImageEncoder

_CHAT = ("chat", "completion")
_GEMMA = "Gemma Terms of Use"

# SigLIP: every image is 896 x 896 pixels in patches of 14, pooled to 256 tokens.
_ENCODER = ImageEncoder(hidden_size=1152, intermediate_size=4304, image_tokens=256, patches_per_token=16)

_GEMMA2_9B = Architecture(
    name="google/gemma-2-9b-it",
    parameters_billion=9.24,
    layers=42,
    hidden_size=3584,
    intermediate_size=14336,
    heads=16,
    kv_heads=8,
    head_dim=256,
    vocabulary=256000,
    max_context=8192,
    tied_embeddings=True,
    # Every other layer is local.
    sliding_layers=21,
    sliding_window=4096,
    tasks=_CHAT,
    source=config_of("google/gemma-2-9b-it"),
    license=_GEMMA,
    gated=True,
)

_GEMMA3_27B = Architecture(
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
    image_encoder=_ENCODER,
    tasks=("chat", "vision"),
    source=config_of("google/gemma-3-27b-it"),
    license=_GEMMA,
    gated=True,
)

_SIGLIP2 = Architecture(
    name="google/siglip2-so400m-patch14-384",
    parameters_billion=1.14,
    # Two towers of 27 layers, one for images and one for texts.
    layers=54,
    hidden_size=1152,
    intermediate_size=4304,
    heads=16,
    kv_heads=16,
    head_dim=72,
    vocabulary=256000,
    max_context=64,
    tied_embeddings=True,
    encoder_only=True,
    tasks=("image-embedding",),
    source=config_of("google/siglip2-so400m-patch14-384"),
    license=APACHE,
)

ENTRIES = (
    _GEMMA2_9B,
    variant(
        _GEMMA2_9B,
        "google/gemma-2-27b-it",
        parameters_billion=27.23,
        layers=46,
        hidden_size=4608,
        intermediate_size=36864,
        heads=32,
        kv_heads=16,
        head_dim=128,
        sliding_layers=23,
    ),
    variant(
        _GEMMA3_27B,
        "google/gemma-3-1b-it",
        parameters_billion=1.0,
        layers=26,
        hidden_size=1152,
        intermediate_size=6912,
        heads=4,
        kv_heads=1,
        head_dim=256,
        vocabulary=262144,
        max_context=32768,
        sliding_layers=22,
        sliding_window=512,
        image_encoder=None,
        tasks=_CHAT,
    ),
    variant(
        _GEMMA3_27B,
        "google/gemma-3-4b-it",
        parameters_billion=4.30,
        layers=34,
        hidden_size=2560,
        intermediate_size=10240,
        heads=8,
        kv_heads=4,
        head_dim=256,
        sliding_layers=29,
    ),
    variant(
        _GEMMA3_27B,
        "google/gemma-3-12b-it",
        parameters_billion=12.19,
        layers=48,
        hidden_size=3840,
        intermediate_size=15360,
        heads=16,
        kv_heads=8,
        head_dim=256,
        sliding_layers=40,
    ),
    _GEMMA3_27B,
    _SIGLIP2,
)
