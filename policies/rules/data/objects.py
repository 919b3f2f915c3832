"""The object store knows who asks, and nobody but its servers holds its root key."""

from __future__ import annotations

from components.base.documents import json_document
from policies.checks import each, per_container, together
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import JSON, per_text
from policies.pods import Container
from policies.registry import Rule
from policies.servers import MINIO, SEAWEEDFS, from_secret, per_server, runs, variable, words

_ROOT = ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD")
_EVERYBODY = "*"


def _seaweedfs_knows_who_asks(container: Container) -> Outcomes:
    flags = dict(_flag(word) for word in words(container))
    if flags.get("s3", "false") == "false":
        return
    if not flags.get("s3.config"):
        yield Violation(container.field.at("args").path, "-s3.config must name identities: without, anybody is served")
    if flags.get("s3.iam") != "false":
        message = "-s3.iam must be false: its interface makes new keys"
        yield Violation(container.field.at("args").path, message)


def _flag(word: Field) -> tuple[str, str]:
    """Name and value of `-name=value`; the value of a bare flag is empty, and the flag on."""
    name, _, value = word.text().lstrip("-").partition("=")
    return name, value


def _minio_has_a_root_key(container: Container) -> Outcomes:
    for name in _ROOT:
        entry = variable(container, name)
        if not from_secret(entry):
            yield Violation(entry.path, f"{name} must come from a Secret: MinIO has a default")


def _others_have_no_root_key(container: Container) -> Outcomes:
    def check(entry: Field) -> Outcomes:
        if entry.at("name").text() in _ROOT:
            yield Violation(entry.path, "only the store itself may have the root key")

    if not runs(container, MINIO):
        yield from each(container.field.at("env").items(), check)


def _policy_names_somebody(text: Field) -> Field | None:
    content = text.text()
    if '"Principal"' not in content:
        return None
    try:
        document = json_document(content)
    except ValueError:
        return None
    return Field(document, text.path) if isinstance(document, dict) else None


def _statements(policy: Field) -> Outcomes:
    yield from each(policy.at("Statement").items(), _is_for_somebody)


def _is_for_somebody(statement: Field) -> Outcomes:
    principal = statement.at("Principal")
    if statement.at("Effect").text() == "Allow" and _EVERYBODY in _names(principal):
        yield Violation(principal.path, "must name who is allowed: everybody is nobody's business")


def _names(principal: Field) -> list[str]:
    values = [principal] if not isinstance(principal.value, dict) else [item for _, item in principal.entries()]
    return [item.text() for value in values for item in (value.items() if isinstance(value.value, list) else [value])]


RULES = (
    Rule(
        id="AI-19",
        title="The object store knows who asks",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="A store that serves anybody, or a service with the root key, lets whoever breaks in read and "
        "replace weights, documents and backups.",
        sources=("SeaweedFS and MinIO documentation: access control", "CIS Docker and cloud benchmarks", "own"),
        remediation="Give each service a key of its own for its own bucket (-s3.config without anonymous identities), "
        "and keep the root key with the store.",
        of_object=together(
            per_server(_seaweedfs_knows_who_asks, SEAWEEDFS),
            per_server(_minio_has_a_root_key, MINIO),
            per_container(_others_have_no_root_key),
            per_text(_policy_names_somebody, _statements, JSON),
        ),
    ),
)
