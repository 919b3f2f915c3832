"""The realm in a real Keycloak. `KEYCLOAK_HOME` names an unpacked distribution (org.keycloak:keycloak-quarkus-dist on
Maven Central, Java 17 or newer); without it these tests are skipped, because they take a minute and 250 MB.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.identity.api_client import token_issuer
from components.identity.clients import platform_clients
from components.identity.realm import realm_representation
from tests.components.keycloak_server import (
    Browser,
    KeycloakProcess,
    Reply,
    SignIn,
    claims,
    one_time_password,
    send,
)
from tests.components.test_identity import REALM

HOME = os.environ.get("KEYCLOAK_HOME")
pytestmark = pytest.mark.skipif(not HOME, reason="KEYCLOAK_HOME names no unpacked Keycloak distribution")

CLIENTS = {client.client_id: client for client in platform_clients("ai.example.org")}
PEOPLE = {"ada": "platform-admins", "dev": "platform-developers", "rosa": "research", "oscar": None}
SECRET = "client-secret-of-the-test"
SET_UP_OTP = 'id="kc-totp-settings-form"'


def password_of(person: str) -> str:
    return f"a long password of {person}"


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeycloakProcess]:
    server = KeycloakProcess(home=Path(HOME or ""), folder=tmp_path_factory.mktemp("keycloak"))
    try:
        server.start()
        text = json.dumps(realm_representation(REALM, tuple(CLIENTS.values())))
        representation = json.loads(re.sub(r"\$\(env:[A-Z_]+\)", SECRET, text))
        created = server.admin("POST", "/realms", representation)
        assert created.status == 201, created.body
        for person, group in PEOPLE.items():
            user = {
                "username": person,
                "enabled": True,
                "email": f"{person}@example.org",
                "firstName": person,
                "lastName": "Test",
                "groups": [f"/{group}"] if group else [],
                "credentials": [{"type": "password", "value": password_of(person), "temporary": False}],
            }
            assert server.admin("POST", f"/realms/{REALM.name}/users", user).status == 201
        yield server
    finally:
        server.stop()


def sign_in(server: KeycloakProcess, client_id: str = "grafana") -> SignIn:
    return SignIn(server.port, REALM.name, client_id, CLIENTS[client_id].callback)


def set_up_otp(attempt: SignIn, page: Reply) -> Reply:
    manual = re.search(r'href="([^"]*mode=manual[^"]*)"', page.body)
    assert manual
    shown = attempt.browser.open(html.unescape(manual[1]))
    secret = re.search(r'id="kc-totp-secret-key">([^<]+)<', shown.body)
    assert secret
    return attempt.browser.submit(shown, totp=one_time_password(secret[1]), userLabel="telephone")


def test_the_realm_is_as_the_representation_says(keycloak: KeycloakProcess) -> None:
    realm = keycloak.admin("GET", f"/realms/{REALM.name}").json()
    assert realm["ssoSessionMaxLifespan"] == 3600
    assert realm["browserFlow"] == "platform browser"
    assert realm["bruteForceProtected"]
    roles = {role["name"] for role in keycloak.admin("GET", f"/realms/{REALM.name}/roles").json()}
    assert {"admin", "developer", "user", "mfa-required"} <= roles
    groups = {group["name"] for group in keycloak.admin("GET", f"/realms/{REALM.name}/groups").json()}
    assert groups == set(REALM.groups)


def test_an_administrator_cannot_go_on_without_a_second_factor(keycloak: KeycloakProcess) -> None:
    attempt = sign_in(keycloak)
    page = attempt.password("ada", password_of("ada"))
    assert page.status == 200
    assert page.location is None
    assert SET_UP_OTP in page.body
    tokens = attempt.tokens(set_up_otp(attempt, page), SECRET)
    told = claims(tokens["access_token"])
    assert {"admin", "developer", "user"} <= set(told["roles"])
    again = sign_in(keycloak).password("ada", password_of("ada"))
    assert 'name="otp"' in again.body
    # Her token for a console is refused by the administration API, although she may administer the realm.
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert send(keycloak.port, "GET", f"/admin/realms/{REALM.name}/users", headers=headers).status == 403


@pytest.mark.parametrize(("person", "roles"), [("dev", {"developer", "user"}), ("rosa", {"user"})])
def test_members_sign_in_with_a_password_and_bring_roles_and_groups(
    keycloak: KeycloakProcess, person: str, roles: set[str]
) -> None:
    attempt = sign_in(keycloak, "gateway")
    tokens = attempt.tokens(attempt.password(person, password_of(person)), SECRET)
    told = claims(tokens["access_token"])
    assert told["iss"] == "https://auth.ai.example.org/realms/ai-platform"
    assert (set(told["roles"]), told["groups"]) == (roles, [PEOPLE[person]])
    assert told["exp"] - told["iat"] == 300
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    asked = send(keycloak.port, "GET", f"/realms/{REALM.name}/protocol/openid-connect/userinfo", headers=headers)
    assert asked.status == 200
    assert set(asked.json()["roles"]) == roles


def test_whoever_is_in_no_group_is_refused(keycloak: KeycloakProcess) -> None:
    page = sign_in(keycloak).password("oscar", password_of("oscar"))
    assert (page.status, page.location) == (401, None)
    assert "Access denied" in page.body


def test_a_password_is_never_traded_for_a_token(keycloak: KeycloakProcess) -> None:
    form = {
        "grant_type": "password",
        "client_id": "admin-cli",
        "username": "rosa",
        "password": password_of("rosa"),
    }
    reply = send(keycloak.port, "POST", f"/realms/{REALM.name}/protocol/openid-connect/token", form=form)
    assert reply.status == 401
    assert "access_token" not in reply.body


def device_grant(keycloak: KeycloakProcess, person: str) -> tuple[Reply, dict[str, str]]:
    """A program asks for tokens of the API, `person` signs in: the last page, and what it polls with."""
    endpoint = f"/realms/{REALM.name}/protocol/openid-connect"
    form = {"client_id": "api", "scope": "openid"}
    asked = send(keycloak.port, "POST", f"{endpoint}/auth/device", form=form)
    assert asked.status == 200, asked.body
    browser = Browser(keycloak.port)
    login = browser.open(asked.json()["verification_uri_complete"])
    page = browser.submit(login, username=person, password=password_of(person))
    if 'name="accept"' in page.body:
        page = browser.submit(page, accept="Yes")
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return page, {"client_id": "api", "grant_type": grant, "device_code": asked.json()["device_code"]}


def test_a_program_gets_access_tokens_of_the_api_by_the_device_grant(keycloak: KeycloakProcess) -> None:
    _, polled = device_grant(keycloak, "rosa")
    granted = send(keycloak.port, "POST", f"/realms/{REALM.name}/protocol/openid-connect/token", form=polled)
    assert granted.status == 200, granted.body
    access, identity = (claims(granted.json()[name]) for name in ("access_token", "id_token"))
    issued = token_issuer("https://auth.ai.example.org", REALM.name)
    assert (access["iss"], access["aud"], access["typ"]) == (issued.issuer_url, issued.audience, "Bearer")
    assert access["groups"] == [PEOPLE["rosa"]]
    assert access["sub"]
    # An ID token is for the program, not for the API.
    assert (identity["aud"], identity["typ"]) == ("api", "ID")


def test_whoever_is_in_no_group_gets_no_token_for_a_program(keycloak: KeycloakProcess) -> None:
    page, polled = device_grant(keycloak, "oscar")
    assert "Access denied" in page.body
    refused = send(keycloak.port, "POST", f"/realms/{REALM.name}/protocol/openid-connect/token", form=polled)
    assert refused.status == 400
    assert "access_token" not in refused.body


def test_a_sign_in_without_pkce_or_to_another_address_is_refused(keycloak: KeycloakProcess) -> None:
    without = sign_in(keycloak).start(code_challenge="", code_challenge_method="")
    assert without.location is not None
    assert "Missing+parameter%3A+code_challenge_method" in without.location
    elsewhere = sign_in(keycloak).start(redirect_uri="https://grafana.ai.example.org/elsewhere")
    assert elsewhere.status == 400
