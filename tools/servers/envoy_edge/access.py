"""Who may use a route: filters of Envoy from a SecurityPolicy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tools.servers.envoy_edge.objects import Spec, known
from tools.servers.envoy_edge.sign_in import OAUTH2, sign_in
from tools.servers.errors import ServersError

JWT = "envoy.filters.http.jwt_authn"
RBAC = "envoy.filters.http.rbac"
_TYPES = "type.googleapis.com/envoy.extensions.filters.http"


@dataclass(frozen=True, kw_only=True)
class RouteAccess:
    """`per_route`: configuration by filter. `providers` and `requirements` go into the listener's filter of tokens.
    `keys_at` are the addresses (host:port) that the filters read keys and tokens from."""

    per_route: dict[str, Any] = field(default_factory=dict[str, Any])
    providers: dict[str, Any] = field(default_factory=dict[str, Any])
    requirements: dict[str, Any] = field(default_factory=dict[str, Any])
    keys_at: tuple[str, ...] = ()


def route_access(route: str, policy: Spec) -> RouteAccess:
    """Translation of the SecurityPolicy on `route`."""
    known(policy, f"SecurityPolicy of {route}", "targetRefs", "jwt", "authorization", "oidc")
    per_route: dict[str, Any] = {}
    if policy.get("oidc"):
        per_route[OAUTH2] = sign_in(route, policy["oidc"])
    if policy.get("authorization"):
        per_route[RBAC] = _authorization(policy["authorization"])
    token_address = (urlsplit(policy["oidc"]["provider"]["tokenEndpoint"]).netloc,) if policy.get("oidc") else ()
    if not policy.get("jwt"):
        return RouteAccess(per_route=per_route, keys_at=token_address)
    [provider] = known(policy["jwt"], "jwt", "providers")["providers"]
    name = f"{route}/{provider['name']}"
    per_route[JWT] = {"@type": f"{_TYPES}.jwt_authn.v3.PerRouteConfig", "requirement_name": name}
    return RouteAccess(
        per_route=per_route,
        providers={name: _provider(provider)},
        requirements={name: {"provider_name": name}},
        keys_at=(*token_address, urlsplit(provider["remoteJWKS"]["uri"]).netloc),
    )


def _provider(provider: Spec) -> dict[str, Any]:
    known(provider, "jwt.providers", "name", "issuer", "audiences", "remoteJWKS", "extractFrom")
    keys = known(provider["remoteJWKS"], "remoteJWKS", "uri", "cacheDuration")
    places = known(provider["extractFrom"], "extractFrom", "headers", "cookies")
    return {
        "issuer": provider["issuer"],
        "audiences": provider["audiences"],
        "forward": True,
        "payload_in_metadata": provider["name"],
        "from_headers": [
            {"name": header["name"], "value_prefix": header["valuePrefix"]} for header in places.get("headers", [])
        ],
        "from_cookies": list(places.get("cookies", [])),
        "remote_jwks": {
            "async_fetch": {},
            "cache_duration": keys["cacheDuration"],
            "http_uri": {"uri": keys["uri"], "cluster": urlsplit(keys["uri"]).netloc, "timeout": "10s"},
        },
    }


def _authorization(authorization: Spec) -> dict[str, Any]:
    known(authorization, "authorization", "defaultAction", "rules")
    matchers = [
        {"predicate": _principal(rule), "on_match": {"action": _verdict(rule["action"])}}
        for rule in authorization.get("rules", [])
    ]
    matcher: dict[str, Any] = {"on_no_match": {"action": _verdict(authorization["defaultAction"])}}
    if matchers:
        matcher["matcher_list"] = {"matchers": matchers}
    return {"@type": f"{_TYPES}.rbac.v3.RBACPerRoute", "rbac": {"matcher": matcher}}


def _verdict(action: str) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.config.rbac.v3.Action"
    return {"name": action, "typed_config": {"@type": kind, "name": action, "action": action.upper()}}


def _principal(rule: Spec) -> dict[str, Any]:
    known(rule, "authorization.rules", "name", "action", "principal")
    token = known(rule["principal"], "principal", "jwt")["jwt"]
    [claim] = known(token, "principal.jwt", "provider", "claims")["claims"]
    if claim["valueType"] != "StringArray" or len(claim["values"]) != 1:
        raise ServersError("authorization by anything but one value in a list of a claim has no translation here")
    place = {
        "@type": "type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput",
        "filter": JWT,
        "path": [{"key": token["provider"]}, {"key": claim["name"]}],
    }
    wanted = {
        "@type": "type.googleapis.com/envoy.extensions.matching.input_matchers.metadata.v3.Metadata",
        "value": {"list_match": {"one_of": {"string_match": {"exact": claim["values"][0]}}}},
    }
    return {
        "single_predicate": {
            "input": {"name": "claim", "typed_config": place},
            "custom_match": {"name": "claim_matcher", "typed_config": wanted},
        }
    }
