"""Label selectors as Kubernetes evaluates them."""

from __future__ import annotations

from typing import Any

import pytest

from components.base.label_selector import check_selector, selects, selects_by_map

LABELS = {"app": "vllm", "tier": "gpu"}


def _expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        (None, True),
        ({}, True),
        ({"matchLabels": {"app": "vllm"}}, True),
        ({"matchLabels": {"app": "vllm", "tier": "cpu"}}, False),
        ({"matchLabels": {"other": "x"}}, False),
        (_expression("app", "In", "vllm", "x"), True),
        (_expression("app", "In", "x"), False),
        (_expression("other", "In", "x"), False),
        (_expression("app", "NotIn", "x"), True),
        (_expression("app", "NotIn", "vllm"), False),
        (_expression("other", "NotIn", "x"), True),
        (_expression("app", "Exists"), True),
        (_expression("other", "Exists"), False),
        (_expression("app", "DoesNotExist"), False),
        (_expression("other", "DoesNotExist"), True),
        ({"matchLabels": {"app": "vllm"}} | _expression("tier", "In", "cpu"), False),
    ],
)
def test_a_selector_selects_what_kubernetes_would(selector: dict[str, Any] | None, selected: bool) -> None:
    assert selects(selector, LABELS) is selected


def test_a_services_selector_is_a_map() -> None:
    assert selects_by_map({"app": "vllm"}, LABELS)
    assert not selects_by_map({"app": "x"}, LABELS)


def test_an_unknown_operator_is_an_error() -> None:
    with pytest.raises(ValueError, match="'Near' is no operator"):
        selects(_expression("app", "Near", "x"), LABELS)


@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabels": ["a"]},
        {"matchExpressions": {}, "matchLabels": "x"},
        _expression("a", "Near"),
        {"matchExpressions": [{"operator": "In"}]},
    ],
)
def test_a_malformed_selector_is_refused(selector: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"selector|matchExpressions"):
        check_selector(selector)
