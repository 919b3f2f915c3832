"""Rules on what users of the gateway see: errors, the error budget, latency, budgets.

Metric names and labels: LiteLLM, `litellm/types/integrations/prometheus.py`. Counters gain the suffix `_total`.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.observability_stack.arguments import ServiceLevels
from components.observability_stack.rules.rule import Alert, Record, RuleGroup, Severity

REQUESTS = "litellm_proxy_total_requests_metric_total"
ERRORS = f'{REQUESTS}{{status_code=~"5.."}}'
"""Only server errors count against the platform: a wrong key (401) or a spent budget (429) is the client's affair."""

FEWEST_ERRORS = 5
"""Errors in a window up to which a share says nothing: at night one failure of ten requests is 10 %."""

BUDGET_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class BurnRate:
    """The error budget is used up `factor` times faster than the objective allows, over both windows."""

    long: str
    short: str
    factor: float
    severity: Severity


BURN_RATES = (
    BurnRate(long="1h", short="5m", factor=14.4, severity="critical"),
    BurnRate(long="6h", short="30m", factor=6, severity="critical"),
    BurnRate(long="1d", short="2h", factor=3, severity="warning"),
    BurnRate(long="3d", short="6h", factor=1, severity="warning"),
)
"""Source: The Site Reliability Workbook, chapter 5, table 5-8 (2 %, 5 %, 10 %, 10 % of a 30-day budget)."""

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def gateway_rules(levels: ServiceLevels) -> RuleGroup:
    """Rules of the gateway for the promised `levels`."""
    return RuleGroup(
        name="gateway",
        rules=(
            *(_error_ratio(window) for window in WINDOWS),
            Alert(
                name="GatewayDown",
                expression='absent(up{job="gateway"} == 1)',
                hold="2m",
                severity="critical",
                summary="No gateway instance answers",
                description="Prometheus reaches no gateway pod: no request to any model is served.",
            ),
            *(_burn(rate, levels) for rate in BURN_RATES),
            _error_rate(levels),
            _latency(levels),
            Alert(
                name="GatewayModelOutage",
                expression=_outage("10m"),
                hold="5m",
                severity="critical",
                summary="The gateway gets no answer from {{ $labels.litellm_model_name }}",
                description=(
                    "{{ $value | humanize }} requests failed in the last 10 minutes and none was answered: they fail "
                    "or fall back."
                ),
            ),
            Alert(
                name="TeamBudgetNearlyUsed",
                # Each gateway instance reports what it last saw, so the lowest remainder is the newest.
                expression=(
                    "min by (team_alias) (litellm_remaining_team_budget_metric)"
                    " / max by (team_alias) (litellm_team_max_budget_metric) < 0.1"
                ),
                hold="15m",
                severity="warning",
                summary="Team {{ $labels.team_alias }} has used 90 % of its budget",
                description="{{ $value | humanizePercentage }} of the budget is left; at zero its requests get 429.",
            ),
        ),
    )


def error_ratio(window: str) -> str:
    """Name of the series that holds the share of server errors over `window`."""
    return f"gateway:request_errors:ratio_rate{window}"


def _outage(window: str) -> str:
    # Not by litellm_deployment_state: LiteLLM sets 2 (given up) on a series whose api_base lacks the path that requests
    # have, and never takes it back.
    failures, successes = (
        f"sum by (litellm_model_name) (increase(litellm_deployment_{kind}_responses_total[{window}]))"
        for kind in ("failure", "success")
    )
    return f"{failures} > {FEWEST_ERRORS} unless {successes} > 0"


def _error_ratio(window: str) -> Record:
    # A counter that never counted does not exist: without `or vector(0)` a faultless gateway would have no error rate.
    return Record(
        name=error_ratio(window),
        expression=f"(sum(rate({ERRORS}[{window}])) or vector(0)) / sum(rate({REQUESTS}[{window}]))",
    )


def _burn(rate: BurnRate, levels: ServiceLevels) -> Alert:
    budget = 1 - levels.availability
    # 1 - 0.999 is 0.0010000000000000009 in binary floating point.
    threshold = f"{rate.factor:g} * {budget:.6g}"
    return Alert(
        name="GatewayErrorBudgetBurn",
        expression=(
            f"{error_ratio(rate.long)} > {threshold} and {error_ratio(rate.short)} > {threshold}"
            f" and {_enough_errors(rate.long)}"
        ),
        hold="2m" if rate.severity == "critical" else "15m",
        severity=rate.severity,
        summary=f"At this rate the gateway's error budget of {BUDGET_DAYS} days lasts {BUDGET_DAYS / rate.factor:.0f}",
        description=(
            f"{{{{ $value | humanizePercentage }}}} of requests failed in the last {rate.long}; "
            f"an availability of {_percent(levels.availability)} allows {_percent(budget)}."
        ),
        labels={"window": rate.long},
    )


def _error_rate(levels: ServiceLevels) -> Alert:
    return Alert(
        name="GatewayErrorRateHigh",
        expression=f"{error_ratio('30m')} > {levels.error_rate:g} and {_enough_errors('30m')}",
        hold="5m",
        severity="warning",
        summary="The gateway answers too many requests with a server error",
        description=(
            "{{ $value | humanizePercentage }} of requests failed in the last 30 minutes; "
            f"{_percent(levels.error_rate)} is the limit."
        ),
    )


def _enough_errors(window: str) -> str:
    return f"sum(increase({ERRORS}[{window}])) > {FEWEST_ERRORS}"


def _percent(share: float) -> str:
    return f"{share * 100:.6g} %"


def _latency(levels: ServiceLevels) -> Alert:
    # The whole answer's duration grows with its length, which the client chooses; the first token's does not.
    return Alert(
        name="GatewayLatencyHigh",
        expression=(
            "histogram_quantile(0.95, sum by (le, requested_model) "
            f"(rate(litellm_llm_api_time_to_first_token_metric_bucket[10m]))) > {levels.p95_seconds:g}"
        ),
        hold="10m",
        severity="warning",
        summary="First tokens of {{ $labels.requested_model }} arrive late",
        description=(
            "95 % of streamed requests get their first token within {{ $value | humanizeDuration }}; "
            f"{levels.p95_seconds:g} s are promised."
        ),
    )
