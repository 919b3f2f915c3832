"""What a team may spend, and what it spends."""

from __future__ import annotations

from policies.checks import each
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import deployments, is_positive, per_gateway_config, per_team
from policies.gateway_routes import EVERY_MODEL, chooses_another
from policies.registry import Rule

_LIMITS = ("max_budget", "rpm_limit", "tpm_limit")

_PRICES = ("input_cost_per_token", "input_cost_per_second")

_WRITING_MODES = frozenset({"", "chat", "completion", "responses"})
"""Modes whose answers cost by the token; LiteLLM's default is chat."""


def _is_limited(team: Field) -> Outcomes:
    for limit in map(team.at, _LIMITS):
        if not is_positive(limit):
            yield Violation(limit.path, "must be a number above 0")
    duration, models = team.at("budget_duration"), team.at("models")
    if not duration.text():
        yield Violation(duration.path, "must say when the budget starts again: without it, it never does")
    if not models.items() or any(_means_more(model) for model in models.items()):
        yield Violation(models.path, "must list the models by name: later ones would be open unasked")


def _means_more(model: Field) -> bool:
    return model.text() in EVERY_MODEL or "*" in model.text()


def _models_have_prices(config: Field) -> Outcomes:
    yield from each(deployments(config), _has_a_price)


def _has_a_price(deployment: Field) -> Outcomes:
    if chooses_another(deployment):
        return
    parameters, mode = deployment.at("litellm_params"), deployment.at("model_info", "mode")
    if not any(is_positive(parameters.at(price)) for price in _PRICES):
        message = f"needs {' or '.join(_PRICES)} above 0: without a price no budget counts its use"
        yield Violation(parameters.path, message)
    answer = parameters.at("output_cost_per_token")
    if mode.text() in _WRITING_MODES and not is_positive(answer):
        yield Violation(answer.path, "must be above 0: answers would be free")


RULES = (
    Rule(
        id="AI-15",
        title="Every team has a budget, limits and a list of models",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A loop or a leaked key of one team uses up the GPUs of all others or runs up a bill without end, "
        "and a new model is open to it unasked.",
        sources=("OWASP LLM10: Unbounded Consumption", "LiteLLM documentation: Budgets, Rate Limits", "own"),
        remediation="Give the team a tier with limits, a budget per month, and the models it may call by name.",
        of_object=per_team(_is_limited),
    ),
    Rule(
        id="AI-25",
        title="Every model has a price",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="What has no price adds nothing to a team's spending: its budget never ends, however much it uses.",
        sources=("OWASP LLM10: Unbounded Consumption", "own"),
        remediation="Set input_cost_per_token (or per_second) and, where answers are written, output_cost_per_token.",
        of_object=per_gateway_config(_models_have_prices),
    ),
)
