"""The gateway's autoscaler and disruption budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import labels
from components.inference_gateway.names import LITELLM_COMPONENT, LITELLM_NAME

if TYPE_CHECKING:
    from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscalerSpecArgsDict
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgsDict

_CPU_PERCENT = 60


def autoscaler_spec(replicas: tuple[int, int]) -> HorizontalPodAutoscalerSpecArgsDict:
    """Scale on CPU between the two numbers of `replicas`.

    Scaling down is slow: each removed pod first finishes its streams.
    """
    minimum, maximum = replicas
    return {
        "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": LITELLM_NAME},
        "min_replicas": minimum,
        "max_replicas": maximum,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "average_utilization": _CPU_PERCENT}},
            }
        ],
        "behavior": {
            "scale_up": {"policies": [{"type": "Percent", "value": 100, "period_seconds": 30}]},
            "scale_down": {
                "stabilization_window_seconds": 300,
                "policies": [{"type": "Pods", "value": 1, "period_seconds": 60}],
            },
        },
    }


def disruption_budget_spec() -> PodDisruptionBudgetSpecArgsDict:
    """One pod at a time may be evicted."""
    return {
        "max_unavailable": 1,
        "selector": {"match_labels": labels.selector_labels(LITELLM_NAME, LITELLM_COMPONENT)},
    }
