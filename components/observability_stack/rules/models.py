"""Rules on the model servers.

Metric names: vLLM 0.33, `vllm/v1/metrics/loggers.py` (`vllm:gpu_cache_usage_perc` and
`vllm:time_per_output_token_seconds` of older dashboards no longer exist).
"""

from __future__ import annotations

from collections.abc import Iterable

from components.observability_stack.arguments import ServiceLevels
from components.observability_stack.rules.rule import Alert, RuleGroup

LONGEST_QUEUE = 5
"""Requests waiting per replica: more, and a client waits for several others to finish first."""


def model_rules(levels: ServiceLevels, models: Iterable[str]) -> RuleGroup:
    """Rules of all model servers, and one per model of `models` that must always have a replica."""
    return RuleGroup(
        name="models",
        rules=(
            *(_model_down(model) for model in models),
            Alert(
                name="ModelQueueLong",
                expression=f"avg by (model_name) (vllm:num_requests_waiting) > {LONGEST_QUEUE}",
                hold="5m",
                severity="warning",
                summary="Requests queue at {{ $labels.model_name }}",
                description='{{ $value | printf "%.0f" }} requests wait per replica; add replicas or lower the limits.',
            ),
            Alert(
                name="ModelKvCacheNearlyFull",
                expression="max by (model_name, pod) (vllm:kv_cache_usage_perc) > 0.9",
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
                expression=(
                    "histogram_quantile(0.95, sum by (le, model_name) "
                    f"(rate(vllm:time_to_first_token_seconds_bucket[10m]))) > {levels.p95_seconds:g}"
                ),
                hold="10m",
                severity="warning",
                summary="{{ $labels.model_name }} is slow to its first token",
                description=(
                    "95 % of requests get their first token from the server within {{ $value | humanizeDuration }}; "
                    f"{levels.p95_seconds:g} s are promised at the gateway."
                ),
            ),
        ),
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
