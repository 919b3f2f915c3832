"""The sum against what vLLM reported on real GPUs, and how far off it is."""

from __future__ import annotations

import pytest

from tools.fit.published_cases import FOR_TUNING, HELD_OUT, PublishedCase
from tools.fit.published_error import judged, sum_of, summary


@pytest.mark.parametrize(
    ("cases", "told"),
    [
        pytest.param(HELD_OUT, "mean 7.5%, median 3.3%, worst 35%; 18 of 22 within 10% (82%)", id="held out"),
        pytest.param(FOR_TUNING, "mean 6.3%, median 3.8%, worst 31%; 12 of 14 within 10% (86%)", id="for tuning"),
    ],
)
def test_the_errors_of_both_halves_are_those_that_the_documentation_states(
    cases: tuple[PublishedCase, ...], told: str
) -> None:
    """The mean error of each half is below 10 %, that of six single cases is not, and docs/capacity.md says so with
    these numbers. One term, the padding of split mxfp4 experts, was added after the held-out half had been seen: the
    page says that too."""
    assert summary(cases) == told


@pytest.mark.parametrize("case", judged((*HELD_OUT, *FOR_TUNING)), ids=lambda case: case.identity)
def test_what_started_fits_and_what_did_not_does_not(case: PublishedCase) -> None:
    result, cache = sum_of(case)
    if case.length_stated:
        assert (cache >= result.request_gib) is case.fits


@pytest.mark.parametrize(
    "case",
    [case for case in judged((*HELD_OUT, *FOR_TUNING)) if case.weights_gib],
    ids=lambda case: case.identity,
)
def test_weights_take_what_the_log_says(case: PublishedCase) -> None:
    """Within 2.5 %, which is what rounding to blocks, rotary tables and biases make of small shards."""
    assert sum_of(case)[0].weights_gib == pytest.approx(case.weights_gib, rel=0.025)


def test_few_cases_are_left_out_and_each_says_why() -> None:
    for cases in (HELD_OUT, FOR_TUNING):
        assert len(judged(cases)) >= 17
    assert {case.excluded for case in (*HELD_OUT, *FOR_TUNING) if case.excluded} == {
        "the V0 engine, which profiles a whole prompt of max_model_len tokens",
        "the source does not say which card it was",
        "an LMCache connector is loaded, which takes GPU memory of its own",
    }


def test_no_case_is_in_both_halves() -> None:
    held_out, for_tuning = ({case.identity for case in cases} for cases in (HELD_OUT, FOR_TUNING))
    assert len(held_out) == len(HELD_OUT)
    assert not held_out & for_tuning
