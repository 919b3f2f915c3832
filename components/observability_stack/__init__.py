"""Metrics, dashboards and alerts: Prometheus, Alertmanager and Grafana, what they watch and when they call a person."""

from components.observability_stack.arguments import (
    ObservabilityStackArgs,
    Retention,
    SecretKey,
    ServiceLevels,
    Triggers,
)
from components.observability_stack.component import ObservabilityStack

__all__ = [
    "ObservabilityStack",
    "ObservabilityStackArgs",
    "Retention",
    "SecretKey",
    "ServiceLevels",
    "Triggers",
]
