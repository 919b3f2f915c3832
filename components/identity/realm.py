"""Pure builder of the realm, as keycloak-config-cli applies it on every change.

Secrets are variables (`$(env:NAME)`) that keycloak-config-cli fills in, so the representation can be read by anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from components.identity import login_flow
from components.identity.api_client import API_CLIENT, api_client_representation
from components.identity.clients import RealmClient, client_representation
from components.identity.directory import Directory, user_federation

PlatformRole = Literal["admin", "developer", "user"]

ROLES: Mapping[PlatformRole, str] = {
    "admin": "Runs the platform: gateway, dashboards and the accounts of this realm",
    "developer": "Reads and changes models, runs inference",
    "user": "Runs inference",
}
CONTAINED: Mapping[PlatformRole, tuple[PlatformRole, ...]] = {
    "admin": ("developer",),
    "developer": ("user",),
    "user": (),
}
"""Roles that a role contains."""

ACCESS_TOKEN_SECONDS = 300
"""How long a removed role can still be used, since tokens are not asked about again."""

IDLE_SECONDS = 1800
"""Longest idle session. Source: OWASP Session Management Cheat Sheet, 15 to 30 minutes."""

EVENT_RETENTION_SECONDS = 90 * 24 * 3600
"""How long sign-ins and administration are kept for an audit."""


@dataclass(frozen=True, kw_only=True)
class Realm:
    """What the realm holds. `session_max_seconds` ends every session; `password_*` rule local accounts;
    `mfa_roles` need a second factor; `team_groups` are the groups whose members have the role user.
    """

    name: str
    session_max_seconds: int
    password_min_length: int
    password_history: int
    mfa_roles: tuple[PlatformRole, ...]
    admin_group: str
    developer_group: str
    team_groups: tuple[str, ...]
    directory: Directory | None = None

    def check(self) -> None:
        """Raise ValueError for a group that would mean two things, and for a realm whose admins need no second factor.

        A team whose group is the administrators' would make every member an administrator.
        """
        if self.admin_group == self.developer_group:
            message = f"identity.adminGroup and identity.developerGroup are both {self.admin_group!r}: name two groups"
            raise ValueError(message)
        for key, group in (("adminGroup", self.admin_group), ("developerGroup", self.developer_group)):
            if group in self.team_groups:
                message = f"teams[].group {group!r} is also identity.{key}: its members would get that role, rename one"
                raise ValueError(message)
        for group in self.groups:
            if "/" in group or "$(" in group:
                message = f"group {group!r} holds '/' (a path in Keycloak) or '$(' (a variable): rename it"
                raise ValueError(message)
        if "admin" not in self.mfa_roles:
            message = "identity.mfa.requiredFor lacks 'admin': administrators never sign in with a password alone"
            raise ValueError(message)

    @property
    def groups(self) -> tuple[str, ...]:
        """All groups of the realm. Two teams may share one."""
        return (self.admin_group, self.developer_group, *sorted(set(self.team_groups)))


def realm_representation(realm: Realm, clients: Sequence[RealmClient]) -> dict[str, Any]:
    """The realm, camelCase as Keycloak's RealmRepresentation."""
    return {
        "realm": realm.name,
        "enabled": True,
        "displayName": "AI platform",
        # Applications inside the cluster use plain HTTP; the edge proxy has a TLS listener alone.
        "sslRequired": "external",
        "registrationAllowed": False,
        "rememberMe": False,
        # There is no mail server to send a link with.
        "resetPasswordAllowed": False,
        "verifyEmail": False,
        "loginWithEmailAllowed": True,
        "duplicateEmailsAllowed": False,
        "editUsernameAllowed": False,
        **_sessions(realm.session_max_seconds),
        **_password_guards(realm),
        **_events(),
        "roles": {"realm": _roles(realm.mfa_roles)},
        "groups": _groups(realm),
        "clients": [*(client_representation(client) for client in clients), api_client_representation()],
        "scopeMappings": [
            {"client": client, "roles": list(get_args(PlatformRole))}
            for client in (*(client.client_id for client in clients), API_CLIENT)
        ],
        "authenticationFlows": login_flow.authentication_flows(),
        "authenticatorConfig": login_flow.authenticator_configs(),
        "browserFlow": login_flow.BROWSER_FLOW,
        "directGrantFlow": login_flow.DIRECT_GRANT_FLOW,
        # Named even when empty: keycloak-config-cli leaves alone what a file does not mention, and a directory that was
        # taken out of the settings would go on signing people in.
        "components": {"org.keycloak.storage.UserStorageProvider": _directories(realm)},
    }


def _directories(realm: Realm) -> list[dict[str, Any]]:
    return [user_federation(realm.directory, realm.groups)] if realm.directory else []


def _sessions(max_seconds: int) -> dict[str, Any]:
    idle = min(IDLE_SECONDS, max_seconds)
    return {
        "accessTokenLifespan": ACCESS_TOKEN_SECONDS,
        "ssoSessionIdleTimeout": idle,
        "ssoSessionMaxLifespan": max_seconds,
        # A client could ask for an offline session, which outlives the sign-in.
        "offlineSessionIdleTimeout": idle,
        "offlineSessionMaxLifespanEnabled": True,
        "offlineSessionMaxLifespan": max_seconds,
    }


def _password_guards(realm: Realm) -> dict[str, Any]:
    rules = [f"length({realm.password_min_length})", "notUsername(undefined)", "notEmail(undefined)"]
    if realm.password_history:
        rules.append(f"passwordHistory({realm.password_history})")
    return {
        "passwordPolicy": " and ".join(rules),
        "bruteForceProtected": True,
        "permanentLockout": False,
        "failureFactor": 5,
        "waitIncrementSeconds": 60,
        "maxFailureWaitSeconds": 900,
        "maxDeltaTimeSeconds": 43_200,
        "otpPolicyType": "totp",
        # The one algorithm that every authenticator application computes.
        "otpPolicyAlgorithm": "HmacSHA1",
        "otpPolicyDigits": 6,
        "otpPolicyPeriod": 30,
        "otpPolicyCodeReusable": False,
    }


def _events() -> dict[str, Any]:
    return {
        "eventsEnabled": True,
        "eventsExpiration": EVENT_RETENTION_SECONDS,
        "eventsListeners": ["jboss-logging"],
        "adminEventsEnabled": True,
        "adminEventsDetailsEnabled": True,
    }


def _roles(mfa_roles: Sequence[PlatformRole]) -> list[dict[str, Any]]:
    roles: list[dict[str, Any]] = [
        {"name": login_flow.MFA_ROLE, "description": "Must use a second factor to sign in", "composite": False}
    ]
    for role, description in ROLES.items():
        contained = [*CONTAINED[role], *([login_flow.MFA_ROLE] if role in mfa_roles else [])]
        composites = {"composites": {"realm": contained}} if contained else {}
        roles.append({"name": role, "description": description, "composite": bool(contained), **composites})
    return roles


def _groups(realm: Realm) -> list[dict[str, Any]]:
    teams = [{"name": group, "realmRoles": ["user"]} for group in sorted(set(realm.team_groups))]
    # Managing the realm is given to the group, not to the role: the role is in the scope of the clients, and a token
    # of the gateway or of Grafana must never open the administration API.
    admins = {
        "name": realm.admin_group,
        "realmRoles": ["admin"],
        "clientRoles": {"realm-management": ["realm-admin"]},
    }
    return [admins, {"name": realm.developer_group, "realmRoles": ["developer"]}, *teams]
