"""Cached answers stay in the platform, and with whoever asked."""

from __future__ import annotations

from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import ENVIRONMENT, is_off, per_gateway_config
from policies.gateway_routes import is_inside
from policies.registry import Rule

_SEMANTIC = "-semantic"
_KINDS = frozenset({"redis", "redis-semantic", "qdrant-semantic", "local"})
"""Caches that lie in the cluster."""


def _answers_stay_apart(config: Field) -> Outcomes:
    settings = config.at("litellm_settings")
    if is_off(settings.at("cache")):
        return
    cache = settings.at("cache_params")
    kind, scope, address = cache.at("type"), cache.at("semantic_cache_scope"), cache.at("qdrant_api_base")
    if kind.text() not in _KINDS:
        yield Violation(kind.path, f"must be one of {', '.join(sorted(_KINDS))}: others keep answers outside")
    if kind.text().endswith(_SEMANTIC) and scope.text() != "key":
        yield Violation(scope.path, "must be key: a similar question of another team would get this team's answer")
    if address.present and not address.text().startswith(ENVIRONMENT) and not is_inside(address.text()):
        yield Violation(address.path, "must be a Service of the cluster")


RULES = (
    Rule(
        id="AI-45",
        title="Cached answers stay inside and with whoever asked",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A team gets the answer to another team's similar question, with what was confidential in it, or "
        "answers lie in a service outside.",
        sources=("OWASP LLM02: Sensitive Information Disclosure", "LiteLLM documentation: Caching", "own"),
        remediation="Cache in the platform's own cache or vector store, and set semantic_cache_scope to key.",
        of_object=per_gateway_config(_answers_stay_apart),
    ),
)
