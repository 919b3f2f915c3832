"""The realm: whoever guesses is stopped, and applications sign people in the way that cannot be intercepted."""

from __future__ import annotations

import re

from components.base.documents import json_document
from policies.checks import each
from policies.fields import Field, MalformedError
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import JSON, per_text
from policies.registry import Rule

_LEAST_LENGTH = 12
_LENGTH = re.compile(r"\blength\((\d+)\)")
_ENCRYPTED = frozenset({"external", "all"})
_RECORDED = ("eventsEnabled", "adminEventsEnabled")
_METHOD = "pkce.code.challenge.method"
_LOCAL = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::\d+)?(?:/.*)?")


def _realm(text: Field) -> Field | None:
    """The realm in an entry of a ConfigMap. Raises MalformedError."""
    content = text.text()
    if '"realm"' not in content or '"clients"' not in content:
        return None
    try:
        document = json_document(content)
    except ValueError:
        raise MalformedError(text.path, "JSON, or nobody knows how people sign in") from None
    return Field(document, text.path) if isinstance(document, dict) else None


def _stops_guessing(realm: Field) -> Outcomes:
    guarded_from = realm.at("bruteForceProtected")
    if guarded_from.value is not True:
        yield Violation(guarded_from.path, "must be true: passwords could be tried without end")
    encrypted = realm.at("sslRequired")
    if encrypted.text() not in _ENCRYPTED:
        yield Violation(encrypted.path, "must be external or all")
    registration = realm.at("registrationAllowed")
    if registration.value:
        yield Violation(registration.path, "must be off: accounts come from administrators or the directory")
    policy = realm.at("passwordPolicy")
    length = _LENGTH.search(policy.text())
    if length is None or int(length[1]) < _LEAST_LENGTH:
        yield Violation(policy.path, f"must ask for length({_LEAST_LENGTH}) or more")
    for record in map(realm.at, _RECORDED):
        if record.value is not True:
            yield Violation(record.path, "must be true: nobody could tell afterwards who signed in or changed what")


def _clients_are_safe(realm: Field) -> Outcomes:
    yield from each(realm.at("clients").items(), _client_is_safe)


def _client_is_safe(client: Field) -> Outcomes:
    if client.at("enabled").value is False:
        return
    for name in ("implicitFlowEnabled", "directAccessGrantsEnabled"):
        flow = client.at(name)
        if flow.value:
            yield Violation(flow.path, "must be off: tokens in addresses, or passwords in applications")
    yield from each(client.at("redirectUris").items(), _is_one_address)
    for origin in client.at("webOrigins").items():
        if "*" in origin.text():
            yield Violation(origin.path, "must name one origin")
    if client.at("standardFlowEnabled").value is not False:
        yield from _signs_in_safely(client)


def _is_one_address(address: Field) -> Outcomes:
    text = address.text()
    if "*" in text:
        yield Violation(address.path, "must be one address: codes could be sent to another page")
    if text.startswith("http:") and not _LOCAL.fullmatch(text):
        yield Violation(address.path, "must be an https address")


def _signs_in_safely(client: Field) -> Outcomes:
    public, method = client.at("publicClient"), client.at("attributes", _METHOD)
    if public.value:
        yield Violation(public.path, "must be off for a client with the standard flow: it has a secret")
    if method.text() != "S256":
        yield Violation(method.path, "must be S256: an intercepted code would be good")


RULES = (
    Rule(
        id="AI-37",
        title="The realm stops guessing, asks for long passwords, lets nobody register and records who signs in",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Passwords are tried without end until one is right, and afterwards nobody can tell which accounts "
        "were used.",
        sources=("NIST SP 800-63B", "BSI ORP.4", "Keycloak documentation: Server Administration", "own"),
        remediation="Set bruteForceProtected, sslRequired, a password policy and both kinds of events in the realm; "
        "leave registrationAllowed false.",
        of_object=per_text(_realm, _stops_guessing, JSON),
    ),
    Rule(
        id="AI-38",
        title="Clients of the realm sign in with a secret and PKCE",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="An intercepted sign-in code, or one sent to an attacker's page, is enough to come in as somebody else.",
        sources=("RFC 9700: OAuth 2.0 Security Best Current Practice", "own"),
        remediation="Make the client confidential with PKCE S256, exact https addresses and no old flow.",
        of_object=per_text(_realm, _clients_are_safe, JSON),
    ),
)
