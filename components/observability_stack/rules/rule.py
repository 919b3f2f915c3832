"""The two kinds of Prometheus rule, and how an alert finds its runbook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning", "info"]
"""critical: users are hurt now, wake someone. warning: will hurt them, this week. info: worth knowing."""

RUNBOOKS = "docs/runbooks"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A recording rule: `expression` (PromQL) evaluated into the series `name`."""

    name: str
    expression: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alerting rule.

    `expression` is PromQL, `hold` how long it must be true (Prometheus duration). `summary` and `description` may hold
    Prometheus templates (`{{ $labels.pod }}`, `{{ $value }}`). `labels` are added to those of the series.
    """

    name: str
    expression: str
    hold: str
    severity: Severity
    summary: str
    description: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class RuleGroup:
    """Rules evaluated together, in order. Its alerts are explained in `docs/runbooks/<name>-alerts.md`."""

    name: str
    rules: tuple[Record | Alert, ...]


def runbook(group: str, alert: str) -> str:
    """Path of the section that explains `alert`, relative to the root of the repository."""
    return f"{RUNBOOKS}/{group}-alerts.md#{alert.lower()}"


def group_spec(group: RuleGroup) -> dict[str, Any]:
    """One entry of `spec.groups` of a PrometheusRule."""
    return {"name": group.name, "rules": [_rule(group.name, rule) for rule in group.rules]}


def rules_spec(groups: Iterable[RuleGroup]) -> dict[str, Any]:
    """`spec` of a PrometheusRule. The same text is a rule file of Prometheus itself."""
    return {"groups": [group_spec(group) for group in groups]}


def _rule(group: str, rule: Record | Alert) -> dict[str, Any]:
    match rule:
        case Record():
            return {"record": rule.name, "expr": rule.expression}
        case Alert():
            return {
                "alert": rule.name,
                "expr": rule.expression,
                "for": rule.hold,
                "labels": {"severity": rule.severity, **rule.labels},
                "annotations": {
                    "summary": rule.summary,
                    "description": rule.description,
                    "runbook_url": runbook(group, rule.name),
                },
            }
