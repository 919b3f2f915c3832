from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.identity import login_flow
from components.identity.api_client import token_issuer
from components.identity.clients import platform_clients
from components.identity.directory import Directory, group_filter
from components.identity.realm import PlatformRole, Realm, realm_representation

REALM = Realm(
    name="ai-platform",
    session_max_seconds=3600,
    password_min_length=15,
    password_history=5,
    mfa_roles=("admin",),
    admin_group="platform-admins",
    developer_group="platform-developers",
    team_groups=("research", "cardiology", "research"),
)
DIRECTORY = Directory(
    vendor="ad",
    connection_url="ldaps://dc1.corp.example.org:3269",
    users_dn="OU=People,DC=corp,DC=example,DC=org",
    groups_dn="OU=Groups,DC=corp,DC=example,DC=org",
    bind_dn="CN=reader,DC=corp,DC=example,DC=org",
    cidrs=("10.20.0.0/24",),
)
CLIENTS = platform_clients("ai.example.org")


def represent(realm: Realm = REALM) -> dict[str, Any]:
    return realm_representation(realm, CLIENTS)


def flows(representation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {flow["alias"]: flow for flow in representation["authenticationFlows"]}


def asked_to_sign_in(representation: dict[str, Any], roles: set[str], *, has_otp: bool) -> list[str]:
    """Forms that a user with `roles` passes, in order, after the flow semantics that Keycloak documents: alternatives
    until one applies, conditional sub-flows when every condition holds. The sign-in cookie is absent."""
    configs = {config["alias"]: config["config"] for config in representation["authenticatorConfig"]}
    known = flows(representation)

    def holds(execution: dict[str, Any]) -> bool:
        if execution["authenticator"] == "conditional-user-configured":
            return has_otp
        config = configs[execution["authenticatorConfig"]]
        return (config["condUserRole"] in roles) != (config["negate"] == "true")

    def run(alias: str) -> list[str]:
        passed: list[str] = []
        for execution in sorted(known[alias]["authenticationExecutions"], key=lambda item: item["priority"]):
            if execution["authenticatorFlow"]:
                inner = known[execution["flowAlias"]]["authenticationExecutions"]
                conditions = [item for item in inner if item.get("authenticator", "").startswith("conditional-")]
                if execution["requirement"] != "CONDITIONAL" or all(holds(item) for item in conditions):
                    passed += run(execution["flowAlias"])
            elif execution["authenticator"] != "auth-cookie" and not execution["authenticator"].startswith("cond"):
                assert execution["requirement"] == "REQUIRED"
                passed.append(execution["authenticator"])
        return passed

    return run(representation["browserFlow"])


def effective(representation: dict[str, Any], role: str) -> set[str]:
    """`role` and every role that it contains."""
    contained = {item["name"]: item.get("composites", {}).get("realm", []) for item in representation["roles"]["realm"]}
    return {role} | {deeper for inner in contained[role] for deeper in effective(representation, inner)}


def test_roles_contain_one_another() -> None:
    representation = represent()
    assert effective(representation, "admin") >= {"admin", "developer", "user"}
    assert effective(representation, "developer") == {"developer", "user"}
    assert effective(representation, "user") == {"user"}


def test_an_administrator_always_meets_the_second_factor_once() -> None:
    representation = represent()
    roles = effective(representation, "admin")
    for has_otp in (False, True):
        asked = asked_to_sign_in(representation, roles, has_otp=has_otp)
        assert asked == ["auth-username-password-form", "auth-otp-form"]


def test_anybody_else_meets_it_when_they_have_one() -> None:
    representation = represent()
    roles = effective(representation, "developer")
    assert asked_to_sign_in(representation, roles, has_otp=False) == ["auth-username-password-form"]
    assert asked_to_sign_in(representation, roles, has_otp=True) == ["auth-username-password-form", "auth-otp-form"]


def test_whoever_is_in_no_group_is_refused() -> None:
    asked = asked_to_sign_in(represent(), {"default-roles-ai-platform"}, has_otp=False)
    assert asked == ["auth-username-password-form", "deny-access-authenticator"]


@given(required=st.sets(st.sampled_from(["developer", "user"])), role=st.sampled_from(["admin", "developer", "user"]))
def test_every_role_that_needs_a_second_factor_meets_it_exactly_once(required: set[PlatformRole], role: str) -> None:
    representation = represent(replace(REALM, mfa_roles=("admin", *sorted(required))))
    roles = effective(representation, role)
    needed = bool(roles & ({"admin"} | required))
    for has_otp in (False, True):
        asked = asked_to_sign_in(representation, roles, has_otp=has_otp)
        assert asked.count("auth-otp-form") == int(needed or has_otp)


def test_a_password_alone_is_never_traded_for_a_token() -> None:
    representation = represent()
    flow = flows(representation)[representation["directGrantFlow"]]
    assert [item["authenticator"] for item in flow["authenticationExecutions"]] == ["deny-access-authenticator"]
    assert not any(client["directAccessGrantsEnabled"] for client in representation["clients"])


def test_every_flow_and_configuration_that_is_named_exists() -> None:
    representation = represent()
    known = flows(representation)
    named = [item for flow in known.values() for item in flow["authenticationExecutions"]]
    assert {representation["browserFlow"], representation["directGrantFlow"]} <= set(known)
    assert {item["flowAlias"] for item in named if item["authenticatorFlow"]} <= set(known)
    configs = {config["alias"] for config in representation["authenticatorConfig"]}
    assert {item["authenticatorConfig"] for item in named if "authenticatorConfig" in item} == configs
    roles = {role["name"] for role in representation["roles"]["realm"]}
    assert {login_flow.MFA_ROLE, login_flow.MEMBER_ROLE} <= roles


def test_groups_give_the_roles_and_teams_may_share_one() -> None:
    groups = {group["name"]: group["realmRoles"] for group in represent()["groups"]}
    assert groups == {
        "platform-admins": ["admin"],
        "platform-developers": ["developer"],
        "cardiology": ["user"],
        "research": ["user"],
    }
    assert len(represent()["groups"]) == len(groups)


def test_no_session_outlives_the_limit() -> None:
    representation = represent(replace(REALM, session_max_seconds=900))
    lifespans = {
        key: value for key, value in representation.items() if key.startswith(("ssoSession", "offlineSession"))
    }
    assert lifespans == {
        "ssoSessionIdleTimeout": 900,
        "ssoSessionMaxLifespan": 900,
        "offlineSessionIdleTimeout": 900,
        "offlineSessionMaxLifespanEnabled": True,
        "offlineSessionMaxLifespan": 900,
    }
    assert represent()["ssoSessionMaxLifespan"] == 3600
    assert represent()["ssoSessionIdleTimeout"] == 1800
    assert represent()["accessTokenLifespan"] <= 900


def test_passwords_are_long_and_guessing_is_slowed_down() -> None:
    representation = represent()
    assert representation["passwordPolicy"].startswith("length(15) and ")
    assert "passwordHistory(5)" in representation["passwordPolicy"]
    assert "passwordHistory" not in represent(replace(REALM, password_history=0))["passwordPolicy"]
    assert representation["bruteForceProtected"]
    assert not representation["registrationAllowed"]
    assert representation["eventsEnabled"]
    assert representation["adminEventsEnabled"]


def consoles(representation: dict[str, Any]) -> list[dict[str, Any]]:
    """All clients but the one of the API."""
    return [client for client in representation["clients"] if client["clientId"] != "api"]


def test_consoles_are_confidential_with_pkce_and_one_exact_callback() -> None:
    clients = {client["clientId"]: client for client in consoles(represent())}
    assert {name: client["redirectUris"] for name, client in clients.items()} == {
        "gateway": ["https://console.ai.example.org/oauth2/callback"],
        "grafana": ["https://grafana.ai.example.org/login/generic_oauth"],
    }
    for client in clients.values():
        assert not client["publicClient"]
        assert client["attributes"]["pkce.code.challenge.method"] == "S256"
        assert "*" not in json.dumps(client)
        assert not client["implicitFlowEnabled"]


def test_a_token_of_a_console_opens_no_administration() -> None:
    representation = represent()
    administration = [group["name"] for group in representation["groups"] if group.get("clientRoles")]
    assert administration == ["platform-admins"]
    for client in representation["clients"]:
        assert client["fullScopeAllowed"] is False
        assert "offline_access" not in client["defaultClientScopes"] + client["optionalClientScopes"]
    scoped = {role for mapping in representation["scopeMappings"] for role in mapping["roles"]}
    assert scoped == {"admin", "developer", "user"}
    for role in representation["roles"]["realm"]:
        assert "client" not in role.get("composites", {})


def test_roles_and_groups_are_claims_of_every_token() -> None:
    for client in represent()["clients"]:
        mappers = [mapper["config"] for mapper in client["protocolMappers"] if mapper["name"] != "audience"]
        claims = {config["claim.name"]: config for config in mappers}
        assert set(claims) == {"roles", "groups"}
        for config in claims.values():
            assert config["id.token.claim"] == config["access.token.claim"] == config["userinfo.token.claim"] == "true"
        assert claims["groups"]["full.path"] == "false"


def test_programs_get_tokens_of_the_api_by_the_device_grant_and_nothing_else() -> None:
    representation = represent()
    [api] = [client for client in representation["clients"] if client["clientId"] == "api"]
    assert api["publicClient"]
    assert "secret" not in api
    assert api["attributes"] == {"oauth2.device.authorization.grant.enabled": "true"}
    flows = ("standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled")
    assert not any(api[flow] for flow in flows)
    assert api["redirectUris"] == []
    assert api["consentRequired"]
    assert {mapping["client"] for mapping in representation["scopeMappings"]} == {"api", "gateway", "grafana"}


def test_access_tokens_of_the_api_client_alone_are_for_the_api() -> None:
    audiences = {
        client["clientId"]: [mapper["config"] for mapper in client["protocolMappers"] if mapper["name"] == "audience"]
        for client in represent()["clients"]
    }
    assert [name for name, found in audiences.items() if found] == ["api"]
    [audience] = audiences["api"]
    issued = token_issuer("https://auth.ai.example.org", "ai-platform")
    assert audience["included.custom.audience"] == issued.audience
    assert (audience["access.token.claim"], audience["id.token.claim"]) == ("true", "false")
    # The audience of an ID token is its client.
    assert issued.audience not in audiences


def test_secrets_are_variables() -> None:
    representation = represent(replace(REALM, directory=DIRECTORY))
    assert {client["secret"] for client in consoles(representation)} == {
        "$(env:GATEWAY_CLIENT_SECRET)",
        "$(env:GRAFANA_CLIENT_SECRET)",
    }
    [federation] = representation["components"]["org.keycloak.storage.UserStorageProvider"]
    assert federation["config"]["bindCredential"] == ["$(env:LDAP_BIND_PASSWORD)"]
    assert json.dumps(representation).count("$(") == 3


def test_a_directory_is_read_only_and_brings_in_its_own_groups_alone() -> None:
    [federation] = represent(replace(REALM, directory=DIRECTORY))["components"][
        "org.keycloak.storage.UserStorageProvider"
    ]
    config = federation["config"]
    assert config["editMode"] == ["READ_ONLY"]
    assert config["connectionUrl"] == ["ldaps://dc1.corp.example.org:3269"]
    assert config["usernameLDAPAttribute"] == ["sAMAccountName"]
    assert all(isinstance(value, list) and len(value) == 1 for value in config.values())
    mappers = {
        mapper["name"]: mapper
        for mapper in federation["subComponents"]["org.keycloak.storage.ldap.mappers.LDAPStorageMapper"]
    }
    assert mappers["groups"]["config"]["mode"] == ["READ_ONLY"]
    assert mappers["groups"]["config"]["groups.ldap.filter"] == [
        "(|(cn=cardiology)(cn=platform-admins)(cn=platform-developers)(cn=research))"
    ]
    assert mappers["account controls"]["providerId"] == "msad-user-account-control-mapper"


def test_another_directory_has_the_standard_schema() -> None:
    [federation] = represent(replace(REALM, directory=replace(DIRECTORY, vendor="other")))["components"][
        "org.keycloak.storage.UserStorageProvider"
    ]
    assert federation["config"]["uuidLDAPAttribute"] == ["entryUUID"]
    names = [
        mapper["name"] for mapper in federation["subComponents"]["org.keycloak.storage.ldap.mappers.LDAPStorageMapper"]
    ]
    assert names == ["username", "email", "first name", "last name", "groups"]


def test_a_directory_that_is_gone_from_the_settings_is_named_as_empty() -> None:
    assert represent()["components"] == {"org.keycloak.storage.UserStorageProvider": []}


def test_the_port_of_a_directory_follows_its_address() -> None:
    assert DIRECTORY.port == 3269
    assert replace(DIRECTORY, connection_url="ldaps://dc1").port == 636


@given(st.lists(st.text(min_size=1), min_size=1))
def test_no_group_name_breaks_out_of_the_filter(groups: list[str]) -> None:
    text = group_filter(groups)
    inside = text.removeprefix("(|").removesuffix(")")
    assert inside.count("(") == inside.count(")") == inside.count("(cn=") == len(set(groups))
    assert "*" not in text


@pytest.mark.parametrize(
    ("realm", "expected"),
    [
        (replace(REALM, developer_group="platform-admins"), "identity.adminGroup and identity.developerGroup"),
        (
            replace(REALM, team_groups=("platform-admins",)),
            "teams[].group 'platform-admins' is also identity.adminGroup",
        ),
        (replace(REALM, team_groups=("platform-developers",)), "is also identity.developerGroup"),
        (replace(REALM, team_groups=("a/b",)), "group 'a/b' holds '/'"),
        (replace(REALM, admin_group="$(env:HOME)"), "holds '/' (a path in Keycloak) or '$('"),
        (replace(REALM, mfa_roles=("user",)), "identity.mfa.requiredFor lacks 'admin'"),
    ],
)
def test_a_realm_that_means_two_things_is_refused(realm: Realm, expected: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        realm.check()
    assert expected in str(caught.value)


def test_the_realm_of_the_defaults_is_fine() -> None:
    REALM.check()
