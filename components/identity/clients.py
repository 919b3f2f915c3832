"""Pure builder of the OpenID Connect clients: one for each console of the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.base.oidc import OidcClient
from components.identity.keycloak import HOST, HTTP_PORT, KEYCLOAK


@dataclass(frozen=True, kw_only=True)
class RealmClient:
    """A confidential client. `url` is the application's origin, `callback` the one address that a sign-in returns to,
    `signed_out` the one that a sign-out returns to.
    """

    client_id: str
    name: str
    url: str
    callback: str
    signed_out: str

    @property
    def secret_variable(self) -> str:
        """Variable of keycloak-config-cli that holds the client's secret."""
        return f"{self.client_id.upper()}_CLIENT_SECRET"


def platform_clients(domain: str) -> tuple[RealmClient, ...]:
    """The clients: the gateway's console, which the edge proxy signs in to, and Grafana."""
    console, grafana = f"https://console.{domain}", f"https://grafana.{domain}"
    return (
        RealmClient(
            client_id="gateway",
            name="Gateway console",
            url=console,
            # Envoy Gateway's address for OpenID Connect callbacks.
            callback=f"{console}/oauth2/callback",
            signed_out=f"{console}/",
        ),
        RealmClient(
            client_id="grafana",
            name="Grafana",
            url=grafana,
            callback=f"{grafana}/login/generic_oauth",
            signed_out=f"{grafana}/login",
        ),
    )


def oidc_client(client: RealmClient, secret: pulumi.Output[str], public_url: str, realm: str) -> OidcClient:
    """What the application is given. `public_url` is Keycloak's public address, `secret` the client's secret."""
    issuer = f"{public_url}/realms/{realm}"
    public = f"{issuer}/protocol/openid-connect"
    inside = f"http://{HOST}:{HTTP_PORT}/realms/{realm}/protocol/openid-connect"
    return OidcClient(
        client_id=client.client_id,
        client_secret=secret,
        redirect_url=client.callback,
        issuer_url=issuer,
        authorization_url=f"{public}/auth",
        logout_url=f"{public}/logout",
        token_url=f"{inside}/token",
        userinfo_url=f"{inside}/userinfo",
        jwks_url=f"{inside}/certs",
        peer=KEYCLOAK,
        port=HTTP_PORT,
    )


def client_representation(client: RealmClient) -> dict[str, Any]:
    """camelCase, as Keycloak's ClientRepresentation."""
    return {
        "clientId": client.client_id,
        "name": client.name,
        "enabled": True,
        "protocol": "openid-connect",
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        "secret": f"$(env:{client.secret_variable})",
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        # With it, the token of an administrator would open Keycloak's administration API.
        "fullScopeAllowed": False,
        "baseUrl": client.url,
        "redirectUris": [client.callback],
        "webOrigins": [client.url],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": client.signed_out,
        },
        # Without `roles`, whose mappers would add the realm's internal roles; without offline_access.
        "defaultClientScopes": ["acr", "basic", "email", "profile", "web-origins"],
        "optionalClientScopes": [],
        "protocolMappers": membership_claims(),
    }


def membership_claims() -> list[dict[str, Any]]:
    """Mappers of the claims `roles` and `groups`."""
    return [
        _claim("roles", "oidc-usermodel-realm-role-mapper", {"multivalued": "true", "jsonType.label": "String"}),
        _claim("groups", "oidc-group-membership-mapper", {"full.path": "false"}),
    ]


def _claim(name: str, mapper: str, config: Mapping[str, str]) -> dict[str, Any]:
    tokens = {f"{place}.token.claim": "true" for place in ("id", "access", "userinfo", "introspection")}
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": mapper,
        "config": {"claim.name": name, **tokens, **config},
    }
