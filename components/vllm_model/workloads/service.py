"""The model's Service and PodDisruptionBudget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import labels
from components.vllm_model.names import PORT, PORT_NAME, SERVER_COMPONENT

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ServiceSpecArgsDict
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgsDict


def service_spec(name: str) -> ServiceSpecArgsDict:
    """The Service that the gateway calls."""
    return {
        "type": "ClusterIP",
        "selector": labels.selector_labels(name, SERVER_COMPONENT),
        "ports": [{"name": PORT_NAME, "port": PORT, "target_port": PORT_NAME}],
    }


def disruption_budget_spec(name: str) -> PodDisruptionBudgetSpecArgsDict:
    """One server at a time may be evicted; one that never got ready does not hold up a drain."""
    return {
        "max_unavailable": 1,
        "unhealthy_pod_eviction_policy": "AlwaysAllow",
        "selector": {"match_labels": labels.selector_labels(name, SERVER_COMPONENT)},
    }
