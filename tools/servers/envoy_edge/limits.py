"""Limits of requests on one route: their number by address and in total, and their size."""

from __future__ import annotations

from typing import Any

from tools.servers.envoy_edge.objects import Spec, known
from tools.servers.errors import ServersError

LOCAL = "envoy.filters.http.local_ratelimit"
GLOBAL = "envoy.filters.http.ratelimit"
BUFFER = "envoy.filters.http.buffer"

_SECONDS = {"Second": 1, "Minute": 60, "Hour": 3600}
_MEBIBYTE = 1024 * 1024
_TYPES = "type.googleapis.com/envoy.extensions.filters.http"
_UNLIMITED = {"max_tokens": 4294967295, "tokens_per_fill": 4294967295, "fill_interval": "1s"}
_ALWAYS = {"default_value": {"numerator": 100}}


def local_limit(rules: list[Spec]) -> dict[str, Any]:
    """Per-route configuration of the limit that each proxy counts for itself."""
    default, descriptors, actions = _UNLIMITED, list[Any](), list[Any]()
    for index, rule in enumerate(rules):
        known(rule, "rateLimit.local", "clientSelectors", "limit")
        if not rule.get("clientSelectors"):
            default = _bucket(rule["limit"])
            continue
        actions.append({"actions": _actions(rule, index)})
        entries = [_entry(action["remote_address_match"]) for action in actions[-1]["actions"]]
        descriptors.append({"entries": entries, "token_bucket": _bucket(rule["limit"])})
    return {
        "@type": f"{_TYPES}.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "http_local_rate_limiter",
        "token_bucket": default,
        "filter_enabled": _ALWAYS,
        "filter_enforced": _ALWAYS,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "always_consume_default_token_bucket": False,
        "descriptors": descriptors,
        "rate_limits": actions,
    }


def global_limit(policy: str, rules: list[Spec]) -> dict[str, Any]:
    """Per-route configuration of the limits that the rate limit service counts, shared by all routes of `policy`."""
    limits: list[Any] = []
    for index, rule in enumerate(rules):
        known(rule, "rateLimit.global", "clientSelectors", "limit", "shared")
        if not rule.get("shared"):
            raise ServersError("rateLimit.global: a rule that is not shared has no translation here")
        name = f"{policy}/rule/{index}"
        key = {"generic_key": {"descriptor_key": name, "descriptor_value": name}}
        limits.append({"actions": [key, *_actions(rule, index)]})
    return {"@type": f"{_TYPES}.ratelimit.v3.RateLimitPerRoute", "domain": policy, "rate_limits": limits}


def size_limit(quantity: str) -> dict[str, Any]:
    """Per-route configuration of the largest request."""
    return {
        "@type": f"{_TYPES}.buffer.v3.BufferPerRoute",
        "buffer": {"max_request_bytes": int(quantity.removesuffix("Mi")) * _MEBIBYTE},
    }


def _bucket(limit: Spec) -> dict[str, Any]:
    requests = limit["requests"]
    return {
        "max_tokens": requests,
        "tokens_per_fill": requests,
        "fill_interval": f"{_SECONDS[limit['unit']]}s",
    }


def _actions(rule: Spec, index: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for selector in rule.get("clientSelectors", []):
        source = known(selector, "clientSelectors", "sourceCIDR")["sourceCIDR"]
        prefix, _, length = source["value"].partition("/")
        within = {"address_matcher": {"ranges": [{"address_prefix": prefix, "prefix_len": int(length)}]}}
        key = f"rule-{index}-masked-remote-address"
        found.append({"remote_address_match": {"descriptor_key": key, "descriptor_value": source["value"], **within}})
        if source["type"] == "Distinct":
            key = f"rule-{index}-remote-address"
            address = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
            found.append({"remote_address_match": {"descriptor_key": key, "descriptor_value": address, **within}})
    return found


def _entry(action: Spec) -> dict[str, Any]:
    # An entry without a value counts each value by itself.
    value = action["descriptor_value"]
    return {"key": action["descriptor_key"], **({} if value.startswith("%") else {"value": value})}
