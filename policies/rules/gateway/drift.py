"""What changes at run time is noticed: there are alerts on what shows only then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from policies.checks import per_subject
from policies.fields import any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.normalise import UnknownValueError
from policies.registry import Rule
from policies.servers import LITELLM, VLLM, servers_in
from policies.stack import Stack
from policies.subjects import Subject


class Signal(NamedTuple):
    """A metric that must be able to raise an alert where servers of `image` run."""

    image: str
    metric: str


SIGNALS = (
    Signal(VLLM, "DCGM_FI_DEV_XID_ERRORS"),
    Signal(VLLM, "vllm:kv_cache_usage_perc"),
    Signal(VLLM, "vllm:num_requests_waiting"),
    Signal(LITELLM, "litellm_remaining_team_budget_metric"),
    Signal(LITELLM, "litellm_proxy_total_requests_metric"),
)


def _watched(stack: Stack) -> Iterator[Subject]:
    """The first workload of each kind of server, and those of which the kind is not known."""
    waiting = {signal.image for signal in SIGNALS}
    for workload in stack.workloads:
        try:
            found = {image for image in waiting if _serves(workload, image)}
        except UnknownValueError:
            yield workload
            continue
        if found:
            waiting -= found
            yield workload


def _serves(workload: Subject, image: str) -> bool:
    return any_known(workload.pods, lambda pod: any(servers_in(pod, image)))


def _raises_alerts(stack: Stack, workload: Subject) -> Outcomes:
    for signal in SIGNALS:
        if _serves(workload, signal.image) and not _is_alerted(stack, signal.metric):
            message = f"no alert of the stack looks at {signal.metric}"
            yield Violation("metadata.name", message)


def _is_alerted(stack: Stack, metric: str) -> bool:
    alerts = (
        rule
        for rules in stack.of("monitoring.coreos.com", "PrometheusRule")
        for group in rules.root.at("spec", "groups").items()
        for rule in group.at("rules").items()
    )
    return any_known(alerts, lambda rule: rule.at("alert").present and metric in rule.at("expr").text())


RULES = (
    Rule(
        id="AI-24",
        title="Alerts watch models, GPUs and budgets",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="GPU faults, a full KV cache, long queues and spent budgets show at run time only, and without an "
        "alert the users notice them first.",
        sources=("NIST AI RMF: MEASURE 2.4", "NVIDIA documentation: Xid Errors", "own"),
        remediation="Deploy the observability stack, whose rules hold these alerts, or add them to a PrometheusRule.",
        of_stack=per_subject(_watched, _raises_alerts),
    ),
)
