"""How applications know who calls: OpenID Connect clients of the platform's realm, and its access tokens."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base.wiring import Endpoint


@dataclass(frozen=True, kw_only=True)
class OidcClient:
    """A confidential client with the authorization-code flow and PKCE (S256, required).

    `client_secret` is a secret Output. `redirect_url` is the one address that a sign-in may return to. `issuer_url` is
    the `iss` of every token. `authorization_url` and `logout_url` are opened by browsers. `token_url`, `userinfo_url`
    and `jwks_url` are called by the application's own pods, inside the cluster: no way out and back in through the
    load balancer, no private authority to trust. `peer` and `port` are their other end, for the wiring. The access
    token, the ID token and userinfo carry `roles` (realm roles) and `groups` (names without a leading slash).
    """

    client_id: str
    client_secret: pulumi.Output[str]
    redirect_url: str
    issuer_url: str
    authorization_url: str
    token_url: str
    userinfo_url: str
    jwks_url: str
    logout_url: str
    peer: Endpoint
    port: int


@dataclass(frozen=True, kw_only=True)
class TokenIssuer:
    """Whose access tokens an application accepts: signed with a key of `jwks_url`, with this `iss` and this `aud`.

    `jwks_url` is read inside the cluster; `peer` and `port` are its other end, for the wiring. The token carries `sub`,
    `groups` (names without a leading slash), `roles` and `typ`, which is `Bearer`.
    """

    issuer_url: str
    audience: str
    jwks_url: str
    peer: Endpoint
    port: int
