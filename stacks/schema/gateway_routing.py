"""Names that the gateway answers by more than one model."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from components.inference_gateway.complexity import (
    CODE_KEYWORDS,
    REASONING_KEYWORDS,
    SIMPLE_KEYWORDS,
    TECHNICAL_KEYWORDS,
)
from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel

Weight = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=-1, le=1)]
Keywords = tuple[Annotated[str, Field(min_length=2)], ...]
SplitModels = Annotated[dict[DnsLabel, PositiveInt], Field(min_length=2)]


class ComplexityWeightSettings(SettingsModel):
    """Weight of each dimension in the score of a request."""

    length: Weight = 0.10
    """Short requests count as simple, long ones as complex."""
    code: Weight = 0.30
    """Words of `keywords.code`."""
    reasoning: Weight = 0.25
    """Phrases of `keywords.reasoning`."""
    technical: Weight = 0.25
    """Words of `keywords.technical`."""
    simple: Weight = 0.05
    """Phrases of `keywords.simple`, which lower the score."""
    steps: Weight = 0.03
    """Several steps: `first … then`, numbered lists."""
    questions: Weight = 0.02
    """Several questions in one request."""


class ComplexityKeywordSettings(SettingsModel):
    """Words and phrases, in lower case, that a dimension counts. A list that is set replaces the default."""

    code: Keywords = CODE_KEYWORDS
    """Words of requests for code."""
    reasoning: Keywords = REASONING_KEYWORDS
    """Phrases that ask for reasoning; two of them always lead to the `complex` model."""
    technical: Keywords = TECHNICAL_KEYWORDS
    """Technical terms. Add the terms of your field."""
    simple: Keywords = SIMPLE_KEYWORDS
    """Phrases of short questions."""


class ComplexityRuleSettings(SettingsModel):
    """How a request's score, the weighted sum of its dimensions, chooses the model. It is computed in the gateway."""

    medium_from: Score = 0.15
    """Score from which the `medium` model answers."""
    complex_from: Score = 0.35
    """Score from which the `complex` model answers."""
    reasoning_from: Score = 0.60
    """Score from which a request counts as reasoning; the `complex` model answers as well."""
    short_tokens: PositiveInt = 15
    """A request of fewer tokens counts as short."""
    long_tokens: PositiveInt = 400
    """A request of more tokens counts as long."""
    weights: ComplexityWeightSettings = ComplexityWeightSettings()
    """Weights of the dimensions."""
    keywords: ComplexityKeywordSettings = ComplexityKeywordSettings()
    """Words that the dimensions count."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.medium_from <= self.complex_from <= self.reasoning_from:
            message = (
                f"mediumFrom ({self.medium_from:g}), complexFrom ({self.complex_from:g}) and reasoningFrom "
                f"({self.reasoning_from:g}) must not fall: sort them"
            )
            raise ValueError(message)
        if self.short_tokens >= self.long_tokens:
            message = f"shortTokens ({self.short_tokens}) is not below longTokens ({self.long_tokens}): lower it"
            raise ValueError(message)
        return self


class CascadeSettings(SettingsModel):
    """One name that clients call and that is answered by a small or a large model, by the request's complexity."""

    name: DnsLabel
    """Model name for clients."""
    simple: str
    """Model for short questions without code or technical terms."""
    medium: str | None = None
    """Model for standard requests; the `simple` one where not set."""
    complex: str
    """Model for technical and multi-part requests, and for requests for step-by-step reasoning."""
    rule: ComplexityRuleSettings = ComplexityRuleSettings()
    """What counts as simple and what as complex."""


class SplitSettings(SettingsModel):
    """One name that clients call and that several models of one task answer, each for its share of the requests."""

    name: DnsLabel
    """Model name for clients."""
    models: SplitModels
    """Shares by model or adapter, for example `{qwen3-8b: 90, qwen3-8b-v2: 10}`."""
