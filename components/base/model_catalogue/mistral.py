"""Mistral: chat and vision models, and Ai2's guard model of the same architecture."""

from __future__ import annotations

from components.base.model_catalogue.entries import APACHE, config_of, variant
from components.base.models import Architecture, ImageEncoder

_CHAT = ("chat", "completion")

_MISTRAL_7B = Architecture(
    name="mistralai/Mistral-7B-Instruct-v0.3",
    parameters_billion=7.25,
    layers=32,
    hidden_size=4096,
    intermediate_size=14336,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=32768,
    max_context=32768,
    tasks=_CHAT,
    source=config_of("mistralai/Mistral-7B-Instruct-v0.3"),
    license=APACHE,
    gated=True,
)

_MISTRAL_NEMO = Architecture(
    name="mistralai/Mistral-Nemo-Instruct-2407",
    parameters_billion=12.25,
    layers=40,
    hidden_size=5120,
    intermediate_size=14336,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=131072,
    max_context=131072,
    tasks=_CHAT,
    source=config_of("mistralai/Mistral-Nemo-Instruct-2407"),
    license=APACHE,
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
    # Pixtral: images of up to 1,540 x 1,540 pixels in patches of 14, merged two by two.
    image_encoder=ImageEncoder(hidden_size=1024, intermediate_size=4096, image_tokens=3025, patches_per_token=4),
    tasks=("chat", "completion", "vision"),
    source=config_of("mistralai/Mistral-Small-3.2-24B-Instruct-2506"),
    license=APACHE,
)

_MIXTRAL_8X7B = Architecture(
    name="mistralai/Mixtral-8x7B-Instruct-v0.1",
    parameters_billion=46.70,
    active_parameters_billion=12.88,
    expert_parameters_billion=45.10,
    experts_per_token=2,
    layers=32,
    hidden_size=4096,
    intermediate_size=2 * 14336,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=32000,
    max_context=32768,
    tasks=_CHAT,
    source=config_of("mistralai/Mixtral-8x7B-Instruct-v0.1"),
    license=APACHE,
    gated=True,
)

_MIXTRAL_8X22B = Architecture(
    name="mistralai/Mixtral-8x22B-Instruct-v0.1",
    parameters_billion=140.62,
    active_parameters_billion=39.15,
    expert_parameters_billion=135.29,
    experts_per_token=2,
    layers=56,
    hidden_size=6144,
    intermediate_size=2 * 16384,
    heads=48,
    kv_heads=8,
    head_dim=128,
    vocabulary=32768,
    max_context=65536,
    tasks=_CHAT,
    source=config_of("mistralai/Mixtral-8x22B-Instruct-v0.1"),
    license=APACHE,
    gated=True,
)

ENTRIES = (
    _MISTRAL_7B,
    variant(_MISTRAL_7B, "allenai/wildguard", tasks=("chat",)),
    _MISTRAL_NEMO,
    _MISTRAL_SMALL,
    _MIXTRAL_8X7B,
    _MIXTRAL_8X22B,
)
