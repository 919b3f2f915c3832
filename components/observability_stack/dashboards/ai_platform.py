"""The dashboard "AI platform": from requests at the gateway down to the GPUs.

Metric names as in `components.observability_stack.rules`, where their sources stand.
"""

from __future__ import annotations

from typing import Any

from components.observability_stack.dashboards.panels import Panel, Query, Row, Unit, Variable, dashboard
from components.observability_stack.rules.gateway import ERRORS, REQUESTS, error_ratio
from components.observability_stack.rules.gpus import MEMORY, UTILISATION

DASHBOARD_UID = "ai-platform"
DASHBOARD_FILE = "ai-platform.json"

REQUESTED = 'requested_model=~"$model"'
SERVED = 'model_name=~"$model"'


def ai_platform_dashboard() -> dict[str, Any]:
    """The dashboard's JSON model."""
    return dashboard(
        DASHBOARD_UID,
        "AI platform",
        (Variable(name="model", metric="vllm:num_requests_running", label="model_name"),),
        (
            Row(title="Gateway", panels=(_requests(), _errors(), _first_token())),
            Row(title="Answers", panels=(_total_latency(), _tokens(), _spend())),
            Row(title="Models", panels=(_queue(), _kv_cache(), _model_first_token())),
            Row(title="GPUs", panels=(_utilisation(), _memory(), _temperature(), _power())),
        ),
    )


def _quantiles(metric: str, selector: str, by: str) -> tuple[Query, ...]:
    rate = f"sum by (le, {by}) (rate({metric}_bucket{{{selector}}}[$__rate_interval]))"
    return tuple(
        Query(expression=f"histogram_quantile({share}, {rate})", legend=f"P{share * 100:.0f} {{{{{by}}}}}")
        for share in (0.5, 0.95, 0.99)
    )


def _requests() -> Panel:
    return Panel(
        title="Requests",
        unit="reqps",
        queries=(
            Query(
                expression=f"sum by (requested_model) (rate({REQUESTS}{{{REQUESTED}}}[$__rate_interval]))",
                legend="{{requested_model}}",
            ),
        ),
    )


def _errors() -> Panel:
    return Panel(
        title="Server errors",
        unit="percentunit",
        description="Share of requests answered with 5xx, of all models together and per model.",
        queries=(
            Query(expression=error_ratio("5m"), legend="all"),
            Query(
                expression=(
                    f"sum by (requested_model) (rate({ERRORS}[$__rate_interval]))"
                    f" / sum by (requested_model) (rate({REQUESTS}{{{REQUESTED}}}[$__rate_interval]))"
                ),
                legend="{{requested_model}}",
            ),
        ),
    )


def _first_token() -> Panel:
    return Panel(
        title="Time to first token at the gateway",
        unit="s",
        description="Streamed requests. The service level is promised on P95.",
        queries=_quantiles("litellm_llm_api_time_to_first_token_metric", REQUESTED, "requested_model"),
    )


def _total_latency() -> Panel:
    return Panel(
        title="Time to last token",
        unit="s",
        description="Whole answers; grows with their length.",
        queries=_quantiles("litellm_request_total_latency_metric", REQUESTED, "requested_model"),
    )


def _tokens() -> Panel:
    return Panel(
        title="Tokens per second",
        unit="short",
        queries=tuple(
            Query(
                expression=f"sum by (model_name) (rate(vllm:{kind}_tokens_total{{{SERVED}}}[$__rate_interval]))",
                legend=f"{kind} {{{{model_name}}}}",
            )
            for kind in ("prompt", "generation")
        ),
    )


def _spend() -> Panel:
    return Panel(
        title="Spend by team, per hour",
        unit="currencyUSD",
        queries=(
            Query(expression="sum by (team_alias) (increase(litellm_spend_metric_total[1h]))", legend="{{team_alias}}"),
        ),
    )


def _queue() -> Panel:
    return Panel(
        title="Requests running and waiting",
        unit="short",
        queries=tuple(
            Query(
                expression=f"sum by (model_name) (vllm:num_requests_{state}{{{SERVED}}})",
                legend=f"{state} {{{{model_name}}}}",
            )
            for state in ("running", "waiting")
        ),
    )


def _kv_cache() -> Panel:
    return Panel(
        title="KV cache in use",
        unit="percentunit",
        queries=(Query(expression=f"vllm:kv_cache_usage_perc{{{SERVED}}}", legend="{{model_name}} {{pod}}"),),
    )


def _model_first_token() -> Panel:
    return Panel(
        title="Time to first token at the model",
        unit="s",
        queries=_quantiles("vllm:time_to_first_token_seconds", SERVED, "model_name"),
    )


def _utilisation() -> Panel:
    return _gpu_panel("Utilisation", "percentunit", UTILISATION)


def _memory() -> Panel:
    return _gpu_panel("Memory in use", "percentunit", MEMORY)


def _temperature() -> Panel:
    return _gpu_panel("Temperature", "celsius", "DCGM_FI_DEV_GPU_TEMP")


def _power() -> Panel:
    return _gpu_panel("Power", "watt", "DCGM_FI_DEV_POWER_USAGE")


def _gpu_panel(title: str, unit: Unit, expression: str) -> Panel:
    return Panel(title=title, unit=unit, queries=(Query(expression=expression, legend="{{node}} {{gpu}}"),))
