"""What ObservabilityStack is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.base.handles import ClusterHandle, PlatformContext
from components.base.oidc import OidcClient
from components.charts import ChartSource


@dataclass(frozen=True, kw_only=True)
class ServiceLevels:
    """What users are promised.

    `availability` is the share of requests, over 30 days, that are answered without a server error (0.999 allows one
    failure in a thousand). `error_rate` is the highest share of server errors over half an hour. `p95_seconds` is the
    time in seconds within which 95 of 100 requests get their first token.
    """

    availability: float
    error_rate: float
    p95_seconds: float


@dataclass(frozen=True, kw_only=True)
class Triggers:
    """When load becomes pressure: more GPUs, another replica, a larger GPU or fewer requests are due.

    Shares: `gpu_use` of a product's GPUs busy, `gpu_memory_use` of a GPU's memory, `kv_cache_use` of a replica's KV
    cache. `queue_depth` requests wait per replica. `p95_seconds` is the time to the first token that 95 of 100 requests
    must not exceed. `start_seconds` is the longest that any model may take from its pod's creation until it serves.
    The defaults of the first four and of `p95_seconds` are the platform's scaling triggers; memory has 5 % above the
    share that vLLM takes by default.
    """

    gpu_use: float = 0.85
    gpu_memory_use: float = 0.95
    kv_cache_use: float = 0.9
    queue_depth: int = 5
    p95_seconds: float = 5
    start_seconds: int = 2700


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long metrics are kept: whichever of `days` and the volume's size `gib` (GiB per replica) is reached first."""

    days: int
    gib: int


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One key of a Secret; its namespace is known from what uses it."""

    name: pulumi.Input[str]
    key: str


@dataclass(frozen=True, kw_only=True)
class ObservabilityStackArgs:
    """`platform.wiring` must hold the edges of everything that is to be watched: compose this component after it.

    `models` are the names (as clients use them) of models that always have a replica: an alert calls when one serves
    nothing. `replicas` is the number of Prometheus and of Alertmanager instances. `vector_store_key` is the API key
    that the vector store asks scrapers for, in a Secret of its own namespace. `alert_webhook_url` receives alerts;
    without it they are only shown. `after` must exist before the chart: cert-manager signs its webhook certificate.
    """

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    service_levels: ServiceLevels
    retention: Retention
    replicas: int
    sign_on: OidcClient
    models: tuple[str, ...]
    vector_store_key: SecretKey | None = None
    alert_webhook_url: pulumi.Output[str] | None = None
    triggers: Triggers = Triggers()
    after: Sequence[pulumi.Resource] = ()
