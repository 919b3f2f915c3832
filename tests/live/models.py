"""The models of live tests: one of each task that LiteLLM routes by a path of its own, and two for chat."""

from __future__ import annotations

from typing import Any

SMALL = "qwen3-8b"
LARGE = "qwen3-32b"
EMBEDDING = "qwen3-embedding"
RERANKER = "bge-reranker"
WHISPER = "whisper"


def _model(name: str, task: str, repository: str, revision: str, longest: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "task": task,
        "weights": {"huggingFace": repository, "revision": revision},
        "maxModelLen": longest,
        "gpu": {"pool": "l40s", "count": 1},
    } | more


MODELS = [
    _model(SMALL, "chat", "Qwen/Qwen3-8B", "b968826d9c46dd6066d109eabc6255188de91218", 32768),
    _model(
        LARGE,
        "chat",
        "Qwen/Qwen3-32B-FP8",
        "aa55da1ecc13d006e8b8e4f54579b1ea8c3db2df",
        40960,
        gpu={"pool": "h100", "count": 2},
    ),
    _model(EMBEDDING, "embedding", "Qwen/Qwen3-Embedding-0.6B", "97b0c614be4d77ee51c0cef4e5f07c00f9eb65b3", 8192),
    _model(RERANKER, "rerank", "BAAI/bge-reranker-v2-m3", "953dc6f6f85a1b2dbfca4c34a2796e7dde08d41e", 8192),
    _model(
        WHISPER,
        "transcription",
        "openai/whisper-large-v3",
        "06f233fe06e710322aca913c1bc4249a0d71fce1",
        448,
        image="registry.example.org/vllm-audio:1.0.0",
    ),
]
"""As a stack file holds them."""
