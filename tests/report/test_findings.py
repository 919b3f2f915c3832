"""Findings and the verdict as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from policies.exceptions import Match, PolicyException
from policies.findings import Finding, Result, Severity
from policies.judge import Report
from tests.report.reports import TODAY, contents_of
from tests.stacks.conftest import STACKS
from tools.parity.verdicts import ObjectComparison, Verdict
from tools.report.build import Contents
from tools.report.findings import Findings, findings
from tools.report.summary import Parts, verdict

EXCEPTION = PolicyException(
    id="EXC-0009",
    rules=("NS-01", "NS-02"),
    match=Match(type="kubernetes:apps/v1:DaemonSet", namespace="gpu", name="driver"),
    reason="The driver loads kernel modules, which no restricted pod may do.",
    approver="platform owner",
    granted=date(2026, 11, 1),
    expires=date(2026, 12, 11),
)


def finding(rule: str, result: Result, *, mandatory: bool = True, **more: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity(more.pop("severity", "high")),
        mandatory=mandatory,
        result=result,
        urn="urn:test",
        subject=more.pop("subject", "gpu/DaemonSet/driver"),
        path="spec",
        message="must be set",
        remediation="Set it.",
        **more,
    )


def shown(*found: Finding, exceptions: tuple[PolicyException, ...] = ()) -> Findings:
    return findings(Report(found, 10, 5), exceptions, TODAY)


def test_findings_stand_in_the_order_of_what_matters() -> None:
    found = shown(
        finding("Z-1", Result.EXEMPT),
        finding("Y-1", Result.UNDECIDED),
        finding("X-1", Result.FAIL, mandatory=False),
        finding("B-1", Result.FAIL, severity="low"),
        finding("C-1", Result.FAIL, severity="critical"),
        finding("A-1", Result.FAIL, severity="critical"),
    )
    assert [(entry.result, entry.rule) for entry in found.shown] == [
        ("MANDATORY", "A-1"),
        ("MANDATORY", "C-1"),
        ("MANDATORY", "B-1"),
        ("ADVISORY", "X-1"),
        ("UNDECIDED", "Y-1"),
        ("EXEMPT", "Z-1"),
    ]
    assert dict(found.counts) == {"MANDATORY": 3, "ADVISORY": 1, "UNDECIDED": 1, "EXEMPT": 1}
    assert found.rules_found == ("A-1", "B-1", "C-1", "X-1", "Y-1", "Z-1")


def test_an_exception_is_shown_with_its_end_and_what_it_covers() -> None:
    covered = [finding(rule, Result.EXEMPT, exception="EXC-0009") for rule in ("NS-01", "NS-02")]
    other = EXCEPTION.model_copy(update={"id": "EXC-0010"})
    [entry] = shown(*covered, exceptions=(EXCEPTION, other)).exceptions
    assert (entry.id, entry.object, entry.findings, entry.days_left) == ("EXC-0009", "gpu/DaemonSet/driver", 2, 20)


def parts(stack: str = "prod", *, found: Findings | None = None, differing: Iterable[ObjectComparison] = ()) -> Parts:
    made: Contents = contents_of(stack)
    parity = replace(
        made.parity, capabilities=(), objects=tuple(differing), unmapped=(), stale=(), left="prod", right="dev"
    )
    return Parts(
        findings=found or shown(),
        fits=made.fits,
        pools=made.pools,
        cost=made.cost,
        parity=parity,
        network=replace(made.network, wrong=()),
    )


def test_nothing_found_means_go() -> None:
    told = verdict(parts())
    assert (told.tone, told.headline) == ("go", "Deployable: nothing stops it")
    assert told.action == "Every model fits and parity with dev holds."


def test_undecided_findings_are_told_and_stop_nothing() -> None:
    told = verdict(parts(found=shown(finding("STK-06", Result.UNDECIDED))))
    assert told.tone == "go"
    assert told.action.endswith("1 finding undecided until the engine's preview or update sees the values.")


def test_a_mandatory_finding_stops_and_is_named() -> None:
    found = shown(
        *(finding(f"R-{number}", Result.FAIL) for number in range(5)), finding("R-0", Result.FAIL, subject="x")
    )
    told = verdict(parts(found=found))
    assert (told.tone, told.headline) == ("stop", "Do not deploy: 6 mandatory findings")
    assert told.action.startswith("Repair R-0, R-1, R-2 and 2 more first")


def test_an_advisory_finding_wants_a_look() -> None:
    told = verdict(parts(found=shown(finding("R-1", Result.FAIL, mandatory=False))))
    assert (told.tone, told.action) == ("look", "1 advisory finding.")


def test_a_difference_without_a_reason_wants_a_look() -> None:
    differing = [ObjectComparison(object="Service a/b", verdict=Verdict.DIVERGED_OBJECT, paths=("spec",))]
    told = verdict(parts(differing=differing))
    assert (told.tone, told.action) == ("look", "1 difference from dev without a reason.")


def test_an_exception_that_ends_soon_wants_a_look() -> None:
    found = shown(finding("NS-01", Result.EXEMPT, exception="EXC-0009"), exceptions=(EXCEPTION,))
    assert verdict(parts(found=found)).action == "Within 30 days ends EXC-0009."


def test_a_budget_below_the_nodes_wants_a_look() -> None:
    given = parts()
    told = verdict(replace(given, cost=replace(given.cost, budget_usd=1000)))
    assert (told.tone, told.action) == ("look", "The nodes alone cost more than the budget of the stack.")


def test_policies_that_open_more_than_declared_stop() -> None:
    given = parts()
    told = verdict(replace(given, network=replace(given.network, wrong=("a -> b: 80",))))
    assert (told.tone, told.headline) == ("stop", "Do not deploy: network policies are not what is declared")


def test_a_model_that_does_not_fit_stops_first() -> None:
    given = parts(found=shown(finding("R-1", Result.FAIL)))
    fit = replace(given.fits[0].fit, kv_cache_gib=0.0)
    told = verdict(replace(given, fits=(replace(given.fits[0], fit=fit), *given.fits[1:])))
    assert told.headline == "Do not deploy: 1 model too large for the GPUs"
    assert given.fits[0].name in told.action


@pytest.mark.parametrize("stack", STACKS)
def test_every_finding_of_a_stack_is_shown(stack: str) -> None:
    made = contents_of(stack).findings
    assert made.rules > 20
    assert made.resources > 300
    assert sum(number for _, number in made.counts) == len(made.shown)
