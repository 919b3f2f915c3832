"""The gateway's console and its administration are behind a sign-in; clients see the API alone."""

from __future__ import annotations

from policies.checks import per_subject
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.public_routes import ROUTE_GROUP, paths, routes, rules_to
from policies.registry import Rule
from policies.servers import LITELLM
from policies.stack import Stack
from policies.subjects import Subject

_API = ("/v1/", "/health/liveliness/", "/health/readiness/")
"""What LiteLLM offers to clients. Keys, teams, spending and settings are beside it."""


def _console_asks_who_comes(stack: Stack, route: Subject) -> Outcomes:
    places = rules_to(stack, route, LITELLM)
    if not route.is_a(ROUTE_GROUP, "HTTPRoute"):
        for place in places:
            yield Violation(place.path, "must be an HTTPRoute of the edge, which can ask for a sign-in")
        return
    open_places = [place for rule in places for place, path in paths(rule) if not f"{path}/".startswith(_API)]
    if open_places and not _asks_for_a_sign_in(stack, route):
        for place in open_places:
            yield Violation(place.path, "leads to the console: needs a SecurityPolicy with oidc that denies by default")


def _asks_for_a_sign_in(stack: Stack, route: Subject) -> bool:
    def guards(policy: Subject) -> bool:
        spec = policy.root.at("spec")
        targets = [spec.at("targetRef"), *spec.at("targetRefs").items()]
        return (
            policy.namespace == route.namespace
            and any_known(targets, lambda target: _is(target, route))
            and spec.at("oidc").present
            and spec.at("authorization", "defaultAction").text() == "Deny"
        )

    return any_known(stack.near(route.namespace, "gateway.envoyproxy.io", "SecurityPolicy"), guards)


def _is(target: Field, route: Subject) -> bool:
    return (target.at("kind").text(), target.at("name").text()) == ("HTTPRoute", route.name)


RULES = (
    Rule(
        id="AI-32",
        title="The gateway's console is behind a sign-in",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="The console makes keys, raises budgets and shows spending: open to the internet, one guessed or "
        "leaked key of an administrator gives all of it away.",
        sources=("NIST SP 800-53 AC-3", "LiteLLM documentation: Admin UI", "own"),
        remediation="Route clients to /v1/… only, and give the console's route a SecurityPolicy with oidc and "
        "authorization.defaultAction Deny.",
        of_stack=per_subject(routes, _console_asks_who_comes),
    ),
)
