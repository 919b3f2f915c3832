"""OpenAI: gpt-oss for chat, Whisper for transcription, CLIP for image embeddings."""

from __future__ import annotations

from components.base.model_catalogue.entries import APACHE, config_of, variant
from components.base.models import Architecture

_GPT_OSS_20B = Architecture(
    name="openai/gpt-oss-20b",
    parameters_billion=20.91,
    active_parameters_billion=3.6,
    expert_parameters_billion=19.12,
    experts_per_token=4,
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
    source=config_of("openai/gpt-oss-20b"),
    license=APACHE,
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
    source=config_of("openai/whisper-large-v3"),
    license=APACHE,
)

_CLIP = Architecture(
    name="openai/clip-vit-large-patch14",
    parameters_billion=0.428,
    # The tower of images; the one of texts has 12 layers of width 768.
    layers=24,
    hidden_size=1024,
    intermediate_size=4096,
    heads=16,
    kv_heads=16,
    head_dim=64,
    vocabulary=49408,
    max_context=77,
    tied_embeddings=True,
    encoder_only=True,
    tasks=("image-embedding",),
    source=config_of("openai/clip-vit-large-patch14"),
    license="MIT",
)

ENTRIES = (
    _GPT_OSS_20B,
    variant(
        _GPT_OSS_20B,
        "openai/gpt-oss-120b",
        parameters_billion=116.83,
        active_parameters_billion=5.1,
        expert_parameters_billion=114.70,
        layers=36,
        sliding_layers=18,
    ),
    _WHISPER,
    # The same encoder with a decoder of 4 layers.
    variant(_WHISPER, "openai/whisper-large-v3-turbo", parameters_billion=0.809, layers=4, license="MIT"),
    _CLIP,
)
