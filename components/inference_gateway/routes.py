"""Which public path leads where: the API's own paths on one host, the console on another, nothing else."""

from __future__ import annotations

from typing import Any

from components.base.oidc import OidcClient
from components.inference_gateway.edge_specs import HTTP_LISTENER, HTTPS_LISTENER
from components.inference_gateway.names import (
    EDGE_NAME,
    LITELLM_NAME,
    LITELLM_PORT,
    NAMESPACE,
    api_host,
    console_host,
)

API_ROUTE = "api"
CONSOLE_ROUTE = "console"
REDIRECT_ROUTE = "redirect-to-https"
NOT_FOUND_FILTER = "not-found"

API_PATHS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/models",
    "/v1/rerank",
    "/v1/responses",
    "/v1/audio/transcriptions",
    "/v1/audio/translations",
)
"""OpenAI-compatible paths (and Anthropic's `/v1/messages`). Listed one by one: below `/v1` LiteLLM also serves the
administration of tools and credentials."""

HEALTH_PATH = "/health/liveliness"
"""For monitoring from outside; it tells no more than that the process lives."""

_HIDDEN_CONSOLE_PATHS = ("/metrics", "/config", "/routes")


def redirect_route_spec() -> dict[str, Any]:
    """Everything on port 80 is sent to https."""
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    return {"parentRefs": [_parent(HTTP_LISTENER)], "rules": [{"filters": [redirect]}]}


def api_route_spec(domain: str, request_seconds: int) -> dict[str, Any]:
    """The API. A path that is not listed is answered with 404 by the edge, LiteLLM never sees it."""
    matches = [_prefix(path) for path in API_PATHS]
    matches.append({"path": {"type": "Exact", "value": HEALTH_PATH}})
    return {
        "parentRefs": [_parent(HTTPS_LISTENER)],
        "hostnames": [api_host(domain)],
        "rules": [
            {
                "matches": matches,
                "backendRefs": [_litellm()],
                "timeouts": {"request": f"{request_seconds}s"},
            }
        ],
    }


def console_route_spec(domain: str) -> dict[str, Any]:
    """The console and the administration API behind it, without what needs no key there."""
    hidden = {
        "type": "ExtensionRef",
        "extensionRef": {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": NOT_FOUND_FILTER},
    }
    return {
        "parentRefs": [_parent(HTTPS_LISTENER)],
        "hostnames": [console_host(domain)],
        "rules": [
            {"matches": [_prefix(path) for path in _HIDDEN_CONSOLE_PATHS], "filters": [hidden]},
            {"matches": [_prefix("/")], "backendRefs": [_litellm()], "timeouts": {"request": "120s"}},
        ],
    }


def not_found_filter_spec() -> dict[str, Any]:
    """An answer by the edge itself."""
    return {"directResponse": {"statusCode": 404}}


def console_sign_in_spec(sign_in: OidcClient, client_secret: str) -> dict[str, Any]:
    """OpenID Connect in front of the console. `client_secret` is the name of the Secret with key `client-secret`.

    LiteLLM's own single sign-on needs a licence beyond five users; this one does not. The Authorization header of the
    console's own calls passes through, because the access token is not forwarded.
    """
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": CONSOLE_ROUTE}],
        "oidc": {
            "provider": {
                "issuer": sign_in.issuer_url,
                "authorizationEndpoint": sign_in.authorization_url,
                "tokenEndpoint": sign_in.token_url,
                "endSessionEndpoint": sign_in.logout_url,
            },
            "clientID": sign_in.client_id,
            "clientSecret": {"kind": "Secret", "name": client_secret},
            "redirectURL": sign_in.redirect_url,
            "logoutPath": "/oauth2/logout",
            "forwardAccessToken": False,
            "cookieConfig": {"sameSite": "Lax"},
        },
    }


def _parent(listener: str) -> dict[str, str]:
    return {"name": EDGE_NAME, "namespace": NAMESPACE, "sectionName": listener}


def _prefix(path: str) -> dict[str, Any]:
    return {"path": {"type": "PathPrefix", "value": path}}


def _litellm() -> dict[str, Any]:
    return {"name": LITELLM_NAME, "port": LITELLM_PORT}
