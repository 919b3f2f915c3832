"""Single sign-on: Keycloak, its realm kept as the program says, and the clients of the platform's own consoles."""

from components.base.oidc import OidcClient
from components.identity.arguments import IdentityArgs
from components.identity.component import Identity
from components.identity.directory import Directory
from components.identity.realm import PlatformRole, Realm

__all__ = ["Directory", "Identity", "IdentityArgs", "OidcClient", "PlatformRole", "Realm"]
