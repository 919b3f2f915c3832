"""Z.ai: GLM."""

from __future__ import annotations

from components.base.model_catalogue.entries import config_of, variant
from components.base.models import Architecture

_GLM_AIR = Architecture(
    name="zai-org/GLM-4.5-Air",
    # Without the layer that predicts several tokens, which is loaded for speculative decoding only.
    parameters_billion=106.85,
    active_parameters_billion=12.0,
    expert_parameters_billion=99.66,
    experts_per_token=8,
    layers=46,
    hidden_size=4096,
    # Eight routed experts and the shared one.
    intermediate_size=9 * 1408,
    heads=96,
    kv_heads=8,
    head_dim=128,
    vocabulary=151552,
    max_context=131072,
    tasks=("chat", "completion"),
    source=config_of("zai-org/GLM-4.5-Air"),
    license="MIT",
)

ENTRIES = (_GLM_AIR, variant(_GLM_AIR, "zai-org/GLM-4.5-Air-FP8", checkpoint="fp8"))
