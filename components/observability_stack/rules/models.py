"""Rules on the model servers.

Metric names: vLLM 0.33, `vllm/v1/metrics/loggers.py` (`vllm:gpu_cache_usage_perc` and
`vllm:time_per_output_token_seconds` of older dashboards no longer exist).
"""

from __future__ import annotations

from collections.abc import Iterable

from components.observability_stack.arguments import ServiceLevels, Triggers
from components.observability_stack.rules.autoscaling import at_maximum
from components.observability_stack.rules.rule import Alert, RuleGroup

QUEUE = "avg by (model_name) (sum by (model_name, pod) (vllm:num_requests_waiting))"
"""Requests waiting per replica. A replica with data parallelism reports one queue per copy of the model."""

P95_SECONDS = "histogram_quantile(0.95, sum by (le, model_name) (rate(vllm:time_to_first_token_seconds_bucket[10m])))"
"""Time to the first token: the whole answer's duration grows with its length, which the client chooses."""


def model_rules(levels: ServiceLevels, models: Iterable[str], triggers: Triggers) -> RuleGroup:
    """Rules of all model servers, and one per model of `models` that must always have a replica."""
    long_queue = f"{QUEUE} > {triggers.queue_depth}"
    return RuleGroup(
        name="models",
        rules=(
            *(_model_down(model) for model in models),
            Alert(
                name="ModelQueueLong",
                expression=f"{long_queue} unless on (model_name) {at_maximum()}",
                hold="5m",
                severity="warning",
                summary="Requests queue at {{ $labels.model_name }}",
                description='{{ $value | printf "%.0f" }} requests wait per replica; add replicas or lower the limits.',
            ),
            Alert(
                name="ModelAtMaximum",
                expression=f"{long_queue} and on (model_name) {at_maximum()}",
                hold="5m",
                severity="warning",
                summary="{{ $labels.model_name }} has all its replicas, and requests queue",
                description='{{ $value | printf "%.0f" }} requests wait per replica, and replicas.max is reached.',
            ),
            _cannot_start(triggers),
            Alert(
                name="ModelKvCacheNearlyFull",
                expression=f"max by (model_name, pod) (vllm:kv_cache_usage_perc) > {triggers.kv_cache_use:g}",
                hold="10m",
                severity="warning",
                summary="The KV cache of {{ $labels.model_name }} is nearly full",
                description="{{ $labels.pod }} uses {{ $value | humanizePercentage }}; new requests wait.",
            ),
            Alert(
                name="ModelPreemptsRequests",
                expression="sum by (model_name) (rate(vllm:num_preemptions_total[10m])) > 0.1",
                hold="10m",
                severity="warning",
                summary="{{ $labels.model_name }} preempts running requests",
                description='{{ $value | printf "%.1f" }} preemptions per second: their work is computed again.',
            ),
            Alert(
                name="ModelFirstTokenLate",
                expression=f"{P95_SECONDS} > {levels.p95_seconds:g}",
                hold="10m",
                severity="warning",
                summary="{{ $labels.model_name }} is slow to its first token",
                description=(
                    "95 % of requests get their first token from the server within {{ $value | humanizeDuration }}; "
                    f"{levels.p95_seconds:g} s are promised at the gateway."
                ),
            ),
            Alert(
                name="ModelLatencyHigh",
                # Never below what is promised: the warning comes before the call.
                expression=f"{P95_SECONDS} > {max(levels.p95_seconds, triggers.p95_seconds):g}",
                hold="10m",
                severity="critical",
                summary="{{ $labels.model_name }} keeps its users waiting",
                description=(
                    "95 % of requests get their first token from the server within {{ $value | humanizeDuration }}: "
                    "scale the model out or lighten it."
                ),
            ),
        ),
    )


def _cannot_start(triggers: Triggers) -> Alert:
    # The chart's own KubePodNotReady calls after 15 minutes, when large weights are still on their way.
    return Alert(
        name="ModelCannotStart",
        expression=(
            'max by (pod) (kube_pod_status_ready{namespace="models",condition="true"}) == 0 and on (pod) '
            '(kube_pod_status_phase{namespace="models",phase=~"Pending|Running"} == 1)'
        ),
        hold=f"{triggers.start_seconds}s",
        severity="warning",
        summary="{{ $labels.pod }} does not become ready",
        description=f"Longer than any model of the stack may take: {triggers.start_seconds // 60} minutes.",
    )


def _model_down(model: str) -> Alert:
    # A server exports metrics only once its weights are loaded, and a Deployment without pods exports nothing at all:
    # absence is the one sign that both cases share.
    return Alert(
        name="ModelDown",
        expression=f'absent(vllm:num_requests_running{{model_name="{model}"}})',
        hold="10m",
        severity="critical",
        summary=f"No replica of {model} serves",
        description=f"No ready pod of {model} exports metrics. Loading weights may take longer than this alert waits.",
        labels={"model_name": model},
    )
