"""Policy documents of AWS (IAM, buckets, keys, queues …): JSON strings, read once into statements.

Action names and condition keys do not depend on case (IAM user guide, "Policy grammar"); they are kept in lower case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, cast

from policies.fields import Field, MalformedError
from policies.normalise import REDACTED, UnknownValueError

EVERYBODY = EVERYTHING = "*"

WILDCARDS = "*?"

ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
"""Elements of a statement (IAM user guide, "IAM JSON policy elements reference"). One in another spelling would not be
seen by any rule."""

EFFECTS = ("Allow", "Deny")

NARROWING_KEYS = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
)
"""Condition keys with fixed values that make a statement for everybody one for somebody (Amazon S3 user guide, "The
meaning of public")."""

NARROWING_OPERATORS = tuple(
    f"{prefix}{operator}"
    for prefix in ("", "foranyvalue:")
    for operator in ("stringequals", "stringlike", "arnequals", "arnlike", "stringequalsignorecase")
)
"""Operators that demand a value. With `IfExists` or `ForAllValues:` a request without the key passes."""

_OPEN_VALUE = re.compile(r"(?:o-|repo:|system:serviceaccount:)?[*?].*")
"""A value that starts with a wildcard names nobody: neither an organisation nor a repository nor a namespace."""

_OPEN_RESOURCE = re.compile(r"(?:[\w-]+[:/])?[*?/:]+")
"""Last part of an ARN that names none: everything, or everything of a kind (`key/*`)."""

_ARN_PARTS = 6


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. `principals` by kind (`AWS`, `Service`, `Federated`), `conditions` by operator and key.

    `excludes_actions`, `excludes_resources` and `excludes_principals` mark NotAction, NotResource and NotPrincipal:
    the statement is about everything else.
    """

    allows: bool
    principals: Mapping[str, tuple[str, ...]]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    excludes_actions: bool
    excludes_resources: bool
    excludes_principals: bool

    @property
    def is_for_everybody(self) -> bool:
        """Whether any principal of AWS is meant, conditions aside."""
        return self.excludes_principals or EVERYBODY in self.principals.get("AWS", ())

    @property
    def narrowed(self) -> bool:
        """Whether a condition names whose requests are meant."""
        return any(self.demands(key) for key in NARROWING_KEYS)

    @property
    def is_for_everything(self) -> bool:
        """Whether any resource is meant, or any of a service or kind, conditions aside."""
        return self.excludes_resources or any(_names_no_resource(resource) for resource in self.resources)

    @property
    def is_for_every_action(self) -> bool:
        """Whether actions of any service are meant."""
        return self.excludes_actions or any(not action.strip(f"{WILDCARDS}:") for action in self.actions)

    def demands(self, key: str) -> bool:
        """Whether a condition demands that `key` (lower case) has one of some named values."""
        return any(
            all(_names_somebody(value) for value in values)
            for operator in NARROWING_OPERATORS
            for values in (self.conditions.get(operator, {}).get(key),)
            if values
        )

    @property
    def demanded(self) -> frozenset[str]:
        """The keys (lower case) that a condition demands to have one of some named values."""
        return frozenset(key for tests in self.conditions.values() for key in tests if self.demands(key))

    def covers(self, action: str) -> bool:
        """Whether `action` (lower case, without wildcards) is meant."""
        return any(fnmatchcase(action, pattern) for pattern in self.actions) is not self.excludes_actions


def statements(document: Field) -> tuple[Statement, ...]:
    """The statements of the document in a property, none when it is absent.

    Resources of AWS take a document as JSON or as an object. Raises UnknownValueError while it is unknown or hidden as
    a secret, MalformedError when it is no policy document.
    """
    if isinstance(document.value, dict):
        return document.parsed(_read, "a policy document")
    text = document.text()
    if text == REDACTED:
        raise UnknownValueError(document.path)
    try:
        return _parse(text) if text else ()
    except ValueError as error:
        raise MalformedError(document.path, "a policy document in JSON") from error


@lru_cache(maxsize=1024)
def _parse(text: str) -> tuple[Statement, ...]:
    """Raises ValueError for what is no policy document."""
    return _read(json.loads(text))


def _read(document: object) -> tuple[Statement, ...]:
    return tuple(_statement(item) for item in _listed(_object(document).get("Statement")))


def _statement(item: object) -> Statement:
    statement: dict[str, Any] = _object(item)
    if statement.get("Effect") not in EFFECTS or not ELEMENTS.issuperset(statement):
        message = "not a statement"
        raise ValueError(message)  # like malformed JSON, for the one caller
    return Statement(
        allows=statement["Effect"] == "Allow",
        principals=_principals(statement.get("Principal", statement.get("NotPrincipal"))),
        actions=tuple(action.lower() for action in _strings(statement.get("Action", statement.get("NotAction")))),
        resources=_strings(statement.get("Resource", statement.get("NotResource"))),
        conditions=_conditions(statement.get("Condition") or {}),
        excludes_actions="NotAction" in statement,
        excludes_resources="NotResource" in statement,
        excludes_principals="NotPrincipal" in statement,
    )


def _principals(value: object) -> dict[str, tuple[str, ...]]:
    if value == EVERYBODY:
        return {"AWS": (EVERYBODY,)}
    return {kind: _strings(names) for kind, names in _object(value or {}).items()}


def _conditions(value: object) -> dict[str, dict[str, tuple[str, ...]]]:
    return {
        operator.lower(): {key.lower(): _strings(expected) for key, expected in _object(tests).items()}
        for operator, tests in _object(value).items()
    }


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        message = "not an object"
        raise ValueError(message)  # like malformed JSON, for the one caller
    return cast("dict[str, object]", value)


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _strings(value: object) -> tuple[str, ...]:
    return () if value is None else tuple(_text(item) for item in _listed(value))


def _text(value: object) -> str:
    # JSON knows both `false` and `"false"`, and so does AWS.
    return str(value).lower() if isinstance(value, bool) else str(value)


def _names_somebody(value: str) -> bool:
    """Whether a value of a condition says whom or what it is about. `arn:aws:s3:::*` does not, and neither does
    `arn:aws:iam::*:role/reader`."""
    if not value.startswith("arn:"):
        return not _OPEN_VALUE.fullmatch(value)
    parts = value.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        return False
    *_, account, resource = parts
    # The ARN of a bucket has no account.
    return not account.startswith(tuple(WILDCARDS)) if account else not resource.startswith(tuple(WILDCARDS))


def _names_no_resource(arn: str) -> bool:
    parts = arn.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        # `*`, and what would match an ARN all the same, such as `arn:aws:*`.
        return any(wildcard in arn for wildcard in WILDCARDS)
    _, _, service, *_, resource = parts
    if service == "s3":
        return not resource.partition("/")[0].strip(WILDCARDS)
    return _OPEN_RESOURCE.fullmatch(resource) is not None
