"""What the capacity check knows of a model: the architecture facts of its `config.json`, in one record."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from components.base.gpus import WeightFormat

Task = Literal["chat", "completion", "embedding", "rerank", "transcription", "vision", "image-embedding"]
"""What a model is served for; it decides arguments, routes and the gateway's entry."""

TEXT_TASKS: frozenset[Task] = frozenset({"chat", "completion", "transcription", "vision"})
"""Tasks that generate tokens one by one; the others return one vector or score for a text."""


@dataclass(frozen=True, kw_only=True)
class ImageEncoder:
    """The part of a model that reads images. `image_tokens` are the most tokens that one image becomes, each of them
    made from `patches_per_token` patches; `hidden_size` and `intermediate_size` are those of the encoder's layers."""

    hidden_size: int
    intermediate_size: int
    image_tokens: int
    patches_per_token: int


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Architecture of one checkpoint. Numbers are those of its `config.json` at `source`.

    `parameters_billion` counts all weights, `expert_parameters_billion` those inside routed experts (0 for a dense
    model), `active_parameters_billion` those that one token passes. `intermediate_size` is the feed-forward width that
    one token passes (`experts_per_token` times expert width in a mixture of experts). `sliding_layers` of `layers` keep
    only the last `sliding_window` tokens. `latent_size` is the width of the compressed cache of multi-head latent
    attention, per layer and token, 0 for others. `cross_attention_tokens` are encoder outputs that every request keeps
    in the cache (Whisper). `encoder_only` models keep no cache at all. `image_encoder` is None where there is none, or
    where it is not described. `checkpoint` is the format of the published weights; `safetensors` says whether they are
    published as safetensors. `remote_code`: it only runs with Python files of its repository.
    """

    name: str
    parameters_billion: float
    layers: int
    hidden_size: int
    intermediate_size: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    max_context: int
    tasks: tuple[Task, ...]
    source: str
    license: str
    active_parameters_billion: float = 0.0
    expert_parameters_billion: float = 0.0
    experts_per_token: int = 0
    checkpoint: WeightFormat = "bf16"
    tied_embeddings: bool = False
    sliding_layers: int = 0
    sliding_window: int = 0
    latent_size: int = 0
    cross_attention_tokens: int = 0
    image_encoder: ImageEncoder | None = None
    encoder_only: bool = False
    safetensors: bool = True
    gated: bool = False
    remote_code: bool = False

    @property
    def embedding_parameters(self) -> float:
        """Parameters of the token embedding and the output head, which quantization leaves in 16 bits."""
        return self.vocabulary * self.hidden_size * (1 if self.tied_embeddings else 2)


class UnknownModelError(Exception):
    """No model of that name is in the catalogue. The message suggests one."""


_MOST_NAMED = 5
"""Entries that a message names when only a part of a name was given."""


def find_in(catalogue: dict[str, Architecture], name: str) -> Architecture:
    """The entry called `name`. Raises UnknownModelError naming the closest ones."""
    if name in catalogue:
        return catalogue[name]
    folded = {known.lower(): known for known in catalogue}
    close = [known for text, known in folded.items() if name.lower() in text][:_MOST_NAMED]
    close = close or [folded[match] for match in difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.5)]
    hint = f"did you mean {', '.join(close)}?" if close else f"known: {', '.join(sorted(catalogue))}"
    message = f"model {name!r} is not in the catalogue; {hint}"
    raise UnknownModelError(message)
