"""Pure builder of the public route: what signing in needs, and nothing that administers.

Source of the paths: Keycloak guides, "Configuring a reverse proxy", exposed path recommendations. Narrower than those:
of the realms only the platform's own, so that nobody outside can even try a password of the administration realm.
"""

from __future__ import annotations

from typing import Any

from components.base import namespaces
from components.identity.keycloak import HTTP_PORT, NAME


def auth_host(domain: str) -> str:
    """Public host name of Keycloak under the platform's `domain`."""
    return f"auth.{domain}"


def route_spec(domain: str, realm: str) -> dict[str, Any]:
    """`spec` of the HTTPRoute (gateway.networking.k8s.io/v1). `/admin`, `/metrics` and `/health` match nothing."""
    paths = (f"/realms/{realm}", "/resources", f"/.well-known/oauth-authorization-server/realms/{realm}")
    return {
        "parentRefs": [{"name": "edge", "namespace": namespaces.GATEWAY, "sectionName": "https"}],
        "hostnames": [auth_host(domain)],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": path}} for path in paths],
                "backendRefs": [{"name": NAME, "port": HTTP_PORT}],
            }
        ],
    }
