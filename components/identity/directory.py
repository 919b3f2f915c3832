"""Pure builder of the directory federation: people and groups of an LDAP directory, read and never written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

BIND_PASSWORD_VARIABLE = "LDAP_BIND_PASSWORD"  # noqa: S105 - the name of a variable
LDAPS_PORT = 636


@dataclass(frozen=True, kw_only=True)
class Directory:
    """One directory. `connection_url` is ldaps://host[:port]; `cidrs` are the IPv4 ranges of its servers;
    `ca_certificate` is the PEM of a private authority, None for a public one.
    """

    vendor: Literal["ad", "other"]
    connection_url: str
    users_dn: str
    groups_dn: str
    bind_dn: str
    cidrs: tuple[str, ...]
    ca_certificate: str | None = None

    @property
    def port(self) -> int:
        """TCP port of the directory servers."""
        return urlsplit(self.connection_url).port or LDAPS_PORT


@dataclass(frozen=True, kw_only=True)
class _Schema:
    """Names of the attributes and object classes that a vendor uses."""

    username: str
    rdn: str
    uuid: str
    user_classes: str
    group_class: str
    first_name: str


_SCHEMAS = {
    "ad": _Schema(
        username="sAMAccountName",
        rdn="cn",
        uuid="objectGUID",
        user_classes="person, organizationalPerson, user",
        group_class="group",
        first_name="givenName",
    ),
    "other": _Schema(
        username="uid",
        rdn="uid",
        uuid="entryUUID",
        user_classes="inetOrgPerson, organizationalPerson",
        group_class="groupOfNames",
        first_name="givenName",
    ),
}


def user_federation(directory: Directory, groups: Sequence[str]) -> dict[str, Any]:
    """The component of the realm that reads `directory`; of its groups only `groups`, by `cn`.

    Every value is a list, as the component representation has it. The bind password is a variable that
    keycloak-config-cli fills in.
    """
    schema = _SCHEMAS[directory.vendor]
    mappers = _mappers(directory, schema, groups)
    return {
        "name": "directory",
        "providerId": "ldap",
        "config": _lists(_connection(directory, schema)),
        "subComponents": {"org.keycloak.storage.ldap.mappers.LDAPStorageMapper": mappers},
    }


def group_filter(groups: Sequence[str]) -> str:
    """LDAP filter (RFC 4515) that matches the groups named `groups` alone, so that a directory of thousands of groups
    brings in those that mean something here.
    """
    return f"(|{''.join(f'(cn={_escaped(group)})' for group in sorted(set(groups)))})"


def _connection(directory: Directory, schema: _Schema) -> dict[str, str]:
    return {
        "enabled": "true",
        "priority": "0",
        "vendor": directory.vendor,
        "connectionUrl": directory.connection_url,
        "authType": "simple",
        "bindDn": directory.bind_dn,
        "bindCredential": f"$(env:{BIND_PASSWORD_VARIABLE})",
        "useTruststoreSpi": "always",
        "connectionPooling": "true",
        "connectionTimeout": "5000",
        "readTimeout": "10000",
        "pagination": "true",
        "editMode": "READ_ONLY",
        "importEnabled": "true",
        "syncRegistrations": "false",
        "trustEmail": "true",
        "usersDn": directory.users_dn,
        "searchScope": "2",
        "usernameLDAPAttribute": schema.username,
        "rdnLDAPAttribute": schema.rdn,
        "uuidLDAPAttribute": schema.uuid,
        "userObjectClasses": schema.user_classes,
        # People are read when they sign in. Copying a whole directory every day would store accounts of strangers.
        "fullSyncPeriod": "-1",
        "changedSyncPeriod": "-1",
        "batchSizeForSync": "1000",
        "cachePolicy": "DEFAULT",
    }


def _mappers(directory: Directory, schema: _Schema, groups: Sequence[str]) -> list[dict[str, Any]]:
    # Keycloak adds mappers of its own beside these (creation date and such); naming the ones that matter keeps them.
    mappers = [
        _attribute_mapper("username", schema.username, "username"),
        _attribute_mapper("email", "mail", "email"),
        _attribute_mapper("first name", schema.first_name, "firstName"),
        _attribute_mapper("last name", "sn", "lastName"),
        _mapper("groups", "group-ldap-mapper", _group_mapping(directory, schema, groups)),
    ]
    if directory.vendor == "ad":
        # Locked, expired and disabled accounts of Active Directory stay out.
        controls = {"ldap.password.policy.hints.enabled": "false"}
        mappers.append(_mapper("account controls", "msad-user-account-control-mapper", controls))
    return mappers


def _group_mapping(directory: Directory, schema: _Schema, groups: Sequence[str]) -> dict[str, str]:
    return {
        "mode": "READ_ONLY",
        "groups.dn": directory.groups_dn,
        "groups.path": "/",
        "groups.ldap.filter": group_filter(groups),
        "group.name.ldap.attribute": "cn",
        "group.object.classes": schema.group_class,
        "membership.ldap.attribute": "member",
        "membership.attribute.type": "DN",
        "membership.user.ldap.attribute": schema.username,
        "user.roles.retrieve.strategy": "LOAD_GROUPS_BY_MEMBER_ATTRIBUTE",
        "preserve.group.inheritance": "false",
        "ignore.missing.groups": "false",
        # A group that the directory lacks keeps its roles in the realm: its members may be local accounts.
        "drop.non.existing.groups.during.sync": "false",
    }


def _attribute_mapper(name: str, ldap_attribute: str, user_attribute: str) -> dict[str, Any]:
    return _mapper(
        name,
        "user-attribute-ldap-mapper",
        {
            "ldap.attribute": ldap_attribute,
            "user.model.attribute": user_attribute,
            "read.only": "true",
            "always.read.value.from.ldap": "true" if user_attribute != "username" else "false",
            "is.mandatory.in.ldap": "true" if user_attribute in {"username", "lastName"} else "false",
        },
    )


def _mapper(name: str, provider: str, config: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "providerId": provider, "config": _lists(config)}


def _lists(config: dict[str, str]) -> dict[str, list[str]]:
    return {key: [value] for key, value in config.items()}


def _escaped(value: str) -> str:
    return "".join(f"\\{ord(character):02x}" if character in "\\*()\0" else character for character in value)
