"""Single sign-on: the realm, its sessions and second factors, and the directory behind it."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel

PlatformRole = Literal["admin", "developer", "user"]
"""Roles of the realm; each contains the ones after it."""


def _realm(text: str) -> str:
    if text == "master":
        message = "'master' is Keycloak's own administration realm: choose another name, for example ai-platform"
        raise ValueError(message)
    return text


def _with_admin(roles: tuple[PlatformRole, ...]) -> tuple[PlatformRole, ...]:
    if "admin" not in roles:
        message = "'admin' must be in the list: administrators never sign in with a password alone"
        raise ValueError(message)
    return roles


def _ldaps_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "ldaps":
        message = f"{text!r} is not encrypted: use ldaps://<host>[:<port>]"
        raise ValueError(message)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not parts.hostname or parts.path not in {"", "/"} or port == 0:
        message = f"{text!r} is no directory address: use ldaps://<host>[:<port>] without a path"
        raise ValueError(message)
    return text


def _network(text: str) -> str:
    try:
        network = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        message = f"{text!r} is no IPv4 range: write it as 10.20.0.0/24, with no bits set after the prefix"
        raise ValueError(message) from None
    if network.prefixlen == 0:
        message = f"{text!r} is the whole internet: name the range of the directory servers alone"
        raise ValueError(message)
    return text


def _some(networks: tuple[str, ...]) -> tuple[str, ...]:
    if not networks:
        message = "name at least one IPv4 range: without it Keycloak cannot reach the directory"
        raise ValueError(message)
    return networks


def _distinguished_name(text: str) -> str:
    if "=" not in text:
        message = f"{text!r} is no distinguished name: write it as ou=people,dc=example,dc=org"
        raise ValueError(message)
    return text


def _certificate(text: str) -> str:
    if "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY" in text:
        message = "give the certificate authority in PEM (-----BEGIN CERTIFICATE-----), never a private key"
        raise ValueError(message)
    return text


DistinguishedName = Annotated[str, AfterValidator(_distinguished_name)]


class MfaSettings(SettingsModel):
    """Second factor (time-based one-time password) at sign-in."""

    required_for: Annotated[tuple[PlatformRole, ...], AfterValidator(_with_admin)] = ("admin",)
    """Roles that cannot sign in without a second factor. A role that contains another needs what that one needs:
    `user` means everybody. Anybody else may set one up and is then always asked for it."""


class SessionSettings(SettingsModel):
    """How long a sign-in lasts."""

    max_seconds: int = Field(ge=300, le=86_400, default=3600)
    """Seconds until everybody signs in again, active or not. Idle sessions end after half an hour, or sooner."""


class PasswordPolicySettings(SettingsModel):
    """Passwords of accounts that live in the realm. A directory keeps its own policy."""

    min_length: int = Field(ge=12, le=64, default=15)
    """Characters. 15 is what NIST SP 800-63B-4 asks of a password that is the only factor."""
    history: int = Field(ge=0, le=24, default=5)
    """Earlier passwords that may not be used again."""


class LdapSettings(SettingsModel):
    """A directory whose people and groups sign in. It is only ever read.

    The password of `bindDn` is the secret `ai-platform:ldapBindPassword` of the stack.
    """

    vendor: Literal["ad", "other"]
    """`ad`: Active Directory (sAMAccountName, objectGUID). `other`: RFC 4519 schema (uid, entryUUID)."""
    connection_url: Annotated[str, AfterValidator(_ldaps_url)]
    """ldaps://host[:port]; unencrypted LDAP is refused."""
    users_dn: DistinguishedName
    """Where people are, with everything below."""
    groups_dn: DistinguishedName
    """Where groups are. Only the groups of teams, `adminGroup` and `developerGroup` are read, by their `cn`."""
    bind_dn: DistinguishedName
    """Account that searches the directory. It needs read access alone."""
    cidrs: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], AfterValidator(_some)]
    """IPv4 ranges of the directory servers: the only addresses outside the cluster that Keycloak may open."""
    ca_certificate: Annotated[str, AfterValidator(_certificate)] | None = None
    """PEM of the authority that signed the directory's certificate, where it is no public one."""


class IdentitySettings(SettingsModel):
    """Keycloak and its realm."""

    realm: Annotated[DnsLabel, AfterValidator(_realm)] = "ai-platform"
    """Name of the realm; part of every token's issuer, so renaming it signs everybody out for good."""
    replicas: PositiveInt = 2
    """Keycloak pods. One has no failover."""
    admin_group: str = Field(min_length=1, default="platform-admins")
    """Group whose members have the role admin."""
    developer_group: str = Field(min_length=1, default="platform-developers")
    """Group whose members have the role developer. Members of a team's group have the role user."""
    mfa: MfaSettings = MfaSettings()
    session: SessionSettings = SessionSettings()
    password_policy: PasswordPolicySettings = PasswordPolicySettings()
    ldap: LdapSettings | None = None
    """null: accounts live in the realm alone."""
