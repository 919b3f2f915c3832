"""What the indexes leave out, no selector means."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.base.label_index import LabelIndex, SelectorIndex
from components.base.label_selector import selects

KEYS = st.sampled_from(["app", "tier", "team"])
LABELS = st.dictionaries(KEYS, st.sampled_from(["a", "b", "c"]))
EXPRESSION = st.fixed_dictionaries({"key": KEYS, "operator": st.sampled_from(["Exists", "DoesNotExist"])})
SELECTORS = st.none() | st.fixed_dictionaries(
    {}, optional={"matchLabels": LABELS, "matchExpressions": st.lists(EXPRESSION, max_size=1)}
)
ENTRIES = st.lists(st.none() | st.lists(LABELS, max_size=2), max_size=6)


@given(ENTRIES, SELECTORS)
def test_all_that_a_selector_selects_is_among_what_may_match_in_the_order_given(
    entries: list[list[dict[str, str]] | None], selector: dict[str, Any] | None
) -> None:
    found = LabelIndex(enumerate(entries)).may_match(selector)
    selected = [
        place for place, sets in enumerate(entries) if sets is None or any(selects(selector, labels) for labels in sets)
    ]
    assert set(selected) <= set(found)
    assert found == sorted(set(found))


@given(st.lists(SELECTORS, max_size=6), st.lists(LABELS, min_size=1, max_size=2))
def test_all_that_select_some_labels_are_among_what_may_select_in_the_order_given(
    selectors: list[dict[str, Any] | None], sets: list[dict[str, str]]
) -> None:
    found = SelectorIndex(enumerate(selectors)).may_select(*sets)
    selecting = [place for place, selector in enumerate(selectors) if any(selects(selector, labels) for labels in sets)]
    assert set(selecting) <= set(found)
    assert found == sorted(set(found))


def test_of_several_labels_the_rarest_leads() -> None:
    pods = [(number, ({"component": "model", "name": f"model-{number}"},)) for number in range(100)]
    assert LabelIndex(pods).may_carry({"component": "model", "name": "model-7"}) == [7]
    selectors = [(number, {"matchLabels": labels}) for number, (labels,) in pods]
    assert SelectorIndex(selectors).may_select({"component": "model", "name": "model-7"}) == [7]


def test_what_carries_none_of_the_labels_is_left_out() -> None:
    index = LabelIndex([("pod", [{"app": "a"}]), ("unknown", None)])
    assert index.may_carry({"app": "b"}) == ["unknown"]
    assert index.may_carry({"app": "a"}) == ["pod", "unknown"]
    assert index.may_carry({}) == ["pod", "unknown"]


def test_no_label_is_anything_but_a_text() -> None:
    assert LabelIndex([("pod", [{"app": "1"}]), ("unknown", None)]).may_carry({"app": 1}) == ["unknown"]
    assert LabelIndex([("pod", [{"app": "1"}])]).may_carry({"app": ["1"]}) == []
    assert SelectorIndex([("policy", {"matchLabels": {"app": ["1"]}})]).may_select({"app": "1"}) == []


def test_what_selects_everything_is_always_found() -> None:
    index = SelectorIndex([("one", {"matchLabels": {"app": "a"}}), ("all", None), ("empty", {})])
    assert index.may_select({"app": "b"}) == ["all", "empty"]
    assert index.may_select({"app": "a"}) == ["one", "all", "empty"]
