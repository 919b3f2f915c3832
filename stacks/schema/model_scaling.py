"""When replicas of a model are added and taken away."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacks.schema.base import PositiveInt, SettingsModel

DEFAULT_IDLE_SECONDS = 1800


class ScalingSettings(SettingsModel):
    """Load at which a model gets another replica, and how long it keeps it. Numbers of replicas are in `replicas`."""

    queue_depth: PositiveInt = 5
    """Requests that may wait per replica; when more wait, a replica is added."""
    kv_cache_use: Annotated[float, Field(ge=0.3, le=0.95)] = 0.9
    """Share of the KV cache that may be in use on average over the replicas; when it is more, a replica is added. Only
    for models that generate text."""
    cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """How long the load must have been low enough before a replica is taken away."""
    idle_seconds: Annotated[int, Field(ge=60, le=86400)] | None = None
    """How long nobody may have asked for the model before its last replica stops, where `replicas.min` is 0; null: 30
    minutes. The next client waits as long as the model takes to start."""
    polling_seconds: Annotated[int, Field(ge=5, le=300)] = 15
    """How often the load is looked at."""
