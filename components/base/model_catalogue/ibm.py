"""IBM: Granite."""

from __future__ import annotations

from components.base.model_catalogue.entries import APACHE, config_of, variant
from components.base.models import Architecture

_GRANITE_8B = Architecture(
    name="ibm-granite/granite-3.3-8b-instruct",
    parameters_billion=8.17,
    layers=40,
    hidden_size=4096,
    intermediate_size=12800,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=49159,
    max_context=131072,
    tied_embeddings=True,
    tasks=("chat", "completion"),
    source=config_of("ibm-granite/granite-3.3-8b-instruct"),
    license=APACHE,
)

ENTRIES = (
    _GRANITE_8B,
    variant(
        _GRANITE_8B,
        "ibm-granite/granite-3.3-2b-instruct",
        parameters_billion=2.53,
        hidden_size=2048,
        intermediate_size=8192,
        head_dim=64,
    ),
)
