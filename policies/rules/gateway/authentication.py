"""Nobody uses the gateway without a key, and everybody's key has somebody's budget."""

from __future__ import annotations

from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import ENVIRONMENT, is_off, is_positive, per_gateway_config
from policies.registry import Rule

_ADMINISTRATOR = "proxy_admin"


def _asks_for_a_key(config: Field) -> Outcomes:
    general = config.at("general_settings")
    for setting, why in (
        (general.at("master_key"), "without one the gateway asks nobody for a key"),
        (general.at("database_url"), "keys, budgets and limits are kept in a database"),
    ):
        if not setting.text().startswith(ENVIRONMENT):
            yield Violation(setting.path, f"must name a variable ({ENVIRONMENT}NAME): {why}")
    unchecked = general.at("allow_requests_on_db_unavailable")
    if not is_off(unchecked):
        yield Violation(unchecked.path, "must not be on: without the database every key would be good")
    checks = general.at("custom_auth_run_common_checks")
    if general.at("custom_auth").present and is_off(checks):
        yield Violation(checks.path, "must be on: tokens would have neither budget nor model list")


def _no_key_without_a_budget(config: Field) -> Outcomes:
    settings = config.at("litellm_settings")
    roles = settings.at("key_generation_settings", "personal_key_generation", "allowed_user_roles")
    if is_positive(settings.at("upperbound_key_generate_params", "max_budget")):
        return
    if not roles.items() or any(role.text() != _ADMINISTRATOR for role in roles.items()):
        message = "only administrators may make keys outside of a team, or such keys need an upper bound of budget"
        yield Violation(roles.path, message)


RULES = (
    Rule(
        id="AI-03",
        title="The gateway asks for a key",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Whoever reaches the gateway uses every model at the platform's cost: a scan in 2026 found 518 open "
        "proxies of frontier models.",
        sources=("LiteLLM documentation: Virtual Keys", "own"),
        remediation="Set general_settings.master_key and database_url from variables that come from Secrets; leave "
        "allow_requests_on_db_unavailable out and custom_auth_run_common_checks true.",
        of_object=per_gateway_config(_asks_for_a_key),
    ),
    Rule(
        id="AI-27",
        title="No key outside of a budget",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Anybody with an account makes a key that counts against no team's budget, and spends without limit.",
        sources=("LiteLLM documentation: Restricting Key Generation", "own"),
        remediation="Set litellm_settings.key_generation_settings.personal_key_generation.allowed_user_roles to "
        "[proxy_admin], or upperbound_key_generate_params.max_budget.",
        of_object=per_gateway_config(_no_key_without_a_budget),
    ),
)
