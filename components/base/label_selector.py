"""Kubernetes label selectors over plain data.

Source: Kubernetes API reference, LabelSelector (`matchLabels` and `matchExpressions` are ANDed; an empty selector
selects everything).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector object (camelCase keys) selects an object with `labels`.

    None is the empty selector. Raises ValueError for an operator that Kubernetes does not know.
    """
    if selector is None:
        return True
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions: list[Mapping[str, Any]] = selector.get("matchExpressions") or []
    return selects_by_map(wanted, labels) and all(_holds(expression, labels) for expression in expressions)


def check_selector(selector: Mapping[str, Any] | None) -> None:
    """Raise ValueError for a LabelSelector that the API server would refuse."""
    if selector is None:
        return
    wanted: object = selector.get("matchLabels") or {}
    expressions: object = selector.get("matchExpressions") or []
    if not isinstance(wanted, Mapping) or not isinstance(expressions, list):
        message = "a label selector has an object matchLabels and a list matchExpressions"
        raise ValueError(message)
    for expression in cast("list[Mapping[str, Any]]", expressions):
        values: object = expression.get("values") or []
        if expression.get("operator") not in OPERATORS or "key" not in expression or not isinstance(values, list):
            message = f"matchExpressions need a key, an operator ({', '.join(OPERATORS)}) and a list of values"
            raise ValueError(message)


def selects_by_map(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether every pair of `wanted` is among `labels`, as in a Service's selector."""
    return all(key in labels and labels[key] == value for key, value in wanted.items())


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key: str = expression["key"]
    values: list[str] = expression.get("values") or []
    match expression["operator"]:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            # An object without the key is selected, as documented for set-based requirements.
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case operator:
            message = f"matchExpressions: {operator!r} is no operator ({', '.join(OPERATORS)})"
            raise ValueError(message)
