"""The gateway: routes, authentication, budgets, limits, scaling, guardrails, and that prompts stay private."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import yaml

from components.base.capabilities.evidence.containers import exceeds
from components.base.capabilities.facets import UNKNOWN, Amount, Facet, Names, holds
from components.base.capabilities.resources import Document, Key, Reading, Record, Resources, is_set, member
from components.base.capabilities.specification import Specification
from components.base.documents import yaml_document

NAMESPACE = "gateway"
ROUTES = frozenset({"api-health", "api-keys", "api-tokens", "console"})
FILTERS = frozenset({"litellm_content_filter", "presidio"})
_PRICES = ("input_cost_per_token", "input_cost_per_second")


def _yaml(text: str) -> Any:
    try:
        return yaml_document(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


_CONFIG = Document(("data", "config.yaml"), _yaml)
_TEAMS = Document(("data", "teams.json"))


def _listed(record: Record, document: Document, *names: Key) -> list[Any]:
    """The members of a list in a document, none where there is no list."""
    found = member(record.document(*document.keys, load=document.load), *names)
    return cast("list[Any]", found) if isinstance(found, list) else []


def _configurations(resources: Resources) -> list[Record]:
    return resources.named("ConfigMap", "gateway-litellm-config", NAMESPACE)


def routing(resources: Resources) -> Iterator[Reading]:
    """Routes of the public Gateway, each with something behind it."""
    for record in resources.kind("gateway.networking.k8s.io:HTTPRoute"):
        if record.namespace == NAMESPACE and record.object_name in ROUTES:
            yield record.says("routes", frozenset({record.object_name}), "metadata", "name")
            yield record.holds("attached", "spec", "parentRefs", when=is_set)
            yield record.holds("served", "spec", "rules", when=is_set)


def authentication(resources: Resources) -> Iterator[Reading]:
    """Tokens are verified at the edge and again in the gateway, keys in the gateway, people by single sign-on."""
    key = "gateway.envoyproxy.io:SecurityPolicy"
    for record in resources.named(key, "api-tokens", NAMESPACE):
        provider: tuple[Key, ...] = ("spec", "jwt", "providers", 0)
        yield record.holds("tokens-verified", *provider, "remoteJWKS", "uri", when=is_set)
        yield record.holds("audience-checked", *provider, "audiences", when=is_set)
    for record in resources.named(key, "console", NAMESPACE):
        yield record.holds("console-signed-in", "spec", "oidc", "provider", "issuer", when=is_set)
    for record in _configurations(resources):
        yield record.inside("keys-wanted", _CONFIG, "general_settings", "master_key", when=is_set)
        yield record.inside("tokens-checked-again", _CONFIG, "general_settings", "custom_auth", when=is_set)


def _of_teams(resources: Resources, facet: str, *fields: str) -> Iterator[Reading]:
    for record in resources.named("ConfigMap", "gateway-litellm-teams", NAMESPACE):
        yield record.inside(facet, _TEAMS, when=is_set)
        for place, _ in enumerate(_listed(record, _TEAMS)):
            yield from (record.inside(facet, _TEAMS, place, field, when=is_set) for field in fields)


def budgets(resources: Resources) -> Iterator[Reading]:
    """Each team has a budget and a period, and a Job hands them to the gateway."""
    yield from _of_teams(resources, "every-team", "max_budget", "budget_duration")
    for record in resources.named("Job", "gateway-litellm-apply-teams", NAMESPACE):
        yield record.holds("applied", "spec", "template", "spec", "containers", when=is_set)
    for record in _configurations(resources):
        yield record.inside("priced", _CONFIG, "model_list", when=is_set)
        for place, model in enumerate(_listed(record, _CONFIG, "model_list")):
            parameters = member(model, "litellm_params")
            # A cascade has no price of its own: the model that it chooses has one.
            if not str(member(parameters, "model")).startswith("auto_router/"):
                price = next((name for name in _PRICES if member(parameters, name) is not None), _PRICES[0])
                yield record.inside("priced", _CONFIG, "model_list", place, "litellm_params", price, when=is_set)


def rate_limits(resources: Resources) -> Iterator[Reading]:
    """Limits by address at the edge and by team in the gateway, which refuses when it cannot count."""
    yield from _of_teams(resources, "every-team", "rpm_limit", "tpm_limit")
    for record in resources.named("gateway.envoyproxy.io:BackendTrafficPolicy", "api", NAMESPACE):
        yield record.holds("by-address", "spec", "rateLimit", "global", "rules", when=is_set)
        yield record.holds("by-proxy", "spec", "rateLimit", "local", "rules", when=is_set)
        yield record.holds("sized-requests", "spec", "requestBuffer", "limit", when=is_set)
    for record in _configurations(resources):
        yield record.inside("fails-closed", _CONFIG, "general_settings", "fail_closed_rate_limit_enforcement")


def scaling(resources: Resources) -> Iterator[Reading]:
    """The gateway's own scaler."""
    for record in resources.named("HorizontalPodAutoscaler", "litellm", NAMESPACE):
        yield record.amount("copies", "spec", "minReplicas")
        yield record.holds("grows", "spec", "maxReplicas", when=exceeds(record.read("spec", "minReplicas")))


