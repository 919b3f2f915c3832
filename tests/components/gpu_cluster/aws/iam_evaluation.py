"""Decides a request by a policy document, as IAM does for the operators that the platform's documents use.

moto stores documents of buckets, queues and endpoints without applying their conditions, so the tests apply them.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Decision = Literal["allowed", "denied", "nothing said"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """`context` are condition keys; one that is left out is not in the request."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict[str, str])


def decide(document: Mapping[str, Any], request: Request) -> Decision:
    """What `document` says of `request`, whoever makes it. A refusal wins over everything."""
    effects = {statement["Effect"] for statement in document["Statement"] if _applies(statement, request)}
    if "Deny" in effects:
        return "denied"
    return "allowed" if "Allow" in effects else "nothing said"


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        any(fnmatch.fnmatchcase(request.action, pattern) for pattern in _list(statement["Action"]))
        and any(fnmatch.fnmatchcase(request.resource, pattern) for pattern in _list(statement["Resource"]))
        and all(
            _holds(operator, key, _list(values), request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _list(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _holds(operator: str, key: str, values: list[str], context: Mapping[str, str]) -> bool:
    """Whether one condition holds. Of a key that is missing only `Null`, `…IfExists` and negations do."""
    if operator == "Null":
        return [str(key not in context).lower()] == values
    optional = operator.endswith("IfExists")
    negated, compare = OPERATORS[operator.removesuffix("IfExists")]
    if key not in context:
        return optional or negated
    return any(compare(context[key], value) for value in values) is not negated


OPERATORS: dict[str, tuple[bool, Callable[[str, str], bool]]] = {
    "ArnEquals": (False, fnmatch.fnmatchcase),
    "ArnLike": (False, fnmatch.fnmatchcase),
    "Bool": (False, lambda found, value: found.lower() == value.lower()),
    "NumericLessThan": (False, lambda found, value: float(found) < float(value)),
    "StringEquals": (False, lambda found, value: found == value),
    "StringLike": (False, fnmatch.fnmatchcase),
    "StringNotEquals": (True, lambda found, value: found == value),
}
"""Whether an operator negates, and how it compares one value."""
