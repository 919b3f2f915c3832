"""Service levels and how long metrics are kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacks.schema.base import PositiveInt, SettingsModel
from stacks.schema.observability_triggers import TriggerSettings


class SloSettings(SettingsModel):
    """What users are promised. Alerts follow from it."""

    # Below 0.95 the fastest burn-rate alert (14.4 times the error budget) would need more than 72 % errors.
    availability: Annotated[float, Field(ge=0.95, lt=1)] = 0.999
    """Share of requests, over 30 days, that are answered without a server error. 0.999 allows 43 minutes of outage."""
    error_rate: Annotated[float, Field(gt=0, lt=1)] = 0.001
    """Highest share of server errors over half an hour."""
    p95_seconds: Annotated[float, Field(gt=0, le=600)] = 2
    """Time in seconds within which 95 of 100 requests get their first token."""


class RetentionSettings(SettingsModel):
    """How long metrics are kept in the cluster: until either limit is reached."""

    metrics_days: PositiveInt = 15
    """Days."""
    metrics_gib: Annotated[int, Field(ge=2)] = 50
    """Size in GiB of the volume of each Prometheus replica; the oldest metrics go when four fifths of it are used."""


class ObservabilitySettings(SettingsModel):
    """Metrics, dashboards and alerts. Where alerts are sent is a secret of its own: `ai-platform:alertWebhookUrl`."""

    slo: SloSettings = SloSettings()
    """Service levels."""
    triggers: TriggerSettings = TriggerSettings()
    """When load becomes pressure."""
    retention: RetentionSettings = RetentionSettings()
    """Retention of metrics."""
    replicas: PositiveInt = 2
    """Instances of Prometheus and of Alertmanager. With one, the loss of its node leaves the platform unwatched."""
