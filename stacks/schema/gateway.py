"""The gateway: tiers and limits, replicas, timeouts, routing between models, cache and guardrails."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel
from stacks.schema.gateway_cache import CacheSettings
from stacks.schema.gateway_edge import GatewayEdgeSettings
from stacks.schema.gateway_external import ExternalModelSettings
from stacks.schema.gateway_guardrails import GuardrailSettings
from stacks.schema.gateway_prices import PriceSettings, PricingSettings
from stacks.schema.gateway_routing import CascadeSettings, SplitSettings
from stacks.schema.gateway_telemetry import TelemetrySettings
from stacks.schema.gateway_tiers import TierSettings
from stacks.schema.gateway_timeouts import TimeoutSettings

FallbackTargets = Annotated[tuple[str, ...], Field(min_length=1)]


class ReplicaSettings(SettingsModel):
    """Replicas of the gateway. The autoscaler moves between the two at 60 % CPU."""

    min: int = Field(ge=2, default=3)
    """At least two, so that a node or a rollout never takes the gateway down; three keep serving through both."""
    max: PositiveInt = 20
    """Upper end; each replica holds database connections."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            message = f"max ({self.max}) is below min ({self.min}): raise max"
            raise ValueError(message)
        return self


class GatewaySettings(SettingsModel):
    """The OpenAI-compatible gateway."""

    tiers: dict[DnsLabel, TierSettings] = Field(min_length=1)
    """Tiers by name; each team is in one."""
    replicas: ReplicaSettings = ReplicaSettings()
    """How many gateway pods run."""
    timeouts: TimeoutSettings = TimeoutSettings()
    """How long requests may take."""
    edge: GatewayEdgeSettings = GatewayEdgeSettings()
    """How many and how large requests may be, whoever makes them."""
    max_parallel_requests_per_key: PositiveInt = 64
    """Requests that one key may have in flight at once."""
    max_in_flight_per_replica: PositiveInt = 1000
    """Requests that one replica works on at once; more are answered with 503 and `Retry-After`, so that a burst does
    not use up its memory before the autoscaler has added replicas."""
    refuse_without_counters: bool = True
    """Answer 503 while the counters cannot be reached; otherwise each replica counts for itself meanwhile, which lets
    through up to the limit times the number of replicas."""
    fallbacks: dict[str, FallbackTargets] = Field(default_factory=dict[str, FallbackTargets])
    """Models asked in turn when a model fails, by the name of the failing one."""
    cascade: tuple[CascadeSettings, ...] = ()
    """Names answered by a small or a large model, by complexity."""
    splits: tuple[SplitSettings, ...] = ()
    """Names answered by several models, each for its share: an A/B test of two models."""
    external: tuple[ExternalModelSettings, ...] = ()
    """Models of providers outside the platform; none by default."""
    cache: CacheSettings = CacheSettings()
    """Cache of answers."""
    guardrails: GuardrailSettings = GuardrailSettings()
    """Content filters."""
    telemetry: TelemetrySettings = TelemetrySettings()
    """Where requests are reported, beside the metrics."""
    pricing: PricingSettings = PricingSettings()
    """How prices follow from what the nodes cost."""
    prices: dict[str, PriceSettings] = Field(default_factory=dict[str, PriceSettings])
    """Prices by model name, where they shall not follow from what the nodes cost."""
    default_price: PriceSettings | None = None
    """Price of models whose nodes have no price. Without a price a budget would never bind."""
    minimum_tls_version: Literal["1.2", "1.3"] = "1.3"
    """Oldest TLS version at the edge. 1.2 is for clients on systems such as Windows Server 2019."""
