"""The console's host, behind the realm's sign-in, and what plain http is answered with."""

from __future__ import annotations

from typing import Any

from components.base.oidc import OidcClient
from components.inference_gateway.edge_specs import HTTP_LISTENER, HTTPS_LISTENER
from components.inference_gateway.names import EDGE_NAME, LITELLM_NAME, LITELLM_PORT, NAMESPACE, console_host

CONSOLE_ROUTE = "console"
REDIRECT_ROUTE = "redirect-to-https"
NOT_FOUND_FILTER = "not-found"

_PROVIDER = "console"
_ID_TOKEN_COOKIE = "ConsoleIdToken"  # noqa: S105 # the name of a cookie
_HIDDEN_PATHS = ("/metrics", "/config", "/routes")


def redirect_route_spec() -> dict[str, Any]:
    """Everything on port 80 is sent to https."""
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    return {"parentRefs": [_parent(HTTP_LISTENER)], "rules": [{"filters": [redirect]}]}


def console_route_spec(domain: str) -> dict[str, Any]:
    """The console and the administration API behind it, without what needs no key there."""
    hidden = {
        "type": "ExtensionRef",
        "extensionRef": {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": NOT_FOUND_FILTER},
    }
    litellm = {"name": LITELLM_NAME, "port": LITELLM_PORT}
    return {
        "parentRefs": [_parent(HTTPS_LISTENER)],
        "hostnames": [console_host(domain)],
        "rules": [
            {"matches": [_prefix(path) for path in _HIDDEN_PATHS], "filters": [hidden]},
            {"matches": [_prefix("/")], "backendRefs": [litellm], "timeouts": {"request": "120s"}},
        ],
    }


def not_found_filter_spec() -> dict[str, Any]:
    """An answer by the edge itself."""
    return {"directResponse": {"statusCode": 404}}


def console_sign_in_spec(sign_in: OidcClient, client_secret: str) -> dict[str, Any]:
    """OpenID Connect in front of the console, for administrators alone. `client_secret` is the name of the Secret
    with key `client-secret`.

    LiteLLM's own single sign-on needs a licence beyond five users; this one does not. The Authorization header of the
    console's own calls passes through, because the access token is not forwarded. Roles are those of the ID token,
    which the sign-in keeps in a cookie and the check of tokens reads there.
    """
    provider = {
        "name": _PROVIDER,
        "issuer": sign_in.issuer_url,
        "audiences": [sign_in.client_id],
        "remoteJWKS": {"uri": sign_in.jwks_url, "cacheDuration": "300s"},
        "extractFrom": {"cookies": [_ID_TOKEN_COOKIE]},
    }
    administrator = {
        "provider": _PROVIDER,
        "claims": [{"name": "roles", "valueType": "StringArray", "values": ["admin"]}],
    }
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
            "cookieNames": {"idToken": _ID_TOKEN_COOKIE},
        },
        "jwt": {"providers": [provider]},
        "authorization": {
            "defaultAction": "Deny",
            "rules": [{"name": "administrators", "action": "Allow", "principal": {"jwt": administrator}}],
        },
    }


def _parent(listener: str) -> dict[str, str]:
    return {"name": EDGE_NAME, "namespace": NAMESPACE, "sectionName": listener}


def _prefix(path: str) -> dict[str, Any]:
    return {"path": {"type": "PathPrefix", "value": path}}
