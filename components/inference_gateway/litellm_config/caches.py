"""Parameters of LiteLLM's one cache of answers."""

from __future__ import annotations

from typing import Any

from components.inference_gateway.arguments import AnswerCache, SemanticCache
from components.inference_gateway.litellm_config.variables import (
    CACHE_HOST,
    CACHE_PASSWORD,
    VECTORS_KEY,
    VECTORS_URL,
    from_environment,
)
from components.inference_gateway.names import ANSWERS_COLLECTION


def cache_settings(cache: AnswerCache | SemanticCache | None, port: int) -> dict[str, Any]:
    """Entries of `litellm_settings`. `port` is that of the Valkey of the exact cache."""
    if cache is None:
        return {"cache": False}
    specific = _semantic(cache) if isinstance(cache, SemanticCache) else _exact(cache, port)
    mode = "default_off" if cache.opt_in else "default_on"
    return {"cache": True, "cache_params": {**specific, "mode": mode}}


def _exact(cache: AnswerCache, port: int) -> dict[str, Any]:
    return {
        "type": "redis",
        "host": from_environment(CACHE_HOST),
        "port": port,
        "password": from_environment(CACHE_PASSWORD),
        "namespace": "litellm",
        "ttl": cache.ttl_seconds,
    }


def _semantic(cache: SemanticCache) -> dict[str, Any]:
    return {
        "type": "qdrant-semantic",
        "qdrant_api_base": from_environment(VECTORS_URL),
        "qdrant_api_key": from_environment(VECTORS_KEY),
        "qdrant_collection_name": answers_collection(cache.embedding_model),
        # Binary quantization, the default, loses too much of short vectors for a threshold to mean anything.
        "qdrant_quantization_config": "scalar",
        "qdrant_semantic_cache_embedding_model": cache.embedding_model,
        "qdrant_semantic_cache_vector_size": cache.vector_size,
        "similarity_threshold": cache.similarity,
        "semantic_cache_scope": "key",
        # Embeddings are not looked up by their own similarity, and transcriptions have no prompt.
        "supported_call_types": ["completion", "acompletion"],
    }


def answers_collection(embedding_model: str) -> str:
    """Collection of the semantic cache, one per embedding model: vectors of another one mean something else."""
    return f"{ANSWERS_COLLECTION}-{embedding_model}"
