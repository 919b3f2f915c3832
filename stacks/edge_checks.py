"""Checks of how clients and images enter a cluster in AWS, against the rest of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stacks.arguments.eks_edge import firewall_problem, idle_problem
from stacks.schema.cluster import EksClusterSettings
from stacks.schema.eks_images import LONGEST_PREFIX

if TYPE_CHECKING:
    from stacks.settings import PlatformSettings


def edge_errors(settings: PlatformSettings) -> Iterator[str]:
    """Problems, each as `<key path>: <what is wrong and how to mend it>`; none for other kinds of cluster."""
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
