"""Settings of identity and the teams → the realm."""

from __future__ import annotations

from collections.abc import Sequence

from components.identity import Directory, Realm
from stacks.schema.identity import IdentitySettings, LdapSettings
from stacks.schema.teams import TeamSettings


def realm(identity: IdentitySettings, teams: Sequence[TeamSettings]) -> Realm:
    """The realm: roles by group, a group per team, sessions and the second factor."""
    return Realm(
        name=identity.realm,
        session_max_seconds=identity.session.max_seconds,
        password_min_length=identity.password_policy.min_length,
        password_history=identity.password_policy.history,
        mfa_roles=identity.mfa.required_for,
        admin_group=identity.admin_group,
        developer_group=identity.developer_group,
        team_groups=tuple(team.group for team in teams),
        directory=_directory(identity.ldap) if identity.ldap else None,
    )


def _directory(ldap: LdapSettings) -> Directory:
    return Directory(
        vendor=ldap.vendor,
        connection_url=ldap.connection_url,
        users_dn=ldap.users_dn,
        groups_dn=ldap.groups_dn,
        bind_dn=ldap.bind_dn,
        cidrs=ldap.cidrs,
        ca_certificate=ldap.ca_certificate,
    )
