"""Kubernetes label selectors over plain data.

Source: Kubernetes API reference, LabelSelector (`matchLabels` and `matchExpressions` are ANDed; an empty selector
selects everything).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector object (camelCase keys) selects an object with `labels`.

    None is the empty selector. Raises ValueError for an operator that Kubernetes does not know.
    """
    if selector is None:
        return True
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions: list[Mapping[str, Any]] = selector.get("matchExpressions") or []
    return selects_by_map(wanted, labels) and all(_holds(expression, labels) for expression in expressions)


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
            message = f"matchExpressions: {operator!r} is no operator (In, NotIn, Exists, DoesNotExist)"
            raise ValueError(message)
