"""Checks of what the edge takes, and of how clients and images enter a cluster in AWS, against the other settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stacks.arguments.eks_edge import firewall_problem, idle_problem
from stacks.arguments.gateway import edge_limits
from stacks.schema.cluster import EksClusterSettings
from stacks.schema.eks_images import LONGEST_PREFIX
from stacks.schema.gateway import GatewaySettings

if TYPE_CHECKING:
    from stacks.settings import PlatformSettings


def edge_errors(settings: PlatformSettings) -> Iterator[str]:
    """Problems, each as `<key path>: <what is wrong and how to mend it>`."""
    yield from _limit_errors(settings.gateway)
    cluster = settings.cluster
    if not isinstance(cluster, EksClusterSettings):
        return
    idle = idle_problem(cluster.edge.kind, settings.gateway)
    if idle:
        yield f"gateway.timeouts.requestSeconds: {idle}"
    firewall = firewall_problem(cluster.edge, settings.gateway)
    if firewall:
        yield f"cluster.edge.firewall.requestsPerFiveMinutes: {firewall}"
    yield from _image_errors(settings, cluster)


def _limit_errors(gateway: GatewaySettings) -> Iterator[str]:
    limits = edge_limits(gateway)
    per_address, everybody = limits.requests_per_minute_per_address, limits.requests_per_second * 60
    name, tier = max(gateway.tiers.items(), key=lambda item: item[1].requests_per_minute)
    if per_address < tier.requests_per_minute:
        yield (
            f"gateway.edge.requestsPerMinutePerAddress: {per_address} refuse what one team of tier {name!r} may make "
            f"from one address, {tier.requests_per_minute} in a minute: raise it to {tier.requests_per_minute} or more"
        )
    if per_address > everybody:
        yield (
            f"gateway.edge.requestsPerSecond: {limits.requests_per_second} in a second are {everybody} in a minute for "
            f"everybody together, and one address may make {per_address}: raise it to {-(-per_address // 60)} or more"
        )


def _image_errors(settings: PlatformSettings, cluster: EksClusterSettings) -> Iterator[str]:
    if cluster.image_cache is None:
        return
    if settings.registry.mirror:
        yield "registry.mirror: a mirror holds every image, and cluster.imageCache would hold none: keep one of the two"
    if not cluster.image_cache.prefix and len(settings.environment) > LONGEST_PREFIX:
        yield (
            f"cluster.imageCache.prefix: environment {settings.environment!r} is too long to begin repositories with: "
            f"set a prefix of at most {LONGEST_PREFIX} characters"
        )
