"""What the gateway is given: plain records, filled from settings and from other components' outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components.base.handles import ClusterHandle, Database, PlatformContext
from components.base.oidc import OidcClient, TokenIssuer
from components.base.token_prices import TokenPrice
from components.base.wiring import Endpoint
from components.charts import ChartSource
from components.inference_gateway.answering import Cascade, ExternalModel, GatewayModel, Split
from components.inference_gateway.complexity import ComplexityKeywords, ComplexityRule, ComplexityWeights
from components.inference_gateway.edge_limits import EdgeLimits
from components.inference_gateway.extension import Extension
from components.inference_gateway.filters import Guardrails, Judge, Presidio

__all__ = [
    "AnswerCache",
    "CacheServer",
    "Cascade",
    "ComplexityKeywords",
    "ComplexityRule",
    "ComplexityWeights",
    "EdgeLimits",
    "Extension",
    "ExternalModel",
    "GatewayModel",
    "Guardrails",
    "InferenceGatewayArgs",
    "Judge",
    "Presidio",
    "Routing",
    "SemanticCache",
    "Split",
    "TeamLimits",
    "Telemetry",
    "Timeouts",
    "TokenPrice",
    "VectorServer",
]


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """In seconds. `request`: answers that are not streamed, and silence within a stream. `stream`: a whole stream."""

    request: int
    stream: int


@dataclass(frozen=True, kw_only=True)
class AnswerCache:
    """Cache of answers. With `opt_in` only requests that ask for it are cached. `ttl_seconds` is in seconds."""

    opt_in: bool
    ttl_seconds: int


@dataclass(frozen=True, kw_only=True)
class SemanticCache:
    """Cache of answers to requests that mean nearly the same, in the vector store.

    `embedding_model` is served by the platform and makes vectors of `vector_size` numbers. `similarity` is the cosine
    from which two requests count as the same. All answers are forgotten every `forget_hours` hours.
    """

    embedding_model: str
    vector_size: int
    similarity: float
    opt_in: bool
    forget_hours: int


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """Where requests are reported, beside Prometheus. `message_content`: whether Langfuse gets prompts and answers."""

    otlp_endpoint: str | None = None
    langfuse_host: str | None = None
    message_content: bool = False
    peers: tuple[tuple[Endpoint, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Routing:
    """What LiteLLM decides by. `cache` is None where it is switched off."""

    timeouts: Timeouts
    max_parallel_requests_per_key: int
    refuse_without_counters: bool
    cache: AnswerCache | SemanticCache | None
    max_in_flight_per_replica: int = 1000
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    splits: tuple[Split, ...] = ()
    cascades: tuple[Cascade, ...] = ()
    externals: tuple[ExternalModel, ...] = ()
    guardrails: Guardrails = field(default_factory=Guardrails)
    telemetry: Telemetry = Telemetry()


@dataclass(frozen=True, kw_only=True)
class TeamLimits:
    """One team with the limits of its tier. No `models` means every model. `budget_usd` is per calendar month.

    `group` is the realm's group whose members may act for the team with an access token; empty for none. `external`
    teams have members outside of the organisation.
    """

    name: str
    tier: str
    data_class: str
    budget_usd: float
    requests_per_minute: int
    tokens_per_minute: int
    models: tuple[str, ...] = ()
    group: str = ""
    external: bool = False


@dataclass(frozen=True, kw_only=True)
class CacheServer:
    """The data layer's cache. `password` is a secret Output; `peer` and `port` are also the wiring's end."""

    host: pulumi.Input[str]
    port: int
    password: pulumi.Output[str]
    peer: Endpoint


@dataclass(frozen=True, kw_only=True)
class VectorServer:
    """The data layer's vector store, for the semantic cache. `api_key` is a secret Output."""

    url: str
    port: int
    api_key: pulumi.Output[str]
    peer: Endpoint


@dataclass(frozen=True, kw_only=True)
class InferenceGatewayArgs:
    """`models` must not be empty. `replicas` is the least and largest number of LiteLLM pods.

    `console_sign_in` is the client that guards the console at the edge (the identity component lets the edge proxy
    reach its token endpoint); None leaves LiteLLM's own login alone. `api_tokens` are the access tokens that the API
    accepts beside keys; with None it accepts keys alone. `vectors` is needed for the semantic cache, `external_keys`
    (by name of the external model) for external models; `telemetry_keys` are environment variables of LiteLLM.
    """

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    models: tuple[GatewayModel, ...]
    routing: Routing
    database: Database
    cache: CacheServer
    replicas: tuple[int, int]
    minimum_tls_version: Literal["1.2", "1.3"]
    teams: tuple[TeamLimits, ...] = ()
    console_sign_in: OidcClient | None = None
    vectors: VectorServer | None = None
    external_keys: Mapping[str, pulumi.Output[str]] = field(default_factory=dict[str, pulumi.Output[str]])
    telemetry_keys: Mapping[str, pulumi.Output[str]] = field(default_factory=dict[str, pulumi.Output[str]])
    api_tokens: TokenIssuer | None = None
    edge_limits: EdgeLimits = field(default_factory=EdgeLimits)
