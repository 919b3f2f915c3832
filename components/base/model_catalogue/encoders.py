"""Encoders for embeddings and reranking: BERT and XLM-RoBERTa, which run without code of their own."""

from __future__ import annotations

from components.base.model_catalogue.entries import APACHE, config_of, variant
from components.base.models import Architecture

_EMBEDDING = ("embedding",)
_RERANK = ("rerank",)

_BGE_M3 = Architecture(
    name="BAAI/bge-m3",
    parameters_billion=0.568,
    layers=24,
    hidden_size=1024,
    intermediate_size=4096,
    heads=16,
    kv_heads=16,
    head_dim=64,
    vocabulary=250002,
    max_context=8192,
    checkpoint="fp16",
    tied_embeddings=True,
    encoder_only=True,
    # The repository publishes pytorch_model.bin only, which the weights streamer cannot read.
    safetensors=False,
    tasks=_EMBEDDING,
    source=config_of("BAAI/bge-m3"),
    license="MIT",
)

_BGE_LARGE_EN = variant(
    _BGE_M3,
    "BAAI/bge-large-en-v1.5",
    parameters_billion=0.335,
    vocabulary=30522,
    max_context=512,
    safetensors=True,
)

ENTRIES = (
    _BGE_M3,
    variant(_BGE_M3, "intfloat/multilingual-e5-large", parameters_billion=0.560, max_context=512, safetensors=True),
    variant(
        _BGE_M3, "intfloat/multilingual-e5-large-instruct", parameters_billion=0.560, max_context=512, safetensors=True
    ),
    variant(_BGE_M3, "Snowflake/snowflake-arctic-embed-l-v2.0", safetensors=True, license=APACHE),
    _BGE_LARGE_EN,
    variant(_BGE_LARGE_EN, "mixedbread-ai/mxbai-embed-large-v1", license=APACHE),
    variant(
        _BGE_LARGE_EN,
        "Snowflake/snowflake-arctic-embed-m",
        parameters_billion=0.109,
        layers=12,
        hidden_size=768,
        intermediate_size=3072,
        heads=12,
        kv_heads=12,
        license=APACHE,
    ),
    variant(_BGE_M3, "BAAI/bge-reranker-v2-m3", safetensors=True, tasks=_RERANK, license=APACHE),
    variant(
        _BGE_M3, "BAAI/bge-reranker-large", parameters_billion=0.560, max_context=512, safetensors=True, tasks=_RERANK
    ),
)
