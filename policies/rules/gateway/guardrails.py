"""What is filtered before it leaves the platform, and what people from outside send."""

from __future__ import annotations

from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import YAML, config_in, deployments, is_off, per_team, teams, with_stack
from policies.gateway_routes import leaves
from policies.registry import Rule
from policies.stack import Stack

_BEFORE = "pre_call"
_OPT_OUTS = ("disable_global_guardrails", "opted_out_global_guardrails")
"""Entries of a team by which it leaves the filters that are on for everybody."""


def _filters_where_needed(stack: Stack, config: Field) -> Outcomes:
    needed = any(leaves(stack, deployment) for deployment in deployments(config)) or stack.once(_has_external_teams)
    if needed and not any(_is_always_on(guardrail) for guardrail in config.at("guardrails").items()):
        message = f"needs a guardrail with default_on and mode {_BEFORE}: requests come from or go to the outside"
        yield Violation(config.at("guardrails").path, message)


def _has_external_teams(stack: Stack) -> bool:
    return any(not is_off(team.at("metadata", "external")) for team in teams(stack))


def _is_always_on(guardrail: Field) -> bool:
    parameters = guardrail.at("litellm_params")
    mode = parameters.at("mode")
    modes = [item.text() for item in mode.items()] if isinstance(mode.value, list) else [mode.text()]
    return _BEFORE in modes and not is_off(parameters.at("default_on"))


def _has_no_way_around(team: Field) -> Outcomes:
    for place in (team, team.at("metadata")):
        for opt_out in map(place.at, _OPT_OUTS):
            if opt_out.value:
                yield Violation(opt_out.path, "must not be set: what is filtered for everybody is filtered for each")


RULES = (
    Rule(
        id="AI-31",
        title="Guardrails are on before external models and for external teams",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Personal data and secrets in prompts reach an outside provider unmasked, and what outsiders inject "
        "reaches the models unfiltered.",
        sources=("OWASP LLM01: Prompt Injection", "OWASP LLM02: Sensitive Information Disclosure", "own"),
        remediation="Switch on masking, blocked words, Presidio or a judging model (gateway.guardrails).",
        of_stack=with_stack(_filters_where_needed, config_in, YAML),
    ),
    Rule(
        id="AI-46",
        title="No team leaves the guardrails",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A team that leaves them sends personal data and injected instructions past the filter that "
        "everybody else relies on.",
        sources=("OWASP LLM01: Prompt Injection", "LiteLLM documentation: Guardrails", "own"),
        remediation="Take disable_global_guardrails and opted_out_global_guardrails out of the team.",
        of_object=per_team(_has_no_way_around),
    ),
)
