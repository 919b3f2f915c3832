"""DeepSeek: V3 and R1, and the models distilled from R1."""

from __future__ import annotations

from components.base.model_catalogue.entries import config_of, variant
from components.base.model_catalogue.llama import LLAMA_8B, LLAMA_70B
from components.base.model_catalogue.qwen2 import QWEN25_7B, QWEN25_14B, QWEN25_32B
from components.base.models import Architecture

_MIT = "MIT"

_DEEPSEEK_V31 = Architecture(
    name="deepseek-ai/DeepSeek-V3.1",
    parameters_billion=671.0,
    active_parameters_billion=37.0,
    expert_parameters_billion=653.9,
    experts_per_token=8,
    layers=61,
    hidden_size=7168,
    # Eight routed experts and the shared one.
    intermediate_size=9 * 2048,
    heads=128,
    kv_heads=128,
    head_dim=128,
    vocabulary=129280,
    max_context=163840,
    checkpoint="fp8",
    # Multi-head latent attention: kv_lora_rank 512 and qk_rope_head_dim 64.
    latent_size=576,
    tasks=("chat", "completion"),
    source=config_of("deepseek-ai/DeepSeek-V3.1"),
    license=_MIT,
)

ENTRIES = (
    _DEEPSEEK_V31,
    variant(_DEEPSEEK_V31, "deepseek-ai/DeepSeek-R1"),
    variant(_DEEPSEEK_V31, "deepseek-ai/DeepSeek-R1-0528"),
    variant(
        QWEN25_7B,
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
        parameters_billion=1.78,
        hidden_size=1536,
        intermediate_size=8960,
        heads=12,
        kv_heads=2,
        vocabulary=151936,
        max_context=131072,
        license=_MIT,
    ),
    variant(QWEN25_7B, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", max_context=131072, license=_MIT),
    variant(QWEN25_14B, "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", max_context=131072, license=_MIT),
    variant(QWEN25_32B, "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", max_context=131072, license=_MIT),
    variant(LLAMA_8B, "deepseek-ai/DeepSeek-R1-Distill-Llama-8B", license=_MIT, gated=False),
    variant(LLAMA_70B, "deepseek-ai/DeepSeek-R1-Distill-Llama-70B", license=_MIT, gated=False),
)
