"""Pure builder of the client that people get access tokens of the API with, from a terminal or a program."""

from __future__ import annotations

from typing import Any

from components.base.oidc import TokenIssuer
from components.identity.clients import membership_claims
from components.identity.keycloak import HOST, HTTP_PORT, KEYCLOAK

API_CLIENT = "api"
API_AUDIENCE = "ai-platform-api"
"""`aud` of access tokens that the API accepts. No client is called so: an ID token's `aud` is its client, and must not
open the API."""


def token_issuer(public_url: str, realm: str) -> TokenIssuer:
    """What the API accepts. `public_url` is Keycloak's public address."""
    return TokenIssuer(
        issuer_url=f"{public_url}/realms/{realm}",
        audience=API_AUDIENCE,
        jwks_url=f"http://{HOST}:{HTTP_PORT}/realms/{realm}/protocol/openid-connect/certs",
        peer=KEYCLOAK,
        port=HTTP_PORT,
    )


def api_client_representation() -> dict[str, Any]:
    """camelCase, as Keycloak's ClientRepresentation.

    Public, with the device authorization grant alone (RFC 8628): a program holds no secret and needs no address to be
    called back at, and the person signs in with the second factor in a browser and is asked for consent.
    """
    return {
        "clientId": API_CLIENT,
        "name": "API from terminals and programs",
        "enabled": True,
        "protocol": "openid-connect",
        "publicClient": True,
        "consentRequired": True,
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "fullScopeAllowed": False,
        "redirectUris": [],
        "webOrigins": [],
        "attributes": {"oauth2.device.authorization.grant.enabled": "true"},
        "defaultClientScopes": ["acr", "basic", "email", "profile"],
        "optionalClientScopes": [],
        "protocolMappers": [*membership_claims(), _audience()],
    }


def _audience() -> dict[str, Any]:
    return {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.custom.audience": API_AUDIENCE,
            "access.token.claim": "true",
            "introspection.token.claim": "true",
            "id.token.claim": "false",
        },
    }
