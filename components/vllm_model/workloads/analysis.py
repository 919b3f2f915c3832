"""What a new version of a model is judged by: AnalysisTemplates (argoproj.io/v1alpha1, Argo Rollouts 1.9).

Metric names: vLLM 0.33 (`vllm/v1/metrics/loggers.py`), prometheus-fastapi-instrumentator (the HTTP side of vLLM) and
kube-state-metrics. Pods of one version are told from those of another by their names, which hold the hash of the pod
template: `<rollout>-<hash>-<suffix>`.
"""

from __future__ import annotations

from typing import Any

from components.base.models import TEXT_TASKS, Task
from components.base.rollout_plan import RolloutPlan, UpdateWindow
from components.vllm_model.names import NAMESPACE
from components.vllm_model.scaling.arguments import PROMETHEUS_URL

HASH = "pod-template-hash"
"""Argument of every template: hash of the version that is judged."""

INTERVAL_SECONDS = 60

_SINCE = "6h"
"""Range of the judgement at a step. The series of a new version begin with it, so this is all that it has answered."""
_RECENT = "5m"
"""Range of the watch between steps: what goes wrong now."""
_PATIENCE = 24 * 60 * 60 // INTERVAL_SECONDS
"""Measurements, a minute apart, without enough requests: after a day a person is asked."""
_PROMETHEUS_AWAY = 360
"""Failed queries in a row, ten seconds apart: an hour without Prometheus, and nobody can say that all is well."""

MINUTES_OF_DAY = 24 * 60
MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY


def hash_arguments() -> list[dict[str, Any]]:
    """Arguments with which a Rollout starts an analysis of its newest version."""
    return [{"name": HASH, "valueFrom": {"podTemplateHashValue": "Latest"}}]


def step_spec(model: str, task: Task, plan: RolloutPlan) -> dict[str, Any]:
    """Judgement of a canary at one share: waits for enough requests, then passes or fails at once."""
    once = {"consecutiveSuccessLimit": 1, "inconclusiveLimit": _PATIENCE}
    return _template(
        _metric("errors", error_query(model, _SINCE, plan.min_requests), _most(plan.error_rate), once),
        _metric("latency", latency_query(model, task, _SINCE, plan.min_requests), _most(plan.p95_seconds), once),
    )


def watch_spec(model: str, plan: RolloutPlan) -> dict[str, Any]:
    """Runs beside all steps of a canary: crashes, and errors of the last minutes. Too few requests are no fault."""
    ends_with_rollout: dict[str, Any] = {}
    recent_errors = {"successCondition": f"len(result) == 0 || result[0] <= {plan.error_rate:g}", "failureLimit": 1}
    return _template(
        _metric("errors", error_query(model, _RECENT, plan.min_requests), recent_errors, ends_with_rollout),
        _crashes(model, ends_with_rollout),
    )


def before_takeover_spec(model: str, plan: RolloutPlan) -> dict[str, Any]:
    """What a second set of replicas must show before requests go to it: that it runs. Nobody asks it anything yet."""
    times = max(2, plan.pause_seconds // INTERVAL_SECONDS)
    return _template(_crashes(model, {"count": times}))


def after_takeover_spec(model: str, task: Task, plan: RolloutPlan) -> dict[str, Any]:
    """Judges a second set of replicas while the first one still stands by to take the requests back."""
    times = max(2, plan.pause_seconds // INTERVAL_SECONDS)
    watched = {"count": times, "inconclusiveLimit": times}
    return _template(
        _metric("errors", error_query(model, _SINCE, plan.min_requests), _most(plan.error_rate), watched),
        _metric("latency", latency_query(model, task, _SINCE, plan.min_requests), _most(plan.p95_seconds), watched),
        _crashes(model, {"count": times}),
    )


def window_spec(windows: tuple[UpdateWindow, ...]) -> dict[str, Any]:
    """Passes as soon as one of `windows` is open, and never fails."""
    metric = _metric(
        "window",
        window_query(windows),
        {"successCondition": "result[0] > 0", "failureLimit": -1},
        {"consecutiveSuccessLimit": 1},
    )
    return {"metrics": [metric]}


def error_query(model: str, period: str, least: int) -> str:
    """Share of requests that ended in a server error; nothing while there were fewer than `least`.

    A request that fails in the middle of a stream has begun with status 200: the engine counts it. One that fails
    before is counted on both sides, which only makes the judgement stricter.
    """
    server_errors = f'sum(increase(http_requests_total{{{_pods(model)},status="5xx"}}[{period}]))'
    engine_errors = f'sum(increase(vllm:request_success_total{{{_pods(model)},finished_reason="error"}}[{period}]))'
    return (
        f"(({server_errors} or vector(0)) + ({engine_errors} or vector(0))) / ({_requests(model, period)} >= {least})"
    )


def latency_query(model: str, task: Task, period: str, least: int) -> str:
    """95th percentile in seconds: to the first token of generated text, of the whole request otherwise; nothing while
    there were fewer than `least` requests."""
    metric = "vllm:time_to_first_token_seconds" if task in TEXT_TASKS else "http_request_duration_highr_seconds"
    quantile = f"histogram_quantile(0.95, sum by (le) (increase({metric}_bucket{{{_pods(model)}}}[{period}])))"
    return f"{quantile} and on() ({_requests(model, period)} >= {least})"


def window_query(windows: tuple[UpdateWindow, ...]) -> str:
    """1 or more while a window is open, 0 otherwise. PromQL counts days from Sunday, in UTC."""
    return " + ".join(f"({_minutes_since(window)} < bool {window.minutes})" for window in windows)


def _minutes_since(window: UpdateWindow) -> str:
    since_sunday = (window.start + MINUTES_OF_DAY) % MINUTES_OF_WEEK
    now = f"day_of_week() * {MINUTES_OF_DAY} + hour() * 60 + minute()"
    return f"(({now} + {MINUTES_OF_WEEK - since_sunday}) % {MINUTES_OF_WEEK})"


def _requests(model: str, period: str) -> str:
    return f"sum(increase(http_requests_total{{{_pods(model)}}}[{period}]))"


def _crashes(model: str, repetition: dict[str, Any]) -> dict[str, Any]:
    query = f'max(kube_pod_container_status_restarts_total{{{_pods(model)},container="vllm"}})'
    # No series yet is no crash: a pod that does not start at all is what the progress deadline is for.
    return _metric("crashes", query, {"successCondition": "len(result) == 0 || result[0] == 0"}, repetition)


def _pods(model: str) -> str:
    return f'namespace="{NAMESPACE}",pod=~"{model}-{{{{args.{HASH}}}}}-.+"'


def _most(limit: float) -> dict[str, Any]:
    """Passes up to `limit`, fails above it, and decides nothing without a number."""
    return {
        "successCondition": f"len(result) > 0 && result[0] <= {limit:g}",
        "failureCondition": f"len(result) > 0 && result[0] > {limit:g}",
    }


def _template(*metrics: dict[str, Any]) -> dict[str, Any]:
    return {"args": [{"name": HASH}], "metrics": list(metrics)}


def _metric(name: str, query: str, conditions: dict[str, Any], repetition: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "interval": f"{INTERVAL_SECONDS}s",
        **conditions,
        **repetition,
        "consecutiveErrorLimit": _PROMETHEUS_AWAY,
        "provider": {"prometheus": {"address": PROMETHEUS_URL, "query": query}},
    }
