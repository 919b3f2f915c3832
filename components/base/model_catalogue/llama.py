"""Llama 3: chat and guard models of Meta."""

from __future__ import annotations

from components.base.model_catalogue.entries import config_of, variant
from components.base.models import Architecture

_CHAT = ("chat", "completion")
_LLAMA_31 = "Llama 3.1 Community License"
_LLAMA_32 = "Llama 3.2 Community License"
_LLAMA_33 = "Llama 3.3 Community License"

LLAMA_8B = Architecture(
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
    tasks=_CHAT,
    source=config_of("meta-llama/Llama-3.1-8B-Instruct"),
    license=_LLAMA_31,
    gated=True,
)

LLAMA_70B = Architecture(
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
    tasks=_CHAT,
    source=config_of("meta-llama/Llama-3.3-70B-Instruct"),
    license=_LLAMA_33,
    gated=True,
)

_LLAMA_1B = Architecture(
    name="meta-llama/Llama-3.2-1B-Instruct",
    parameters_billion=1.24,
    layers=16,
    hidden_size=2048,
    intermediate_size=8192,
    heads=32,
    kv_heads=8,
    head_dim=64,
    vocabulary=128256,
    max_context=131072,
    tied_embeddings=True,
    tasks=_CHAT,
    source=config_of("meta-llama/Llama-3.2-1B-Instruct"),
    license=_LLAMA_32,
    gated=True,
)

_LLAMA_3B = Architecture(
    name="meta-llama/Llama-3.2-3B-Instruct",
    parameters_billion=3.21,
    layers=28,
    hidden_size=3072,
    intermediate_size=8192,
    heads=24,
    kv_heads=8,
    head_dim=128,
    vocabulary=128256,
    max_context=131072,
    tied_embeddings=True,
    tasks=_CHAT,
    source=config_of("meta-llama/Llama-3.2-3B-Instruct"),
    license=_LLAMA_32,
    gated=True,
)

ENTRIES = (
    LLAMA_8B,
    variant(LLAMA_8B, "meta-llama/Meta-Llama-3-8B", max_context=8192, license="Llama 3 Community License"),
    variant(LLAMA_8B, "meta-llama/Llama-Guard-3-8B", tasks=("chat",)),
    LLAMA_70B,
    variant(LLAMA_70B, "meta-llama/Llama-3.1-70B-Instruct", license=_LLAMA_31),
    variant(LLAMA_70B, "nvidia/Llama-3.3-70B-Instruct-FP8", checkpoint="fp8", gated=False),
    _LLAMA_1B,
    _LLAMA_3B,
)
