"""Architecture of a model that the catalogue lacks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.base.gpus import WeightFormat
from stacks.schema.base import PositiveInt, SettingsModel


class ArchitectureSettings(SettingsModel):
    """Architecture of a model that the catalogue lacks, as its `config.json` says."""

    parameters_billion: float = Field(gt=0)
    """All weights, in billions."""
    expert_parameters_billion: float = Field(ge=0, default=0)
    """Weights inside routed experts, in billions; 0 for a dense model."""
    experts_per_token: int = Field(ge=0, default=0)
    """`num_experts_per_tok`; 0 for a dense model."""
    layers: PositiveInt
    """`num_hidden_layers`."""
    hidden_size: PositiveInt
    """`hidden_size`."""
    intermediate_size: PositiveInt
    """`intermediate_size`, or experts per token times `moe_intermediate_size`."""
    heads: PositiveInt
    """`num_attention_heads`."""
    kv_heads: PositiveInt
    """`num_key_value_heads`."""
    head_dim: PositiveInt
    """`head_dim`, or `hidden_size` divided by the heads."""
    vocabulary: PositiveInt
    """`vocab_size`."""
    max_context: PositiveInt
    """`max_position_embeddings`."""
    checkpoint: WeightFormat = "bf16"
    """Format of the published weights."""
    tied_embeddings: bool = False
    """`tie_word_embeddings`."""
    sliding_layers: int = Field(ge=0, default=0)
    """Layers that keep only the last `slidingWindow` tokens."""
    sliding_window: int = Field(ge=0, default=0)
    """`sliding_window`."""
    latent_size: int = Field(ge=0, default=0)
    """`kv_lora_rank` plus `qk_rope_head_dim` of multi-head latent attention; 0 for others."""
    encoder_only: bool = False
    """Whether it is an encoder (BERT, XLM-RoBERTa), which keeps no KV cache."""
    remote_code: bool = False
    """Whether it only runs with Python files of its repository (`auto_map` in `config.json`, and no implementation in
    vLLM); it needs `trustRemoteCode` then."""
    source: Annotated[str, Field(pattern=r"^https://")]
    """Link to the `config.json` that the numbers come from."""
