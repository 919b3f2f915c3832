"""Keycloak runs as a server for people, and its administration is not on the public route."""

from __future__ import annotations

import re

from policies.checks import per_subject
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container
from policies.public_routes import ROUTE_GROUP, paths, routes, rules_to
from policies.registry import Rule
from policies.servers import KEYCLOAK, from_secret, image_name, per_server, variable, words
from policies.stack import Stack
from policies.subjects import Subject

_PASSWORDS = ("KC_BOOTSTRAP_ADMIN_PASSWORD", "KEYCLOAK_ADMIN_PASSWORD", "KC_DB_PASSWORD")

_FOR_PEOPLE = re.compile(r"/(?:realms/(?!master(?:/|$))[^/]+|resources|\.well-known)(?:/.*)?")
"""Sign-in and tokens of a realm, their pictures and scripts, and how programs find them."""


def _runs_for_people(container: Container) -> Outcomes:
    if image_name(container) != KEYCLOAK:
        return
    arguments = [word.text() for word in words(container)]
    if "start" not in arguments:
        message = "must be started with start: start-dev has no TLS, no clustering and default settings"
        yield Violation(container.field.at("args").path, message)
    address = variable(container, "KC_HOSTNAME").at("value")
    if not address.text().startswith("https://"):
        message = "KC_HOSTNAME must be an https address: otherwise whoever asks decides what tokens say"
        yield Violation(address.path, message)
    strict = variable(container, "KC_HOSTNAME_STRICT").at("value")
    if strict.text().lower() == "false":
        yield Violation(strict.path, "must not be false: links would go to whatever host a request names")
    for password in (variable(container, name) for name in _PASSWORDS):
        if password.present and not from_secret(password):
            yield Violation(password.path, "must come from a Secret")


def _only_sign_in_is_public(stack: Stack, route: Subject) -> Outcomes:
    for rule in rules_to(stack, route, KEYCLOAK):
        if not route.is_a(ROUTE_GROUP, "HTTPRoute"):
            yield Violation(rule.path, "must be an HTTPRoute of the edge, which lets single paths through")
            continue
        for place, path in paths(rule):
            if not _FOR_PEOPLE.fullmatch(path):
                message = "must be below /realms/<realm>, /resources or /.well-known: the rest is administration"
                yield Violation(place.path, message)


RULES = (
    Rule(
        id="AI-20",
        title="Keycloak runs in production mode",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="In development mode Keycloak speaks plain HTTP, and with a loose host name an attacker chooses the "
        "host that its links and tokens name.",
        sources=("Keycloak documentation: Configuring Keycloak for production", "own"),
        remediation="Start it with start, an https KC_HOSTNAME and passwords from Secrets.",
        of_object=per_server(_runs_for_people, KEYCLOAK),
    ),
    Rule(
        id="AI-33",
        title="Keycloak's administration is not public",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Everybody on the internet can try passwords on the administrators' console, and who gets in makes "
        "accounts and tokens for anybody.",
        sources=("Keycloak documentation: Configuring a reverse proxy, exposed paths", "own"),
        remediation="Route /realms/<realm>, /resources and /.well-known only; reach the console by port-forward.",
        of_stack=per_subject(routes, _only_sign_in_is_public),
    ),
)
