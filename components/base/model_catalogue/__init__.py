"""Open-weight models whose architecture is known. A stack file may describe others under `models[].architecture`.

Every `source` is the `config.json` that the numbers come from. Parameter counts are those of the published weights
that vLLM loads; a test recomputes them from the other numbers. Left out, because one record of layers that are alike
does not describe them: models with linear attention or state-space layers (Qwen3.5, Nemotron-H), with heads of several
sizes (Gemma 4), with chunked attention (Llama 4) or with an indexer beside the cache (DeepSeek V3.2).
"""

from __future__ import annotations

from components.base.model_catalogue import (
    deepseek,
    encoders,
    google,
    ibm,
    llama,
    microsoft,
    mistral,
    moonshot,
    openai,
    qwen2,
    qwen3,
    zai,
)
from components.base.models import Architecture, find_in

_FAMILIES = (
    qwen3.ENTRIES,
    qwen2.ENTRIES,
    llama.ENTRIES,
    mistral.ENTRIES,
    google.ENTRIES,
    openai.ENTRIES,
    deepseek.ENTRIES,
    microsoft.ENTRIES,
    ibm.ENTRIES,
    zai.ENTRIES,
    moonshot.ENTRIES,
    encoders.ENTRIES,
)

CATALOGUE: dict[str, Architecture] = {entry.name: entry for entries in _FAMILIES for entry in entries}


def find_model(name: str) -> Architecture:
    """The catalogue's entry for a Hugging Face repository. Raises UnknownModelError naming the closest ones."""
    return find_in(CATALOGUE, name)
