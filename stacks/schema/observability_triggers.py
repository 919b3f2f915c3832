"""When load becomes pressure: the limits of alerts that ask for more or larger GPUs, or for another replica."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacks.schema.base import PositiveInt, SettingsModel


class TriggerSettings(SettingsModel):
    """Limits of the alerts on load. They say when a person should act; what the autoscaler acts on is in each model's
    `scaling`."""

    gpu_use: Annotated[float, Field(ge=0.5, le=0.99)] = 0.85
    """Share of time that the GPUs of a product are busy, over an hour: above it, add GPUs."""
    gpu_memory_use: Annotated[float, Field(ge=0.5, le=0.99)] | None = None
    """Share of a GPU's memory in use; null: 5 % more than the largest `gpuMemoryUtilization` of the models, at least
    90 %. vLLM takes its share at its start, so a limit below it always fires."""
    kv_cache_use: Annotated[float, Field(ge=0.5, le=0.99)] = 0.9
    """Share of a replica's KV cache in use: above it, take a larger GPU, a smaller format or more replicas."""
    queue_depth: PositiveInt = 5
    """Requests waiting per replica, over five minutes: above it, add replicas."""
    p95_seconds: Annotated[float, Field(gt=0, le=600)] = 5
    """Time in seconds within which a model server must give 95 of 100 requests their first token: above it, add
    replicas or lighten the model. A call for a person, where `slo.p95Seconds` is only a warning."""
