"""Which requests to the API host go on to LiteLLM: the API's own paths, by one route for keys and one for tokens.

A credential that starts with `sk-` is a key, which LiteLLM checks; everything else must be an access token, which the
edge checks. Gateway API prefers the rule that matches more headers, so the two never compete.
"""

from __future__ import annotations

from typing import Any

from components.base.oidc import TokenIssuer
from components.inference_gateway.edge_specs import HTTPS_LISTENER
from components.inference_gateway.names import EDGE_NAME, LITELLM_NAME, LITELLM_PORT, NAMESPACE, api_host

KEY_ROUTE = "api-keys"
TOKEN_ROUTE = "api-tokens"  # noqa: S105 # the name of a route
HEALTH_ROUTE = "api-health"
ROUTES = (KEY_ROUTE, TOKEN_ROUTE, HEALTH_ROUTE)

MESSAGES_PATH = "/v1/messages"
API_PATHS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    MESSAGES_PATH,
    "/v1/models",
    "/v1/rerank",
    "/v1/responses",
    "/v1/audio/transcriptions",
)
"""OpenAI-compatible paths (and Anthropic's `/v1/messages`). Listed one by one: below `/v1` LiteLLM also serves the
administration of tools and credentials. `/v1/audio/translations` is not among them: vLLM serves it, LiteLLM 1.106 does
not."""

HEALTH_PATH = "/health/liveliness"
"""For monitoring from outside; it tells no more than that the process lives."""

_KEY = "sk-[A-Za-z0-9_-]+"
"""A virtual key or the master key. Nothing but a key: two credentials in one header are none."""
_AUTHORIZATION = {"type": "RegularExpression", "name": "Authorization", "value": f"[Bb]earer {_KEY}"}
_X_API_KEY = {"type": "RegularExpression", "name": "x-api-key", "value": _KEY}

OTHER_CREDENTIALS = ("x-litellm-api-key", "api-key", "x-goog-api-key", "ocp-apim-subscription-key")
"""Headers in which LiteLLM would look for a key too, the first of them before `Authorization`."""


def key_route_spec(domain: str, request_seconds: int) -> dict[str, Any]:
    """Requests with a key. `x-api-key` is how Anthropic's clients send one."""
    matches = [{**_prefix(path), "headers": [_AUTHORIZATION]} for path in API_PATHS]
    matches.append({**_prefix(MESSAGES_PATH), "headers": [_X_API_KEY]})
    return _route(domain, matches, request_seconds, OTHER_CREDENTIALS)


def token_route_spec(domain: str, request_seconds: int) -> dict[str, Any]:
    """Everything else on the same paths. A path that is not listed is answered with 404 by the edge."""
    matches = [_prefix(path) for path in API_PATHS]
    return _route(domain, matches, request_seconds, (*OTHER_CREDENTIALS, "x-api-key"))


def health_route_spec(domain: str) -> dict[str, Any]:
    """The one path without a credential."""
    matches = [{"path": {"type": "Exact", "value": HEALTH_PATH}, "method": "GET"}]
    return _route(domain, matches, 10, (*OTHER_CREDENTIALS, "x-api-key", "Authorization"))


def token_policy_spec(tokens: TokenIssuer) -> dict[str, Any]:
    """A valid access token, or 401. It goes on to LiteLLM, which checks it again and finds the team in it.

    Only the Authorization header counts: Envoy would also take a token from the query, where logs keep it.
    """
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": TOKEN_ROUTE}],
        "jwt": {
            "providers": [
                {
                    "name": "realm",
                    "issuer": tokens.issuer_url,
                    "audiences": [tokens.audience],
                    "remoteJWKS": {"uri": tokens.jwks_url, "cacheDuration": "300s"},
                    "extractFrom": {"headers": [{"name": "Authorization", "valuePrefix": "Bearer "}]},
                }
            ]
        },
    }


def closed_policy_spec() -> dict[str, Any]:
    """Where there is no realm to ask, the route for tokens lets nobody in."""
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": TOKEN_ROUTE}],
        "authorization": {"defaultAction": "Deny"},
    }


def _route(
    domain: str, matches: list[dict[str, Any]], request_seconds: int, removed: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "parentRefs": [{"name": EDGE_NAME, "namespace": NAMESPACE, "sectionName": HTTPS_LISTENER}],
        "hostnames": [api_host(domain)],
        "rules": [
            {
                "matches": matches,
                "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": list(removed)}}],
                "backendRefs": [{"name": LITELLM_NAME, "port": LITELLM_PORT}],
                "timeouts": {"request": f"{request_seconds}s"},
            }
        ],
    }


def _prefix(path: str) -> dict[str, Any]:
    return {"path": {"type": "PathPrefix", "value": path}}
