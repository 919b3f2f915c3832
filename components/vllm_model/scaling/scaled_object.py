"""The ScaledObject of a model (keda.sh/v1alpha1), from which KEDA makes a HorizontalPodAutoscaler."""

from __future__ import annotations

from typing import Any

from components.base.models import TEXT_TASKS, Task
from components.vllm_model.scaling.arguments import Scaling
from components.vllm_model.scaling.queries import cache_query, demand_query, queue_query
from components.vllm_model.workloads.target import ScaleTarget

API_VERSION = "keda.sh/v1alpha1"
KIND = "ScaledObject"

TOLERANCE = 0.1
"""Deviation from the target that an autoscaler lets pass (`--horizontal-pod-autoscaler-tolerance` of Kubernetes)."""

SUSTAINED_SECONDS = 30
"""How long load must last before it adds replicas: a burst is over long before a new replica has its weights."""

_REPLICAS_AT_ONCE = 2
_UP_PERIOD = 60
_DOWN_PERIOD = 120
_FAILURES = 3
_NEVER = "1000000"
"""Threshold of a trigger that starts the first replica and asks for no second one."""


def scaled_object_spec(model: str, task: Task, target: ScaleTarget, scaling: Scaling) -> dict[str, Any]:
    """`spec` of the ScaledObject of `model`."""
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": target.api_version, "kind": target.kind, "name": target.name},
        "minReplicaCount": scaling.min_replicas,
        "maxReplicaCount": scaling.max_replicas,
        "pollingInterval": scaling.polling_seconds,
        # While Prometheus cannot be asked, what runs goes on. At 0 KEDA would count a busy model as idle and stop it.
        "fallback": {
            "failureThreshold": _FAILURES,
            "replicas": max(1, scaling.min_replicas),
            "behavior": "currentReplicasIfHigher",
        },
        "advanced": {"horizontalPodAutoscalerConfig": {"name": model, "behavior": _behavior(scaling)}},
        "triggers": _triggers(model, task, scaling),
    }
    if scaling.stops:
        # Counts for the last replica only; all others are the HorizontalPodAutoscaler's.
        spec["cooldownPeriod"] = scaling.idle_seconds
    return spec


def _behavior(scaling: Scaling) -> dict[str, Any]:
    """Up by few, because a replica takes minutes to help; down by one, because each first finishes its streams."""
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": SUSTAINED_SECONDS,
            "policies": [{"type": "Pods", "value": _REPLICAS_AT_ONCE, "periodSeconds": _UP_PERIOD}],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": scaling.cooldown_seconds,
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": _DOWN_PERIOD}],
        },
    }


def _triggers(model: str, task: Task, scaling: Scaling) -> list[dict[str, Any]]:
    triggers = [_trigger("queue", queue_query(model), str(scaling.queue_depth), scaling)]
    if task in TEXT_TASKS:
        # An average of 0.95 exceeds 0.9 by less than the autoscaler's tolerance: aimed at 0.9 it would hardly ever act.
        percent = 100 * scaling.kv_cache_use / (1 + TOLERANCE)
        triggers.append(_trigger("kv-cache", cache_query(model), f"{percent:.1f}", scaling))
    if scaling.stops:
        triggers.append(_trigger("demand", demand_query(scaling.demand), _NEVER, scaling))
    return triggers


def _trigger(name: str, query: str, threshold: str, scaling: Scaling) -> dict[str, Any]:
    """A sum over all replicas: the autoscaler divides it by `threshold` per replica (AverageValue)."""
    return {
        "type": "prometheus",
        "name": name,
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": scaling.prometheus_url,
            "query": query,
            "threshold": threshold,
            # A stopped model has no metrics. One that must run and has none is in trouble, not without load.
            "ignoreNullValues": "true" if scaling.stops else "false",
        },
    }
