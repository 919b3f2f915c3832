"""Moonshot AI: Kimi."""

from __future__ import annotations

from components.base.model_catalogue.entries import config_of
from components.base.models import Architecture

_KIMI_K2 = Architecture(
    name="moonshotai/Kimi-K2-Instruct",
    parameters_billion=1026.4,
    active_parameters_billion=32.0,
    expert_parameters_billion=1014.7,
    experts_per_token=8,
    layers=61,
    hidden_size=7168,
    # Eight routed experts and the shared one.
    intermediate_size=9 * 2048,
    heads=64,
    kv_heads=64,
    head_dim=128,
    vocabulary=163840,
    max_context=131072,
    checkpoint="fp8",
    # Multi-head latent attention: kv_lora_rank 512 and qk_rope_head_dim 64.
    latent_size=576,
    remote_code=True,
    tasks=("chat", "completion"),
    source=config_of("moonshotai/Kimi-K2-Instruct"),
    license="Modified MIT",
)

ENTRIES = (_KIMI_K2,)
