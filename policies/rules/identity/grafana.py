"""Grafana knows who looks at it."""

from __future__ import annotations

from policies.checks import guarded, per_container, together
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.grafana_config import chart_values, per_grafana
from policies.pods import Container
from policies.registry import Rule
from policies.servers import variable
from policies.subjects import Subject


def _knows_who_looks(settings: Field) -> Outcomes:
    anonymous = settings.at("auth.anonymous", "enabled")
    if anonymous.value not in (None, False):
        yield Violation(anonymous.path, "must be off: everybody would see how teams use models")
    sign_on = settings.at("auth.generic_oauth", "enabled")
    if sign_on.value is not True:
        yield Violation(sign_on.path, "must be on: people sign in at the realm")
    strict = settings.at("auth.generic_oauth", "role_attribute_strict")
    if strict.value is not True:
        yield Violation(strict.path, "must be on: whoever has no role would still get in")


def _has_no_default_password(subject: Subject) -> Outcomes:
    values = chart_values(subject)
    if values is not None:
        secret = values.at("admin", "existingSecret")
        if not secret.text():
            yield Violation(secret.path, "must name a Secret: the chart has a default password")


def _is_not_opened(container: Container) -> Outcomes:
    opened = variable(container, "GF_AUTH_ANONYMOUS_ENABLED").at("value")
    if opened.text().lower() == "true":
        yield Violation(opened.path, "must not be true")


RULES = (
    Rule(
        id="AI-39",
        title="Grafana knows who looks",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Anybody who reaches Grafana, or knows the chart's default password, sees how every team uses the models.",
        sources=("Grafana documentation: Configure security", "own"),
        remediation="Switch on auth.generic_oauth with strict roles, leave anonymous access off, and name a Secret.",
        of_object=together(
            per_grafana(_knows_who_looks),
            lambda subject: guarded(_has_no_default_password, subject),
            per_container(_is_not_opened),
        ),
    ),
)
