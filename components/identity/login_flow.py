"""Pure builder of the sign-in flows: members only, a second factor for the roles that need one, and no way round.

The executions of one flow are tried in order. Source of the semantics: Keycloak Server Administration Guide,
"Authentication flows" (a conditional sub-flow runs when all its conditions hold; a REQUIRED one-time-password form
makes a user who has none set one up before going on).
"""

from __future__ import annotations

from typing import Any, Literal

BROWSER_FLOW = "platform browser"
DIRECT_GRANT_FLOW = "platform no direct grant"
MFA_ROLE = "mfa-required"
"""Role that a user holds, directly or through another role, when a second factor is required."""

MEMBER_ROLE = "user"
"""Role that everybody who may sign in holds."""

_FORMS = "platform forms"
_OUTSIDERS = "platform outsiders"
_REQUIRED = "platform second factor required"
_CHOSEN = "platform second factor chosen"
_HAS_ROLE = "platform has role mfa-required"
_LACKS_ROLE = "platform lacks role mfa-required"
_LACKS_MEMBERSHIP = "platform lacks role user"

Requirement = Literal["REQUIRED", "ALTERNATIVE", "CONDITIONAL"]


def authentication_flows() -> list[dict[str, Any]]:
    """The flows of the realm, camelCase as in a realm representation, sub-flows after their parents."""
    return [
        _flow(
            BROWSER_FLOW,
            "Password, and a one-time password for whoever needs or has one",
            _execution("auth-cookie", "ALTERNATIVE"),
            _subflow(_FORMS, "ALTERNATIVE"),
            top_level=True,
        ),
        _flow(
            _FORMS,
            "Password, then the second factor",
            _execution("auth-username-password-form", "REQUIRED"),
            _subflow(_OUTSIDERS, "CONDITIONAL"),
            _subflow(_REQUIRED, "CONDITIONAL"),
            _subflow(_CHOSEN, "CONDITIONAL"),
        ),
        # A directory holds everybody; a client that asks for no role must not let in who is in none of its groups.
        _flow(
            _OUTSIDERS,
            "Whoever belongs to no group of the platform is refused",
            _execution("conditional-user-role", "REQUIRED", config=_LACKS_MEMBERSHIP),
            _execution("deny-access-authenticator", "REQUIRED"),
        ),
        # "conditional-user-configured", Keycloak's own default, lets in whoever never set up a second factor.
        _flow(
            _REQUIRED,
            "Whoever must have a second factor uses it, or sets it up now",
            _execution("conditional-user-role", "REQUIRED", config=_HAS_ROLE),
            _execution("auth-otp-form", "REQUIRED"),
        ),
        # Without the negated role, whoever must have a second factor would be asked for it twice.
        _flow(
            _CHOSEN,
            "Anybody else who has a second factor uses it",
            _execution("conditional-user-role", "REQUIRED", config=_LACKS_ROLE),
            _execution("conditional-user-configured", "REQUIRED"),
            _execution("auth-otp-form", "REQUIRED"),
        ),
        # Every realm comes with the client admin-cli, which takes a password alone from whoever has no second factor
        # yet. Trading passwords for tokens is gone from OAuth 2.1 too.
        _flow(
            DIRECT_GRANT_FLOW,
            "No token for a password alone",
            _execution("deny-access-authenticator", "REQUIRED"),
            top_level=True,
        ),
    ]


def authenticator_configs() -> list[dict[str, Any]]:
    """Configuration of the conditions that the flows name."""
    return [
        {"alias": _LACKS_MEMBERSHIP, "config": {"condUserRole": MEMBER_ROLE, "negate": "true"}},
        {"alias": _HAS_ROLE, "config": {"condUserRole": MFA_ROLE, "negate": "false"}},
        {"alias": _LACKS_ROLE, "config": {"condUserRole": MFA_ROLE, "negate": "true"}},
    ]


def _flow(alias: str, description: str, *executions: dict[str, Any], top_level: bool = False) -> dict[str, Any]:
    ordered = [execution | {"priority": 10 * place} for place, execution in enumerate(executions, start=1)]
    return {
        "alias": alias,
        "description": description,
        "providerId": "basic-flow",
        "topLevel": top_level,
        "builtIn": False,
        "authenticationExecutions": ordered,
    }


def _execution(authenticator: str, requirement: Requirement, *, config: str | None = None) -> dict[str, Any]:
    execution: dict[str, Any] = {
        "authenticator": authenticator,
        "authenticatorFlow": False,
        "requirement": requirement,
        "userSetupAllowed": False,
    }
    return execution | ({"authenticatorConfig": config} if config else {})


def _subflow(alias: str, requirement: Requirement) -> dict[str, Any]:
    return {
        "flowAlias": alias,
        "authenticatorFlow": True,
        "requirement": requirement,
        "userSetupAllowed": False,
    }
