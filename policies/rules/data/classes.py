"""Data goes only where its class allows: no route and no fallback leads out of the platform unasked."""

from __future__ import annotations

from collections.abc import Iterable

from policies.checks import each
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import JSON, configs, teams_in, with_stack
from policies.gateway_routes import Routes, leaves
from policies.registry import Rule
from policies.stack import Stack


def _data_stays(stack: Stack, teams: Field) -> Outcomes:
    routes = stack.once(_routes)
    yield from each(teams.items(), lambda team: _team_stays(stack, routes, team))


def _routes(stack: Stack) -> list[Routes]:
    return [Routes(config) for config in configs(stack)]


def _team_stays(stack: Stack, all_routes: Iterable[Routes], team: Field) -> Outcomes:
    data_class, models = team.at("metadata", "data-class"), team.at("models")
    listed = {model.text() for model in models.items()} or {"*"}
    aliases = {target.text() for _, target in team.at("model_aliases").entries()}
    for routes in all_routes:
        starts = {name for entry in listed | aliases for name in routes.granted(entry)}
        reached = [
            deployment for name in sorted(routes.reached(starts)) for deployment in routes.deployments.get(name, ())
        ]
        if any(data_class.text() not in _classes(deployment) for deployment in reached if leaves(stack, deployment)):
            message = "the team's models or their fallbacks lead to an external model that is not for its data"
            yield Violation(models.path, message)


def _classes(deployment: Field) -> list[str]:
    """Classes of data that an external model may get; none where it says nothing."""
    return [item.text() for item in deployment.at("model_info", "data_classes").items()]


RULES = (
    Rule(
        id="AI-16",
        title="Data leaves the platform only where its class allows",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Confidential prompts reach an external provider, often by a fallback in the middle of an outage, "
        "and nobody decided that they may.",
        sources=("GDPR chapter V", "OWASP LLM02: Sensitive Information Disclosure", "own"),
        remediation="State the classes that an external model may get (gateway.external.dataClasses), and take it out "
        "of the models and fallbacks of teams with other data.",
        of_stack=with_stack(_data_stays, teams_in, JSON),
    ),
)
