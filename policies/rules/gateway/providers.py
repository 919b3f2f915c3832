"""Models of providers outside the platform: declared one by one, each with its own key."""

from __future__ import annotations

import re

from policies.checks import each, per_container, together
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import ENVIRONMENT, deployments, per_gateway_config
from policies.pods import Container
from policies.registry import Rule

_PROVIDER_KEY = re.compile(
    r"(?:OPENAI|ANTHROPIC|AZURE|AZURE_OPENAI|AZURE_AI|COHERE|CO|DEEPSEEK|GEMINI|GOOGLE|GROQ|MISTRAL|OPENROUTER|PERPLEXITYAI"
    r"|REPLICATE|TOGETHERAI|XAI)_API_KEY|AWS_BEARER_TOKEN_BEDROCK|GOOGLE_APPLICATION_CREDENTIALS"
)
"""Variables that client libraries of providers read by themselves."""


def _models_are_declared(config: Field) -> Outcomes:
    given = config.at("environment_variables")
    if given.present:
        yield Violation(given.path, "must not be set: variables come from Secrets, each for what needs it")
    yield from each(deployments(config), _is_declared)


def _is_declared(deployment: Field) -> Outcomes:
    name, key = deployment.at("model_name"), deployment.at("litellm_params", "api_key")
    if "*" in name.text():
        yield Violation(name.path, "must be one model: a pattern opens every model of the provider")
    if key.present and not key.text().startswith(ENVIRONMENT):
        yield Violation(key.path, f"must name a variable ({ENVIRONMENT}NAME)")


def _has_no_provider_key(container: Container) -> Outcomes:
    def check(variable: Field) -> Outcomes:
        name = variable.at("name")
        if _PROVIDER_KEY.fullmatch(name.text()):
            yield Violation(name.path, "a client library takes this key by itself, for any model")

    yield from each(container.field.at("env").items(), check)


RULES = (
    Rule(
        id="AI-30",
        title="Keys of external providers only where a model is declared",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="With a provider's general key or a pattern of names, callers use any model of that provider, "
        "without a price, a data class or a review.",
        sources=("OWASP LLM02: Sensitive Information Disclosure", "LiteLLM documentation: Proxy Config", "own"),
        remediation="Declare each external model by name with a key variable of its own (gateway.external), and take "
        "the provider's general key out of the container.",
        of_object=together(per_gateway_config(_models_are_declared), per_container(_has_no_provider_key)),
    ),
)
