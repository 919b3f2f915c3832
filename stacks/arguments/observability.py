"""Settings of observability and of the models → when alerts on load fire."""

from __future__ import annotations

from components.observability_stack import Triggers
from components.vllm_model.durations import rollout_seconds
from stacks.serving import serving
from stacks.settings import PlatformSettings

_ABOVE_RESERVED = 0.05
"""CUDA contexts and libraries, which are outside of what a model server counts as its own, take 1 to 3 % of a GPU."""
_LEAST_MEMORY, _MOST_MEMORY = 0.9, 0.99


def triggers(settings: PlatformSettings) -> Triggers:
    """Limits of the alerts on load."""
    given = settings.observability.triggers
    return Triggers(
        gpu_use=given.gpu_use,
        gpu_memory_use=given.gpu_memory_use or _above_reserved(settings),
        kv_cache_use=given.kv_cache_use,
        queue_depth=given.queue_depth,
        p95_seconds=given.p95_seconds,
        start_seconds=max(rollout_seconds(serving(model)) for model in settings.models),
    )


def _above_reserved(settings: PlatformSettings) -> float:
    reserved = max(model.gpu_memory_utilization for model in settings.models)
    return round(min(_MOST_MEMORY, max(_LEAST_MEMORY, reserved + _ABOVE_RESERVED)), 3)
