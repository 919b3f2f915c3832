"""Microsoft: Phi-4."""

from __future__ import annotations

from components.base.model_catalogue.entries import config_of, variant
from components.base.models import Architecture

_PHI_4 = Architecture(
    name="microsoft/phi-4",
    parameters_billion=14.66,
    layers=40,
    hidden_size=5120,
    intermediate_size=17920,
    heads=40,
    kv_heads=10,
    head_dim=128,
    vocabulary=100352,
    max_context=16384,
    tasks=("chat", "completion"),
    source=config_of("microsoft/phi-4"),
    license="MIT",
)

ENTRIES = (
    _PHI_4,
    variant(_PHI_4, "microsoft/Phi-4-reasoning", max_context=32768),
    variant(
        _PHI_4,
        "microsoft/Phi-4-mini-instruct",
        parameters_billion=3.84,
        layers=32,
        hidden_size=3072,
        intermediate_size=8192,
        heads=24,
        kv_heads=8,
        vocabulary=200064,
        max_context=131072,
        tied_embeddings=True,
    ),
)
