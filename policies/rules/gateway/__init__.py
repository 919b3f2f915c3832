"""Rules of the catalogue about the gateway: keys, money, routes, privacy."""

from __future__ import annotations

from policies.rules.gateway import (
    answer_cache,
    authentication,
    budgets,
    console,
    drift,
    edge,
    guardrails,
    privacy,
    providers,
    routing,
    telemetry,
    visible_settings,
)

RULES = (
    *answer_cache.RULES,
    *authentication.RULES,
    *budgets.RULES,
    *console.RULES,
    *drift.RULES,
    *edge.RULES,
    *guardrails.RULES,
    *privacy.RULES,
    *providers.RULES,
    *routing.RULES,
    *telemetry.RULES,
    *visible_settings.RULES,
)
