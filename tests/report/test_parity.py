"""The comparison with another stack, as the page shows it."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest

from tests.report.reports import contents_of, page_of
from tests.stacks.conftest import STACKS
from tools.parity.verdicts import ObjectComparison, Proof, Verdict
from tools.report.page import page
from tools.report.parity import by_urgency, differing, verdict_text


def item(name: str, verdict: Verdict, reason: str = "") -> ObjectComparison:
    return ObjectComparison(object=name, verdict=verdict, reason=reason)


ITEMS = (
    item("equal", Verdict.PASS),
    item("one-sided", Verdict.ONE_SIDED),
    item("accepted", Verdict.WEAKER_LEFT, "known"),
    item("open", Verdict.MISSING),
    item("another", Verdict.PASS),
)


def test_what_nobody_explained_comes_first() -> None:
    assert [entry.object for entry in by_urgency(ITEMS)] == ["open", "accepted", "one-sided", "equal", "another"]
    assert [entry.object for entry in differing(ITEMS)] == ["open", "accepted", "one-sided"]


def test_verdicts_name_the_stack() -> None:
    assert verdict_text(Verdict.WEAKER_LEFT, "prod", "dev") == "WEAKER IN prod"
    assert verdict_text(Verdict.WEAKER_RIGHT, "prod", "dev") == "WEAKER IN dev"
    assert verdict_text(Verdict.MISSING, "prod", "dev") == "MISSING"


@pytest.mark.parametrize("stack", STACKS)
def test_every_capability_and_facet_is_on_the_page(stack: str) -> None:
    parity = contents_of(stack).parity
    text = unescape(page_of(stack))
    assert len(parity.capabilities) >= 25
    for capability in parity.capabilities:
        assert f'<th scope="row">{capability.capability}</th>' in text
        assert capability.reason in text
        for facet in capability.facets:
            assert facet.meaning in text


def test_a_difference_without_a_reason_is_marked_and_counted() -> None:
    made = contents_of("prod")
    parity = replace(made.parity, capabilities=(), objects=ITEMS, unmapped=(), stale=("old: explains nothing",))
    text = page(replace(made, parity=parity))
    assert parity.open_ends == 2
    assert '<span class="badge stop">MISSING</span>' in text
    assert '<span class="badge open">WEAKER IN prod</span> <span class="quiet">accepted</span>' in text
    assert "old: explains nothing" in text
    assert "<details open>\n<summary>Portable objects that differ, and nobody says why: 1 of 5" in text
    assert "<details>\n<summary>Portable objects that differ for a reason: 2 of 5" in text
    assert "<code>equal</code>" not in text


def test_a_weakness_without_a_reason_leads_to_the_property() -> None:
    made = contents_of("prod")
    place = Proof(
        facet="copies", urn="urn:pulumi:prod::p::kubernetes:apps/v1:StatefulSet::identity", path="spec.replicas"
    )
    first, *others = made.parity.capabilities
    weak = replace(first.facets[0], facet="copies", verdict=Verdict.WEAKER_LEFT, reason="", place=place)
    item = replace(first, verdict=Verdict.WEAKER_LEFT, reason="", facets=(weak,))
    text = page(replace(made, parity=replace(made.parity, capabilities=(item, *others))))
    assert text.count("<code>StatefulSet identity: spec.replicas</code>") == 2  # in the summary, and among all facets
