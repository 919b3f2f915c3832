"""What each task means for a model's server: how vLLM runs the model, and which of its routes the task needs.

Routes are those of vLLM 0.33 (`vllm/entrypoints`); a test compares them with the pinned release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from components.base.models import Task

OPEN_ROUTES = ("/health", "/metrics")
"""Routes of every server that need no key: of the kubelet and of Prometheus."""


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """`runner` and `convert` as vLLM names them; `convert` None: vLLM reads it off the model. `routes` are the paths
    that clients use. `media`: the server is given images or sound. `adapters`: LoRA adapters can be served."""

    runner: Literal["generate", "pooling"]
    routes: tuple[str, ...]
    convert: Literal["embed", "classify"] | None = None
    media: bool = False
    adapters: bool = False


_TEXT = ("/v1/chat/completions", "/v1/completions", "/v1/responses")
_EMBEDDINGS = ("/v1/embeddings",)

TASKS: Mapping[Task, TaskFacts] = {
    "chat": TaskFacts(runner="generate", routes=_TEXT, adapters=True),
    "completion": TaskFacts(runner="generate", routes=("/v1/completions",), adapters=True),
    "vision": TaskFacts(runner="generate", routes=_TEXT, media=True, adapters=True),
    # A generating model (Qwen3-Embedding) must be told to embed, an encoder is one already and ignores it.
    "embedding": TaskFacts(runner="pooling", convert="embed", routes=_EMBEDDINGS),
    "image-embedding": TaskFacts(runner="pooling", routes=_EMBEDDINGS, media=True),
    # vLLM has these without a version too, but asks for no key there.
    "rerank": TaskFacts(runner="pooling", convert="classify", routes=("/v1/rerank", "/v2/rerank", "/v1/score")),
    "transcription": TaskFacts(
        runner="generate", routes=("/v1/audio/transcriptions", "/v1/audio/translations"), media=True
    ),
}
"""By task. Pooling servers answer an unknown model name with the base model's vectors (vLLM 0.33,
`PoolingBaseServing._check_model`), so that a missing adapter would give wrong answers unseen: they serve none."""


def served_routes(task: Task) -> tuple[str, ...]:
    """Every path that a server of `task` answers to the outside."""
    return (*OPEN_ROUTES, "/v1/models", *TASKS[task].routes)
