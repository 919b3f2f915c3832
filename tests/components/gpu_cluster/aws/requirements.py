"""Words in which the security baseline of AWS resources is written: a requirement, and checks over recorded inputs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tools.render import wire
from tools.render.graph import RenderedStack
from tools.render.monitor import RecordedResource


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One AWS resource in the program that registered it."""

    resource: RecordedResource
    program: RenderedStack

    @property
    def name(self) -> str:
        return self.resource.name

    def at(self, path: str) -> list[Any]:
        """Values below `path` (`rules.*.status`), without secret wrappers. Empty where there are none."""
        found: list[Any] = [wire.clear(self.resource.inputs)]
        for step in path.split("."):
            found = [inner for value in found for inner in _step(value, step)]
        return found

    def one(self, path: str) -> Any:
        """The only value at `path`, None where there is none."""
        values = self.at(path)
        return values[0] if len(values) == 1 else None

    def statements(self, path: str) -> list[dict[str, Any]]:
        """Statements of the policy document at `path`; lists where IAM allows a single value."""
        return [_listed(statement) for statement in json.loads(self.one(path))["Statement"]]

    def others(self, type_: str) -> Iterator[Subject]:
        """Resources of `type_` (as the table has it) in the same program."""
        for resource in self.program.resources:
            if resource.type == f"aws:{type_}":
                yield Subject(resource=resource, program=self.program)

    def companions(self, type_: str, key: str) -> list[Subject]:
        """Resources of `type_` whose argument `key` is this resource, by id, name or ARN."""
        known = {f"{self.name}-id", self.name, self.one("name")}
        return [other for other in self.others(type_) if known & set(re.split("[:/]", str(other.one(key))))]


def _step(value: Any, step: str) -> list[Any]:
    if step == "*":
        return list(value) if isinstance(value, list) else []
    if isinstance(value, dict) and step in value and value[step] is not None:
        return [value[step]]
    return []


def _listed(statement: dict[str, Any]) -> dict[str, Any]:
    lists = {key: value if isinstance(value, list) else [value] for key, value in statement.items() if key in _LISTS}
    return statement | lists


_LISTS = ("Action", "NotAction", "Resource", "NotResource")

Check = Callable[[Subject], bool]


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """`sentence` is what holds of the resource; `source` who asks for it: a control of AWS Foundational Security Best
    Practices (FSBP), of the CIS benchmark for EKS, the EKS best practices guide, or the platform itself (own)."""

    sentence: str
    source: str
    check: Check


def asks(sentence: str, source: str, check: Check) -> Requirement:
    return Requirement(sentence=sentence, source=source, check=check)


def equals(path: str, *allowed: Any) -> Check:
    """Something is at `path`, and everything there is one of `allowed`."""
    return lambda subject: bool(subject.at(path)) and all(value in allowed for value in subject.at(path))


def contains(path: str, *values: Any) -> Check:
    """The list at `path` has all of `values`."""
    return lambda subject: set(values) <= set(subject.one(path) or ())


def given(path: str) -> Check:
    """Something that is not empty is at `path`."""
    return lambda subject: bool(subject.at(path)) and all(subject.at(path))


def absent(*paths: str) -> Check:
    """Nothing is at any of `paths`."""
    return lambda subject: not any(value for path in paths for value in subject.at(path))


def between(path: str, least: float, most: float) -> Check:
    """A number from `least` to `most` is at `path`."""
    return lambda subject: bool(subject.at(path)) and all(least <= float(value) <= most for value in subject.at(path))


def own_key(path: str) -> Check:
    """A key of the program is at `path`, by ARN or id, and not one that AWS chooses."""

    def check(subject: Subject) -> bool:
        keys = {f"{key.name}-id" for key in subject.others("kms/key:Key")}
        values = subject.at(path)
        return bool(values) and all(str(value).startswith("arn:aws:kms:") or value in keys for value in values)

    return check


def companion(type_: str, key: str, check: Check = lambda _: True) -> Check:
    """A resource of `type_` names this one at `key`, and each that does satisfies `check`."""

    def checked(subject: Subject) -> bool:
        found = subject.companions(type_, key)
        return bool(found) and all(check(other) for other in found)

    return checked


def after(*types: str) -> Check:
    """It is made after resources of all `types`, and so removed before them."""

    def check(subject: Subject) -> bool:
        made = {urn.split("::")[2].split("$")[-1] for urn in subject.resource.depends_on}
        return {f"aws:{type_}" for type_ in types} <= made

    return check


def protected(subject: Subject) -> bool:
    return subject.resource.protect


def outlives_stack(subject: Subject) -> bool:
    return subject.resource.protect and subject.resource.retain_on_delete


def either(*checks: Check) -> Check:
    return lambda subject: any(check(subject) for check in checks)


def both(*checks: Check) -> Check:
    return lambda subject: all(check(subject) for check in checks)


def refuses(path: str, condition: dict[str, Any]) -> Check:
    """The policy document at `path` denies everybody what happens under `condition`."""

    def check(subject: Subject) -> bool:
        return any(
            statement["Effect"] == "Deny"
            and statement["Principal"] in ("*", {"AWS": "*"})
            and statement.get("Condition") == condition
            for statement in subject.statements(path)
        )

    return check


def narrow(path: str, *, unscoped: frozenset[str] = frozenset()) -> Check:
    """The document at `path` allows no action by a pattern, and every resource only for `unscoped` actions or under a
    condition.
    """

    def check(subject: Subject) -> bool:
        for statement in subject.statements(path):
            if statement["Effect"] == "Deny":
                continue
            if "NotAction" in statement or "NotResource" in statement or any("*" in a for a in statement["Action"]):
                return False
            everything = "*" in statement["Resource"]
            if everything and not statement.get("Condition") and not set(statement["Action"]) <= unscoped:
                return False
        return True

    return check


def trusts(path: str) -> Check:
    """The trust document at `path` names services or roles, never everybody, and no whole account."""

    def check(subject: Subject) -> bool:
        for statement in subject.statements(path):
            principals = statement["Principal"]
            if not isinstance(principals, dict) or set(principals) - {"Service"}:
                return False
        return True

    return check


PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
"""Condition of a request without TLS."""


def allows_services_alone(policy: Subject) -> bool:
    return all(
        statement["Effect"] == "Deny"
        or (set(statement["Principal"]) == {"Service"} and not any("*" in action for action in statement["Action"]))
        for statement in policy.statements("policy")
    )
