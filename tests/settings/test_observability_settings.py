from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stacks.schema.observability import ObservabilitySettings


def test_nothing_needs_to_be_set() -> None:
    settings = ObservabilitySettings.model_validate({})
    assert settings.slo.availability == 0.999
    assert settings.slo.error_rate == 0.001
    assert settings.slo.p95_seconds == 2
    assert (settings.retention.metrics_days, settings.retention.metrics_gib) == (15, 50)
    assert settings.replicas == 2


def test_keys_are_camel_case() -> None:
    settings = ObservabilitySettings.model_validate(
        {
            "slo": {"availability": 0.99, "errorRate": 0.01, "p95Seconds": 5},
            "retention": {"metricsDays": 30, "metricsGib": 200},
            "replicas": 1,
        }
    )
    assert settings.slo.p95_seconds == 5
    assert settings.retention.metrics_gib == 200


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"slo": {"availability": 1}}, "availability"),
        ({"slo": {"availability": 99.9}}, "availability"),
        ({"slo": {"availability": 0.5}}, "availability"),
        ({"slo": {"errorRate": 0}}, "errorRate"),
        ({"slo": {"p95Seconds": 0}}, "p95Seconds"),
        ({"retention": {"metricsDays": 0}}, "metricsDays"),
        ({"retention": {"metricsGib": 1}}, "metricsGib"),
        ({"replicas": 0}, "replicas"),
        ({"alertWebhookUrl": "https://hooks.example.org"}, "alertWebhookUrl"),
    ],
)
def test_what_cannot_work_is_refused_by_its_key(section: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        ObservabilitySettings.model_validate(section)
    (error,) = refusal.value.errors()
    assert error["loc"][-1] == key
