"""How an application signs its users in: one OpenID Connect client of the platform's realm."""

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
