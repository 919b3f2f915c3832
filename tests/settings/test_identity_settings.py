from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stacks.schema.identity import IdentitySettings

DIRECTORY: dict[str, Any] = {
    "vendor": "ad",
    "connectionUrl": "ldaps://dc1.corp.example.org",
    "usersDn": "OU=People,DC=corp,DC=example,DC=org",
    "groupsDn": "OU=Groups,DC=corp,DC=example,DC=org",
    "bindDn": "CN=reader,DC=corp,DC=example,DC=org",
    "cidrs": ["10.20.0.0/24"],
}


def refusal(settings: dict[str, Any]) -> str:
    """The one message that reading `settings` ends with, after its key path."""
    with pytest.raises(ValidationError) as caught:
        IdentitySettings.model_validate(settings)
    errors = caught.value.errors()
    assert len(errors) == 1
    return f"{'.'.join(str(part) for part in errors[0]['loc'])}: {errors[0]['msg']}"


def test_an_empty_section_is_safe() -> None:
    settings = IdentitySettings.model_validate({})
    assert settings.realm == "ai-platform"
    assert settings.mfa.required_for == ("admin",)
    assert settings.session.max_seconds == 3600
    assert settings.replicas == 2
    assert settings.password_policy.min_length == 15
    assert settings.ldap is None


def test_a_directory_is_read_with_its_keys() -> None:
    ldap = IdentitySettings.model_validate({"ldap": DIRECTORY}).ldap
    assert ldap is not None
    assert (ldap.vendor, ldap.connection_url, ldap.cidrs) == ("ad", DIRECTORY["connectionUrl"], ("10.20.0.0/24",))


def test_a_bind_password_is_never_a_setting() -> None:
    assert "bindPassword" in refusal({"ldap": DIRECTORY | {"bindPassword": "secret"}})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"realm": "master"}, "realm: Value error, 'master' is Keycloak's own administration realm"),
        ({"realm": "AI Platform"}, "realm: Value error, 'AI Platform' is no DNS label"),
        ({"replicas": 0}, "replicas: Input should be greater than or equal to 1"),
        ({"sesion": {}}, "sesion: Extra inputs are not permitted"),
        ({"session": {"maxSeconds": 60}}, "session.maxSeconds: Input should be greater than or equal to 300"),
        ({"session": {"maxSeconds": 864_000}}, "session.maxSeconds: Input should be less than or equal to 86400"),
        ({"mfa": {"requiredFor": []}}, "mfa.requiredFor: Value error, 'admin' must be in the list"),
        ({"mfa": {"requiredFor": ["user"]}}, "mfa.requiredFor: Value error, 'admin' must be in the list"),
        ({"mfa": {"requiredFor": ["root"]}}, "mfa.requiredFor.0: Input should be 'admin', 'developer' or 'user'"),
        ({"passwordPolicy": {"minLength": 8}}, "passwordPolicy.minLength: Input should be greater than or equal to 12"),
        ({"adminGroup": ""}, "adminGroup: String should have at least 1 character"),
        ({"ldap": DIRECTORY | {"vendor": "novell"}}, "ldap.vendor: Input should be 'ad' or 'other'"),
        ({"ldap": DIRECTORY | {"usersDn": "people"}}, "ldap.usersDn: Value error, 'people' is no distinguished name"),
        ({"ldap": DIRECTORY | {"cidrs": []}}, "ldap.cidrs: Value error, name at least one IPv4 range"),
        ({"ldap": DIRECTORY | {"cidrs": ["dc1"]}}, "ldap.cidrs.0: Value error, 'dc1' is no IPv4 range"),
        ({"ldap": DIRECTORY | {"cidrs": ["10.0.0.1/24"]}}, "ldap.cidrs.0: Value error, '10.0.0.1/24' is no IPv4 range"),
        (
            {"ldap": DIRECTORY | {"cidrs": ["0.0.0.0/0"]}},
            "ldap.cidrs.0: Value error, '0.0.0.0/0' is the whole internet",
        ),
        (
            {"ldap": DIRECTORY | {"caCertificate": "x"}},
            "ldap.caCertificate: Value error, give the certificate authority",
        ),
    ],
)
def test_bad_input_is_one_line_with_the_key(settings: dict[str, Any], expected: str) -> None:
    message = refusal(settings)
    assert message.startswith(expected)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ldap://dc1.corp.example.org", "is not encrypted: use ldaps://<host>[:<port>]"),
        ("dc1.corp.example.org", "is not encrypted"),
        ("ldaps://", "is no directory address"),
        ("ldaps://dc1:99999", "is no directory address"),
        ("ldaps://dc1/dc=example", "is no directory address"),
    ],
)
def test_only_an_encrypted_directory_address_is_taken(url: str, expected: str) -> None:
    message = refusal({"ldap": DIRECTORY | {"connectionUrl": url}})
    assert message.startswith("ldap.connectionUrl: ")
    assert expected in message
