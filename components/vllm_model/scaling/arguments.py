"""Between which numbers of replicas a model moves, and at which load."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base.namespaces import OBSERVABILITY
from components.base.naming import service_host
from components.base.operator_objects import PROMETHEUS_SERVICE

PROMETHEUS_URL = f"http://{service_host(PROMETHEUS_SERVICE, OBSERVABILITY)}:9090"


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """A model that is scaled between `min_replicas` (0: it stops when nobody asks) and `max_replicas`.

    A replica is added when more than `queue_depth` requests wait per replica, or when the KV caches are fuller than
    `kv_cache_use` (a share) on average. One is taken away when the load would have allowed that for `cooldown_seconds`,
    the last one after `idle_seconds` without a request. `polling_seconds` is how often a stopped model's demand is
    looked at. `demand` are all names by which clients may ask for the model: its own, those of its adapters, and those
    of cascades and splits that lead to it.
    """

    min_replicas: int
    max_replicas: int
    demand: tuple[str, ...]
    queue_depth: int = 5
    kv_cache_use: float = 0.9
    cooldown_seconds: int = 300
    idle_seconds: int = 1800
    polling_seconds: int = 15
    prometheus_url: str = PROMETHEUS_URL

    def __post_init__(self) -> None:
        if not 0 <= self.min_replicas < self.max_replicas:
            message = f"scaling between {self.min_replicas} and {self.max_replicas} replicas leaves nothing to scale"
            raise ValueError(message)
        if not self.demand:
            message = "scaling needs the names by which clients ask for the model"
            raise ValueError(message)

    @property
    def stops(self) -> bool:
        """Whether the model has no replica while nobody asks for it."""
        return self.min_replicas == 0


def leave_replicas(scaling: Scaling | None) -> pulumi.ResourceOptions:
    """Options of what is scaled: its number of replicas is the engine's at creation, the autoscaler's afterwards.

    The provider leaves an ignored field to the manager that owns it (server-side apply), so an update neither resets
    nor fights the autoscaler.
    """
    return pulumi.ResourceOptions(ignore_changes=["spec.replicas"] if scaling else None)
