"""How LiteLLM chooses what answers a request: load balancing, retries, cooldowns, fallbacks, aliases, cascades."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.base.valkey import PORT as COUNTERS_PORT
from components.inference_gateway.arguments import Cascade, ComplexityRule, GatewayModel, Routing
from components.inference_gateway.litellm_config.variables import COUNTERS_PASSWORD, from_environment
from components.inference_gateway.timeouts import MAX_FALLBACKS


def router_settings(models: Iterable[GatewayModel], routing: Routing, counters_host: str) -> dict[str, Any]:
    """Load balancing, retries, cooldowns, fallbacks and aliases. Times in seconds."""
    settings: dict[str, Any] = {
        # Draws by the `weight` of entries that share a name, evenly where they have none.
        "routing_strategy": "simple-shuffle",
        "timeout": routing.timeouts.request,
        "stream_timeout": routing.timeouts.request,
        "num_retries": 2,
        # A timed-out request is not repeated on the same model: the model is overloaded already.
        "retry_policy": {"TimeoutErrorRetries": 0, "RateLimitErrorRetries": 1, "InternalServerErrorRetries": 2},
        "max_fallbacks": MAX_FALLBACKS,
        "allowed_fails": 3,
        "cooldown_time": 30,
        "redis_host": counters_host,
        "redis_port": COUNTERS_PORT,
        "redis_password": from_environment(COUNTERS_PASSWORD),
    }
    aliases = {alias: model.name for model in models for alias in model.aliases}
    if aliases:
        settings["model_group_alias"] = aliases
    if routing.fallbacks:
        settings["fallbacks"] = [{model: list(targets)} for model, targets in routing.fallbacks.items()]
    return settings


def cascade_entry(cascade: Cascade) -> dict[str, Any]:
    """A name answered by one of three models."""
    return {
        "model_name": cascade.name,
        "litellm_params": {
            # The rule-based scorer of LiteLLM's complexity router: local, no call to another model.
            "model": "auto_router/complexity_router",
            "complexity_router_config": {
                "tiers": {
                    "SIMPLE": cascade.simple,
                    "MEDIUM": cascade.medium,
                    "COMPLEX": cascade.complex,
                    "REASONING": cascade.complex,
                },
                **complexity_rule(cascade.rule),
            },
            "complexity_router_default_model": cascade.medium,
        },
    }


def complexity_rule(rule: ComplexityRule) -> dict[str, Any]:
    """The rule as the complexity router reads it: everything that a score depends on, so that an upgrade of LiteLLM
    does not move requests from one model to another."""
    return {
        "classifier_type": "heuristic",
        "tier_boundaries": {
            "simple_medium": rule.medium_from,
            "medium_complex": rule.complex_from,
            "complex_reasoning": rule.reasoning_from,
        },
        "token_thresholds": {"simple": rule.short_tokens, "complex": rule.long_tokens},
        "dimension_weights": {
            "tokenCount": rule.weights.length,
            "codePresence": rule.weights.code,
            "reasoningMarkers": rule.weights.reasoning,
            "technicalTerms": rule.weights.technical,
            "simpleIndicators": rule.weights.simple,
            "multiStepPatterns": rule.weights.steps,
            "questionComplexity": rule.weights.questions,
        },
        "code_keywords": list(rule.keywords.code),
        "reasoning_keywords": list(rule.keywords.reasoning),
        "technical_keywords": list(rule.keywords.technical),
        "simple_keywords": list(rule.keywords.simple),
    }
