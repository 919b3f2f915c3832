"""What the gateway is given: plain records, filled from settings and from other components' outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components.base.handles import ClusterHandle, Database, PlatformContext
from components.base.models import Task
from components.base.oidc import OidcClient
from components.base.wiring import Endpoint
from components.charts import ChartSource


@dataclass(frozen=True, kw_only=True)
class TokenPrice:
    """US dollars per million tokens."""

    input_usd_per_million: float
    output_usd_per_million: float


@dataclass(frozen=True, kw_only=True)
class GatewayModel:
    """A model server behind the gateway.

    `name` is what clients ask for and what the server calls the model. `host` and `port` are its Service.
    `context_length` is in tokens.
    """

    name: str
    task: Task
    host: str
    port: int
    context_length: int
    price: TokenPrice


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """A name answered by one of three models, by the request's complexity."""

    name: str
    simple: str
    medium: str
    complex: str


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
class Guardrails:
    """`mask`: names of LiteLLM's prebuilt patterns. `blocked_words`: phrases that refuse a request."""

    mask: tuple[str, ...] = ()
    blocked_words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Routing:
    """What LiteLLM decides by. `cache` is None where it is switched off."""

    timeouts: Timeouts
    max_parallel_requests_per_key: int
    refuse_without_counters: bool
    cache: AnswerCache | None
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    cascades: tuple[Cascade, ...] = ()
    guardrails: Guardrails = Guardrails()


@dataclass(frozen=True, kw_only=True)
class TeamLimits:
    """One team with the limits of its tier. No `models` means every model. `budget_usd` is per calendar month."""

    name: str
    tier: str
    data_class: str
    budget_usd: float
    requests_per_minute: int
    tokens_per_minute: int
    models: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CacheServer:
    """The data layer's cache. `password` is a secret Output; `peer` and `port` are also the wiring's end."""

    host: pulumi.Input[str]
    port: int
    password: pulumi.Output[str]
    peer: Endpoint


@dataclass(frozen=True, kw_only=True)
class InferenceGatewayArgs:
    """`models` must not be empty. `replicas` is the least and largest number of LiteLLM pods.

    `console_sign_in` is the client that guards the console at the edge (the identity component lets the edge proxy
    reach its token endpoint); None leaves LiteLLM's own login alone.
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
