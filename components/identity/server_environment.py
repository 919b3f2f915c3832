"""Pure builder of Keycloak's configuration. Source of the variables: Keycloak guides, "All configuration"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.base.handles import Database

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict

ADMIN_URL = "http://localhost:8080"
"""Where the administration console is opened: through `kubectl port-forward`, never at a public address."""

DATABASE_PASSWORD_KEY = "database-password"  # noqa: S105 - the key of a Secret
ADMIN_USERNAME_KEY = "admin-username"
ADMIN_PASSWORD_KEY = "admin-password"  # noqa: S105 - the key of a Secret

_POOL_MAX = 20
"""Connections to PostgreSQL per node. Keycloak's default of 100 would use up a PostgreSQL that others share."""


@dataclass(frozen=True, kw_only=True)
class KeycloakServer:
    """What the server is built from. `environment` is the label of the stack, `public_url` what browsers open,
    `database_secret` and `admin_secret` are names of Secrets, `truststore` is the name of the ConfigMap that holds the
    directory's authority, or None.
    """

    image: str
    environment: str
    replicas: int
    public_url: str
    database: Database
    database_secret: pulumi.Input[str]
    admin_secret: pulumi.Input[str]
    truststore: pulumi.Input[str] | None = None
    truststore_folder: str = "/etc/keycloak/truststore"


def build_environment() -> list[EnvVarArgsDict]:
    """What is decided when the server is built, and must be the same when it starts."""
    return [
        {"name": "KC_DB", "value": "postgres"},
        {"name": "KC_HEALTH_ENABLED", "value": "true"},
        {"name": "KC_METRICS_ENABLED", "value": "true"},
        {"name": "KC_EVENT_METRICS_USER_ENABLED", "value": "true"},
    ]


def server_environment(server: KeycloakServer) -> list[EnvVarArgsDict]:
    """The whole configuration of a node."""
    truststore: list[EnvVarArgsDict] = []
    if server.truststore is not None:
        truststore.append({"name": "KC_TRUSTSTORE_PATHS", "value": server.truststore_folder})
    return [
        *build_environment(),
        *_addresses(server.public_url),
        *_database(server),
        *_cluster(),
        *truststore,
        {"name": "KC_LOG_CONSOLE_OUTPUT", "value": "json"},
        # Readiness fails first; the edge proxy stops sending before the server stops listening.
        {"name": "KC_SHUTDOWN_DELAY", "value": "10s"},
        _from_secret("KC_BOOTSTRAP_ADMIN_USERNAME", server.admin_secret, ADMIN_USERNAME_KEY),
        _from_secret("KC_BOOTSTRAP_ADMIN_PASSWORD", server.admin_secret, ADMIN_PASSWORD_KEY),
    ]


def _addresses(public_url: str) -> list[EnvVarArgsDict]:
    return [
        {"name": "KC_HOSTNAME", "value": public_url},
        {"name": "KC_HOSTNAME_ADMIN", "value": ADMIN_URL},
        # Applications trade codes for tokens at the Service; the issuer of their tokens is still the public address.
        {"name": "KC_HOSTNAME_BACKCHANNEL_DYNAMIC", "value": "true"},
        # The edge proxy terminates TLS.
        {"name": "KC_HTTP_ENABLED", "value": "true"},
        {"name": "KC_PROXY_HEADERS", "value": "xforwarded"},
    ]


def _database(server: KeycloakServer) -> list[EnvVarArgsDict]:
    database = server.database
    return [
        {"name": "KC_DB_URL_HOST", "value": database.host},
        {"name": "KC_DB_URL_PORT", "value": str(database.port)},
        {"name": "KC_DB_URL_DATABASE", "value": database.name},
        {"name": "KC_DB_URL_PROPERTIES", "value": "?sslmode=require"},
        {"name": "KC_DB_USERNAME", "value": database.user},
        _from_secret("KC_DB_PASSWORD", server.database_secret, DATABASE_PASSWORD_KEY),
        {"name": "KC_DB_POOL_INITIAL_SIZE", "value": "5"},
        {"name": "KC_DB_POOL_MIN_SIZE", "value": "5"},
        {"name": "KC_DB_POOL_MAX_SIZE", "value": str(_POOL_MAX)},
    ]


def _cluster() -> list[EnvVarArgsDict]:
    return [
        {"name": "KC_CACHE", "value": "ispn"},
        # Nodes find each other through a table of the database and talk over TLS with keys that they rotate themselves.
        {"name": "KC_CACHE_STACK", "value": "jdbc-ping"},
        # By default the first private address is taken; pods of some clouds have none (100.64.0.0/10).
        {
            "name": "KC_CACHE_EMBEDDED_NETWORK_BIND_ADDRESS",
            "value_from": {"field_ref": {"field_path": "status.podIP"}},
        },
    ]


def _from_secret(name: str, secret: pulumi.Input[str], key: str) -> EnvVarArgsDict:
    return {"name": name, "value_from": {"secret_key_ref": {"name": secret, "key": key}}}
