"""OpenID Connect sign-in on a route: Envoy's filter from the `oidc` part of a SecurityPolicy."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tools.servers.envoy_edge.objects import Spec, known

OAUTH2 = "envoy.filters.http.oauth2"
CLIENT_SECRET, COOKIE_SECRET = "client-secret", "cookie-secret"  # names of Envoy's secrets

_TYPE = "type.googleapis.com/envoy.extensions.filters.http.oauth2.v3.OAuth2PerRoute"
_KEYS = ("provider", "clientID", "clientSecret", "redirectURL", "logoutPath", "forwardAccessToken")
_PROVIDER_KEYS = ("issuer", "authorizationEndpoint", "tokenEndpoint", "endSessionEndpoint")
_SAME_SITE = {"Lax": "LAX", "Strict": "STRICT", "None": "NONE"}
_COOKIES = ("bearer_token", "oauth_hmac", "oauth_expires", "id_token", "refresh_token", "oauth_nonce", "code_verifier")


def sign_in(route: str, oidc: Spec) -> dict[str, Any]:
    """Per-route configuration. The values of the secrets are `secrets`."""
    known(oidc, f"oidc of {route}", *_KEYS, "cookieConfig", "cookieNames")
    provider = known(oidc["provider"], "oidc.provider", *_PROVIDER_KEYS)
    token = provider["tokenEndpoint"]
    config: dict[str, Any] = {
        "stat_prefix": route,
        "token_endpoint": {"uri": token, "cluster": urlsplit(token).netloc, "timeout": "10s"},
        "authorization_endpoint": provider["authorizationEndpoint"],
        "end_session_endpoint": provider["endSessionEndpoint"],
        "redirect_uri": oidc["redirectURL"],
        "redirect_path_matcher": _exact(urlsplit(oidc["redirectURL"]).path),
        "signout_path": _exact(oidc["logoutPath"]),
        "use_refresh_token": True,
        "forward_bearer_token": oidc["forwardAccessToken"],
        "preserve_authorization_header": not oidc["forwardAccessToken"],
        "auth_type": "BASIC_AUTH",
        "auth_scopes": ["openid"],
        "credentials": {
            "client_id": oidc["clientID"],
            "token_secret": {"name": CLIENT_SECRET},
            "hmac_secret": {"name": COOKIE_SECRET},
            "cookie_names": {"id_token": known(oidc["cookieNames"], "cookieNames", "idToken")["idToken"]},
        },
        "cookie_configs": _cookies(known(oidc["cookieConfig"], "cookieConfig", "sameSite")["sameSite"]),
    }
    return {"@type": _TYPE, "config": config}


def secrets(client_secret: str, cookie_secret: str) -> list[dict[str, Any]]:
    """Envoy's secrets for `sign_in`."""
    values = {CLIENT_SECRET: client_secret, COOKIE_SECRET: cookie_secret}
    return [{"name": name, "generic_secret": {"secret": {"inline_string": value}}} for name, value in values.items()]


def _cookies(same_site: str) -> dict[str, Any]:
    return {f"{name}_cookie_config": {"same_site": _SAME_SITE[same_site]} for name in _COOKIES}


def _exact(path: str) -> dict[str, Any]:
    return {"path": {"exact": path}}
