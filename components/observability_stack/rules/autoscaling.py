"""Rules on what adds and removes replicas of models.

Metric names: KEDA 2.20, `pkg/metricscollector/prommetrics.go`; kube-state-metrics,
`docs/metrics/workload/horizontalpodautoscaler-metrics.md`. A model, its ScaledObject and its HorizontalPodAutoscaler
have one name.
"""

from __future__ import annotations

from components.observability_stack.rules.rule import Alert, RuleGroup

AUTOSCALERS = 'namespace="models"'
"""Autoscalers of models, among all that kube-state-metrics reports."""


def of_model(series: str, label: str) -> str:
    """`series`, whose `label` is a model's name, with that name in `model_name`."""
    return f'label_replace({series}, "model_name", "$1", "{label}", "(.+)")'


def at_maximum() -> str:
    """Models that have as many replicas as their stack file allows."""
    current = f"kube_horizontalpodautoscaler_status_current_replicas{{{AUTOSCALERS}}}"
    return of_model(f"{current} >= kube_horizontalpodautoscaler_spec_max_replicas", "horizontalpodautoscaler")


def stopped() -> str:
    """Models that have no replica because nobody asks for them."""
    current = f"kube_horizontalpodautoscaler_status_current_replicas{{{AUTOSCALERS}}}"
    return of_model(f"{current} == 0", "horizontalpodautoscaler")


def autoscaling_rules() -> RuleGroup:
    """Rules of the operator that scales models."""
    errors = of_model(f"increase(keda_scaled_object_errors_total{{{AUTOSCALERS}}}[10m])", "scaledObject")
    return RuleGroup(
        name="autoscaling",
        rules=(
            Alert(
                name="AutoscalerDown",
                expression='absent(up{job="autoscaler"} == 1)',
                hold="10m",
                severity="warning",
                summary="KEDA does not answer",
                description="Models keep the replicas that they have; a model that stopped stays stopped.",
            ),
            Alert(
                name="ModelScalingFails",
                # While all replicas of a model load their weights, nobody knows its load: that is no fault.
                expression=(
                    f"sum by (model_name) ({errors}) > 0 and on (model_name) (vllm:num_requests_running or {stopped()})"
                ),
                hold="15m",
                severity="warning",
                summary="The load of {{ $labels.model_name }} cannot be read",
                description="Its replicas stay as they are: KEDA gets no sensible answer from Prometheus.",
            ),
        ),
    )
