"""The gateway: tiers and limits, replicas, timeouts, routing between models, cache and guardrails."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel

FallbackTargets = Annotated[tuple[str, ...], Field(min_length=1)]
UsdPerMillionTokens = Annotated[float, Field(ge=0.000001)]

MaskedPattern = Literal[
    "email",
    "credit_card",
    "iban",
    "us_ssn",
    "us_phone",
    "fr_nir",
    "fr_phone",
    "nl_bsn_contextual",
    "passport_germany",
    "eu_vat",
    "ipv4",
    "aws_access_key",
    "aws_secret_key",
    "github_token",
    "slack_token",
    "generic_api_key",
]
"""Names of prebuilt patterns of LiteLLM's content filter (`litellm_content_filter/patterns.json`)."""


class TierSettings(SettingsModel):
    """Limits of the teams in one tier. Every limit is required: a tier without one would be unlimited."""

    requests_per_minute: PositiveInt
    """Requests per minute of all keys of one team together."""
    tokens_per_minute: PositiveInt
    """Prompt and completion tokens per minute of all keys of one team together."""
    max_budget_usd_per_month: float = Field(gt=0)
    """Largest `budgetUsdPerMonth` that a team of this tier may have."""
    models: tuple[str, ...] = ("*",)
    """Models that teams of this tier may call; `*` alone allows every model."""


class ReplicaSettings(SettingsModel):
    """Replicas of the gateway. The autoscaler moves between the two at 60 % CPU."""

    min: int = Field(ge=2, default=2)
    """At least two, so that a node or a rollout never takes the gateway down."""
    max: PositiveInt = 20
    """Upper end; each replica holds database connections."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            message = f"max ({self.max}) is below min ({self.min}): raise max"
            raise ValueError(message)
        return self


class TimeoutSettings(SettingsModel):
    """How long a request may take. The edge proxy and the pods' shutdown are given matching, longer limits."""

    request_seconds: int = Field(ge=5, le=3600, default=600)
    """Limit of an answer that is not streamed, and of the silence between two chunks of a streamed one."""
    stream_seconds: int = Field(ge=5, le=3600, default=1200)
    """Limit of a whole streamed answer, and how long a terminating pod finishes what it has begun."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.stream_seconds < self.request_seconds:
            message = (
                f"streamSeconds ({self.stream_seconds}) is below requestSeconds ({self.request_seconds}): raise it"
            )
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


class CacheSettings(SettingsModel):
    """Cache of answers to literally equal requests, shared by all teams."""

    enabled: bool = True
    """Whether answers can be cached at all."""
    mode: Literal["opt-in", "always"] = "opt-in"
    """`opt-in`: only requests that carry `"cache": {"use-cache": true}`. `always`: every request, so that equal prompts
    of two teams share one answer."""
    ttl_seconds: PositiveInt = 3600
    """Age at which an answer is forgotten."""


class GuardrailSettings(SettingsModel):
    """Filters on every request before it reaches a model. They run inside the gateway and call nothing else."""

    mask: tuple[MaskedPattern, ...] = ()
    """Patterns replaced by their name in prompts."""
    blocked_words: tuple[Annotated[str, Field(min_length=2)], ...] = ()
    """Words and phrases whose presence refuses a request."""


class PriceSettings(SettingsModel):
    """What tokens cost a team's budget."""

    input_usd_per_million_tokens: UsdPerMillionTokens
    """Price of a million prompt tokens."""
    output_usd_per_million_tokens: UsdPerMillionTokens
    """Price of a million completion tokens."""


class GatewaySettings(SettingsModel):
    """The OpenAI-compatible gateway."""

    tiers: dict[DnsLabel, TierSettings] = Field(min_length=1)
    """Tiers by name; each team is in one."""
    replicas: ReplicaSettings = ReplicaSettings()
    """How many gateway pods run."""
    timeouts: TimeoutSettings = TimeoutSettings()
    """How long requests may take."""
    max_parallel_requests_per_key: PositiveInt = 64
    """Requests that one key may have in flight at once."""
    refuse_without_counters: bool = True
    """Answer 503 while the counters cannot be reached; otherwise each replica counts for itself meanwhile, which lets
    through up to the limit times the number of replicas."""
    fallbacks: dict[str, FallbackTargets] = Field(default_factory=dict[str, FallbackTargets])
    """Models asked in turn when a model fails, by the name of the failing one."""
    cascade: tuple[CascadeSettings, ...] = ()
    """Names answered by a small or a large model, by complexity."""
    cache: CacheSettings = CacheSettings()
    """Exact cache."""
    guardrails: GuardrailSettings = GuardrailSettings()
    """Content filters."""
    default_price: PriceSettings = PriceSettings(input_usd_per_million_tokens=0.2, output_usd_per_million_tokens=0.6)
    """Price of models that `prices` does not name. Without a price a budget would never bind."""
    prices: dict[str, PriceSettings] = Field(default_factory=dict[str, PriceSettings])
    """Prices by model name."""
    minimum_tls_version: Literal["1.2", "1.3"] = "1.3"
    """Oldest TLS version at the edge. 1.2 is for clients on systems such as Windows Server 2019."""