def guardrails(resources: Resources) -> Iterator[Reading]:
    """Filters that are on for everybody; none where the settings name none."""
    for record in _configurations(resources):
        if record.document(*_CONFIG.keys, load=_CONFIG.load) is UNKNOWN:
            yield record.says("always-on", UNKNOWN, *_CONFIG.keys)
            yield record.says("filters", UNKNOWN, *_CONFIG.keys)
        for place, item in enumerate(_listed(record, _CONFIG, "guardrails")):
            keys: tuple[Key, ...] = ("guardrails", place, "litellm_params")
            yield record.inside("always-on", _CONFIG, *keys, "default_on")
            kind = frozenset({str(member(item, "litellm_params", "guardrail"))}) & FILTERS
            yield replace(record.inside("filters", _CONFIG, *keys, "guardrail"), value=kind)


def privacy(resources: Resources) -> Iterator[Reading]:
    """What the gateway writes down."""
    for record in _configurations(resources):
        yield record.inside("not-logged", _CONFIG, "litellm_settings", "turn_off_message_logging")
        stored = ("general_settings", "store_prompts_in_spend_logs")
        yield record.inside("not-stored", _CONFIG, *stored, when=lambda value: value is False)


SPECIFICATIONS = (
    Specification(
        name="gateway-routing",
        statement="Clients reach every model through one host.",
        evidence=routing,
        facets=(
            Facet(name="routes", meaning="routes", kind="function", minimum=ROUTES, order=Names()),
            holds("attached", "routes belong to the public Gateway", "function"),
            holds("served", "routes lead to something", "function"),
        ),
    ),
    Specification(
        name="gateway-authentication",
        statement="No request reaches a model without a key or a token.",
        evidence=authentication,
        facets=(
            holds("tokens-verified", "the edge verifies the signature of tokens"),
            holds("audience-checked", "tokens must be for this service"),
            holds("tokens-checked-again", "the gateway verifies tokens itself"),
            holds("keys-wanted", "the gateway wants a key otherwise"),
            holds("console-signed-in", "people sign in to the console"),
        ),
    ),
    Specification(
        name="gateway-budgets",
        statement="Every team has a budget, and tokens have a price.",
        evidence=budgets,
        facets=(
            holds("every-team", "every team has a budget and a period", "function"),
            holds("applied", "a Job hands budgets to the gateway", "function"),
            holds("priced", "every model has a price", "function"),
        ),
    ),
    Specification(
        name="gateway-rate-limits",
        statement="No client takes more than its share.",
        evidence=rate_limits,
        facets=(
            holds("every-team", "every team has limits of requests and tokens"),
            holds("by-address", "addresses are limited over all proxies"),
            holds("by-proxy", "each proxy limits by itself when nobody counts"),
            holds("sized-requests", "requests have a largest size"),
            holds("fails-closed", "nothing passes uncounted"),
        ),
    ),
    Specification(
        name="gateway-autoscaling",
        statement="The gateway survives a node and grows with load.",
        evidence=scaling,
        facets=(
            Facet(
                name="copies",
                meaning="copies at rest",
                kind="capacity",
                minimum=2,
                order=Amount("copies"),
                floor_only=True,
            ),
            holds("grows", "load adds copies", "capacity"),
        ),
    ),
    Specification(
        name="gateway-guardrails",
        chosen=True,
        statement="Prompts are filtered before a model sees them.",
        evidence=guardrails,
        facets=(
            holds("always-on", "no client can leave filters out"),
            Facet(
                name="filters",
                meaning="kinds of filters",
                kind="security",
                minimum=FILTERS,
                order=Names(),
            ),
        ),
    ),
    Specification(
        name="prompt-privacy",
        statement="Prompts and answers are written down nowhere.",
        evidence=privacy,
        facets=(
            holds("not-logged", "no log holds prompts"),
            holds("not-stored", "no record of spending holds prompts"),
        ),
    ),
)
