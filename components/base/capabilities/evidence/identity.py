"""People: single sign-on, the second factor, and the accounts of workloads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from components.base.capabilities.evidence.containers import container, variable
from components.base.capabilities.evidence.serving import MODEL, servers_of
from components.base.capabilities.facets import NO, UNKNOWN, Amount, Difference, Facet, Names, Scale, holds
from components.base.capabilities.resources import Document, Key, Reading, Record, Resources, is_set, member
from components.base.capabilities.specification import Specification

NAMESPACE = "identity"
_REALM = Document(("data", "realm.json"))
_SIGN_ON = Document(("data", "sign_on.json"))
_REQUIRED = "mfa-required"
_USER = "user"
_POD_IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"


def _realms(resources: Resources) -> list[Record]:
    return resources.named("ConfigMap", "identity-realm", NAMESPACE)


def single_sign_on(resources: Resources) -> Iterator[Reading]:
    """The identity provider, its database connection and how its realm treats passwords."""
    for record in resources.named("StatefulSet", "keycloak", NAMESPACE):
        yield record.amount("copies", "spec", "replicas")
        parameters = (*variable(record, "KC_DB_URL_PROPERTIES"), "value")
        yield record.holds(
            "database-over-tls", *parameters, when=lambda value: "sslmode=require" in value or "sslmode=verify" in value
        )
    for record in _realms(resources):
        yield record.inside("guessing-slowed", _REALM, "bruteForceProtected")
        yield record.inside("events-kept", _REALM, "eventsEnabled")
        yield record.inside("closed", _REALM, "registrationAllowed", when=lambda value: value is False)
        yield from _groups_of_teams(resources, record)


def _groups_of_teams(resources: Resources, realm: Record) -> Iterator[Reading]:
    """Whether the groups of teams, by which the gateway knows them, make users of their members and nothing else."""
    signed_on = [
        gateway.document(*_SIGN_ON.keys)
        for gateway in resources.named("ConfigMap", "gateway-litellm-config", "gateway")
    ]
    groups = member(realm.document(*_REALM.keys), "groups")
    if UNKNOWN in (*signed_on, realm.document(*_REALM.keys)):
        yield realm.says("teams-apart", UNKNOWN, *_REALM.keys)
    teams = {member(team, "group") for found in signed_on for team in member(found, "teams") or ()}
    for place, group in enumerate(cast("list[Any]", groups) if isinstance(groups, list) else []):
        if member(group, "name") in teams:
            yield realm.inside(
                "teams-apart", _REALM, "groups", place, "realmRoles", when=lambda roles: roles == [_USER]
            )
            if member(group, "clientRoles"):
                yield realm.says("teams-apart", NO, *_REALM.keys)


def second_factor(resources: Resources) -> Iterator[Reading]:
    """The roles that need a second factor, by being one with the role that asks for it."""
    for record in _realms(resources):
        roles = member(record.document(*_REALM.keys), "roles", "realm")
        yield record.inside("one-time", _REALM, "otpPolicyType", when=is_set)
        yield record.inside("one-time", _REALM, "otpPolicyCodeReusable", when=lambda value: value is False)
        hidden = record.document(*_REALM.keys) is UNKNOWN
        yield record.says("roles", UNKNOWN if hidden else frozenset(), *_REALM.keys)
        for place, role in enumerate(cast("list[Any]", roles) if isinstance(roles, list) else []):
            if _REQUIRED in (member(role, "composites", "realm") or ()):
                keys: tuple[Key, ...] = ("roles", "realm", place, "composites", "realm")
                yield replace(record.inside("roles", _REALM, *keys), value=frozenset({str(member(role, "name"))}))


def workload_identity(resources: Resources) -> Iterator[Reading]:
    """The servers and the fetcher of each model use the object store under accounts of their own.

    That is a role of AWS that is handed to their service account, or keys in a Secret of their own.
    """
    roles = {str(record.read("serviceAccount")): record for record in resources.of(_POD_IDENTITY)}
    secrets = {record.name: record for record in resources.kind("Secret") if record.namespace == "models"}
    for model in resources.of(MODEL):
        name = model.name.removeprefix("model-")
        for account, suffix in _accounts(resources, model, name):
            secret = f"{model.name}-{suffix}-store"
            if account in roles:
                yield roles[account].when_set("credentials", "short-lived", "none", "roleArn")
            elif secret in secrets:
                yield secrets[secret].exists("credentials", "static")
            else:
                yield model.says("credentials", "none")


def _accounts(resources: Resources, model: Record, name: str) -> Iterator[tuple[str, str]]:
    """The service accounts of a model that use the store; servers that find their weights on a volume, and
    weights that nobody fetches, need none.
    """
    if any(job.name == f"{model.name}-job" for job in resources.children(model, "Job")):
        yield f"{name}-weights", "writer"
    streams = (server.read(*container(), "args", 0) for server in servers_of(resources, model))
    if any(isinstance(source, str) and source.startswith("s3://") for source in streams):
        yield name, "reader"


SPECIFICATIONS = (
    Specification(
        name="single-sign-on",
        statement="One account for gateway, console and dashboards.",
        evidence=single_sign_on,
        facets=(
            Facet(
                name="copies", meaning="copies", kind="durability", minimum=2, order=Amount("copies"), floor_only=True
            ),
            holds("database-over-tls", "the connection to the database is encrypted"),
            holds("guessing-slowed", "guessing of passwords is slowed down"),
            holds("events-kept", "sign-ins are recorded"),
            holds("closed", "nobody registers an account for himself"),
            holds("teams-apart", "members of a team are users and administer nothing"),
        ),
    ),
    Specification(
        name="multi-factor-authentication",
        statement="Who can change the platform signs in with a second factor.",
        evidence=second_factor,
        facets=(
            Facet(
                name="roles",
                meaning="roles that need a second factor",
                kind="security",
                minimum=frozenset({"admin"}),
                order=Names(),
                floor_only=True,
            ),
            holds("one-time", "a code is good for one sign-in"),
        ),
    ),
    Specification(
        name="workload-identity",
        statement="Each workload uses the object store under an account of its own.",
        evidence=workload_identity,
        facets=(
            Facet(
                name="credentials",
                meaning="how long its credentials live",
                kind="security",
                minimum="static",
                order=Scale(("none", "static", "short-lived")),
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="static",
                        than="short-lived",
                        reason="the object store in the cluster knows keys only; each is for one bucket and one "
                        "account, and rolls with its Secret",
                    ),
                ),
            ),
        ),
    ),
)
