"""What Identity is given."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base.handles import ClusterHandle, Database, PlatformContext
from components.identity.realm import Realm


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """`database` is Keycloak's own. `replicas` is the number of Keycloak pods. `ldap_bind_password` is a secret Output,
    required where the realm has a directory.
    """

    cluster: ClusterHandle
    platform: PlatformContext
    database: Database
    realm: Realm
    replicas: int
    ldap_bind_password: pulumi.Input[str] | None = None

    def check(self) -> None:
        """Raise ValueError for a realm in which a group means two things, and for a directory without a password."""
        self.realm.check()
        if self.realm.directory is not None and self.ldap_bind_password is None:
            message = (
                "identity.ldap is set and its password is not: run "
                "`pulumi config set --secret ai-platform:ldapBindPassword`"
            )
            raise ValueError(message)
