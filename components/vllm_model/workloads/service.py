"""The model's Service and PodDisruptionBudget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from components.base import labels
from components.vllm_model.names import PORT, PORT_NAME, SERVER_COMPONENT

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ServiceSpecArgsDict
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgsDict


def service_spec(name: str, also: Mapping[str, str] | None = None) -> ServiceSpecArgsDict:
    """The Service that the gateway calls. `also` are labels of its pods beside the model's."""
    return {
        "type": "ClusterIP",
        "selector": {**labels.selector_labels(name, SERVER_COMPONENT), **(also or {})},
        "ports": [{"name": PORT_NAME, "port": PORT, "target_port": PORT_NAME, "app_protocol": "http"}],
    }


def disruption_budget_spec(name: str) -> PodDisruptionBudgetSpecArgsDict:
    """One server at a time may be evicted; one that never got ready does not hold up a drain.

    Of a replica on several nodes one pod: its whole group stops and starts anew, and until it has, no other group is
    touched.
    """
    return {
        "max_unavailable": 1,
        "unhealthy_pod_eviction_policy": "AlwaysAllow",
        "selector": {"match_labels": labels.selector_labels(name, SERVER_COMPONENT)},
    }
