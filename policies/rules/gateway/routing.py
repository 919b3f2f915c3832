"""Fallbacks that end at a model that can answer."""

from __future__ import annotations

from math import inf

from policies.fields import Field, MalformedError
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import per_gateway_config
from policies.gateway_routes import Routes
from policies.registry import Rule


def _fallbacks_end_well(config: Field) -> Outcomes:
    routes = Routes(config)
    for place, name, target in routes.fallbacks:
        if name not in routes.names:
            yield Violation(place.path, "must belong to a name of the model list")
        if target.text() not in routes.names:
            yield Violation(target.path, "must be a name of the model list")
            continue
        if name in routes.reached([target.text()]):
            yield Violation(target.path, "must not lead back: two models that are down would ask each other")
        if min(_contexts(routes, target.text()), default=inf) < max(_contexts(routes, name), default=0):
            yield Violation(target.path, "must take requests as long as those of the model that it stands in for")


def _contexts(routes: Routes, name: str) -> list[float]:
    """Context lengths of what is behind a name, in tokens, as far as they are stated."""
    deployments = routes.deployments.get(routes.aliases.get(name, name), ())
    lengths = (deployment.at("model_info", "max_input_tokens") for deployment in deployments)
    return [_number(length) for length in lengths if length.present]


def _number(length: Field) -> float:
    if not isinstance(length.value, (int, float)):
        raise MalformedError(length.path, "a number of tokens")
    return length.value


RULES = (
    Rule(
        id="AI-17",
        title="Fallbacks end at a model that can answer",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="The outage of one model becomes an error for everybody who relied on its fallback, because that is "
        "missing, takes only shorter requests or leads back.",
        sources=("LiteLLM documentation: Fallbacks", "own"),
        remediation="Let fallbacks name models of the model list, in one direction, with the same or a longer context.",
        of_object=per_gateway_config(_fallbacks_end_well),
    ),
)
