"""The cache of answers."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel


class SemanticCacheSettings(SettingsModel):
    """Answers to requests that mean nearly the same, found by their vectors in the vector store.

    An answer is given again to the key (or signed-in person) that got it first, so that nothing passes between teams.
    """

    embedding_model: DnsLabel
    """Served model of task embedding that turns requests into vectors."""
    similarity: Annotated[float, Field(ge=0.8, le=1.0)] = 0.95
    """Cosine from which two requests count as the same. Below 0.9 answers to other questions come back."""
    forget_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24] = 24
    """All answers are forgotten every so many hours; the vector store knows no expiry of single ones."""
    vector_size: PositiveInt | None = None
    """Numbers of a vector; null: the hidden size of the embedding model."""


class CacheSettings(SettingsModel):
    """Cache of answers. The gateway has one: exact or semantic."""

    enabled: bool = True
    """Whether answers can be cached at all."""
    kind: Literal["exact", "semantic"] = "exact"
    """`exact`: answers to literally equal requests, in the cache of the data layer, shared by all teams. `semantic`:
    answers to similar requests, within each key or signed-in person."""
    mode: Literal["opt-in", "always"] = "opt-in"
    """`opt-in`: only requests that carry `"cache": {"use-cache": true}`. `always`: every request, so that with an exact
    cache equal prompts of two teams share one answer."""
    ttl_seconds: PositiveInt = 3600
    """Age at which an answer of the exact cache is forgotten."""
    semantic: SemanticCacheSettings | None = None
    """The semantic cache, where `kind` is `semantic`."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.kind == "semantic") != (self.semantic is not None):
            message = (
                "kind semantic needs semantic.embeddingModel: name a served embedding model"
                if self.semantic is None
                else "semantic is set and kind is exact, the gateway has one cache: set kind to semantic or remove it"
            )
            raise ValueError(message)
        return self
