"""Settings of how clients enter a cluster in AWS, and of its image cache → what its component is given."""

from __future__ import annotations

from components.base.handles import ImageRegistry
from components.gpu_cluster.eks.edge.plan import IDLE_LIMITS, LEAST_IDLE_SECONDS, EdgeKind, EdgePlan, FirewallPlan
from components.gpu_cluster.eks.images.image_cache import ImageCachePlan, cached_registry
from components.inference_gateway.names import public_hosts
from components.inference_gateway.timeouts import edge_seconds
from stacks.arguments.cluster import image_registry
from stacks.arguments.gateway_routing import timeouts
from stacks.schema.cluster import EksClusterSettings
from stacks.schema.eks_edge import EdgeSettings, WebApplicationFirewallSettings
from stacks.schema.gateway import GatewaySettings
from stacks.settings import PlatformSettings

_MARGIN_SECONDS = 10
"""The load balancer gives up after the proxies, which say why."""

WINDOW_MINUTES = 5
EVERYBODY = "0.0.0.0/0"


def edge_plan(settings: PlatformSettings, cluster: EksClusterSettings) -> EdgePlan:
    """The load balancer, with time limits that follow from the gateway's."""
    edge = cluster.edge
    return EdgePlan(
        kind=edge.kind,
        scheme=cluster.load_balancer_scheme,
        client_cidrs=edge.client_cidrs or _default_clients(cluster),
        hosts=tuple(public_hosts(settings.domain)),
        records=edge.address_records,
        certificate_arn=edge.certificate_arn,
        minimum_tls_version=settings.gateway.minimum_tls_version,
        stream_seconds=settings.gateway.timeouts.stream_seconds,
        idle_seconds=_idle_seconds(settings.gateway),
        firewall=_firewall_plan(edge),
    )


def _default_clients(cluster: EksClusterSettings) -> tuple[str, ...]:
    own = (cluster.vpc_cidr, *cluster.connected_cidrs)
    return own if cluster.load_balancer_scheme == "internal" else (EVERYBODY,)


def _firewall_plan(edge: EdgeSettings) -> FirewallPlan | None:
    if edge.kind == "network":
        return None
    firewall = edge.firewall or WebApplicationFirewallSettings()
    return FirewallPlan(
        requests_per_five_minutes=firewall.requests_per_five_minutes,
        refuse_anonymous=firewall.anonymous_addresses == "refuse",
    )


def _idle_seconds(gateway: GatewaySettings) -> int:
    """How long an answer may be silent: all of its time where it is not streamed."""
    needed = edge_seconds(timeouts(gateway), gateway.fallbacks) + _MARGIN_SECONDS
    return max(needed, LEAST_IDLE_SECONDS)


def idle_problem(kind: EdgeKind, gateway: GatewaySettings) -> str | None:
    """Why the gateway's time limits are too long for a load balancer of `kind`; None if they are not."""
    needed, limit = _idle_seconds(gateway), IDLE_LIMITS[kind]
    if needed <= limit:
        return None
    return (
        f"with its fallbacks an answer may be silent for {needed} seconds, and a load balancer of kind {kind} ends "
        f"silent connections after {limit}: lower it, or name fewer fallbacks"
    )


def firewall_problem(edge: EdgeSettings, gateway: GatewaySettings) -> str | None:
    """Why the firewall would refuse what a tier allows; None if it would not."""
    plan = _firewall_plan(edge)
    if plan is None:
        return None
    name, tier = max(gateway.tiers.items(), key=lambda item: item[1].requests_per_minute)
    allowed = tier.requests_per_minute * WINDOW_MINUTES
    if allowed <= plan.requests_per_five_minutes:
        return None
    return (
        f"{plan.requests_per_five_minutes} requests refuse what one team of tier {name!r} may make from one address, "
        f"{allowed} in five minutes: raise it to {allowed} or more"
    )


def image_cache_plan(settings: PlatformSettings, cluster: EksClusterSettings) -> ImageCachePlan | None:
    """The image cache, None where images come from elsewhere."""
    cache = cluster.image_cache
    if cache is None:
        return None
    return ImageCachePlan(
        prefix=cache.prefix or settings.environment,
        hosts=cache.hosts,
        credentials=cache.credentials,
        scanning=cache.scanning,
    )


def eks_registry(settings: PlatformSettings, cluster: EksClusterSettings) -> ImageRegistry:
    """Where images come from: the cache where there is one."""
    plan = image_cache_plan(settings, cluster)
    if plan is None:
        return image_registry(settings)
    return cached_registry(plan, account_id=cluster.account_id, region=cluster.region)
