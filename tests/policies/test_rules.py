"""Every rule: what complies passes, what breaks it fails, and what is absent or unknown is never taken for a pass."""

from __future__ import annotations

import pytest

from policies.findings import Result
from policies.judge import UNDECIDED_MESSAGE
from policies.rules import REGISTRY
from tests.policies.cases import UNKNOWN, Case, judged, places, put
from tests.policies.conftest import JudgeAsEngine
from tests.policies.pod_cases import POD_CASES
from tests.policies.stack_cases import STACK_CASES

CASES = [*POD_CASES, *STACK_CASES]

JUDGED_ELSEWHERE = {"STK-04": "test_exceptions.py", "STK-05": "test_credentials.py", "STK-06": "test_charts.py"}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.path.rpartition('.')[2]}")


def test_every_rule_of_the_catalogue_has_a_case() -> None:
    assert {case.rule for case in CASES} | set(JUDGED_ELSEWHERE) == {rule.id for rule in REGISTRY}


@each_case
def test_a_compliant_object_has_no_finding(case: Case) -> None:
    assert judged(case.compliant(), case.rule).findings == ()


@each_case
def test_a_violating_object_fails_and_is_named(case: Case) -> None:
    findings = judged(case.violating(), case.rule).findings
    assert [finding.result for finding in findings] == [Result.FAIL] * len(findings)
    assert case.subject in {finding.urn for finding in findings}


@each_case
def test_an_absent_field_means_what_its_default_means(case: Case) -> None:
    results = {finding.result for finding in judged(case.absent(), case.rule).findings}
    assert results == ({Result.FAIL} if case.absent_fails else set())


@each_case
def test_an_unknown_value_is_undecided_through_the_sdk(case: Case, judge_as_engine: JudgeAsEngine) -> None:
    found = [item for item in judge_as_engine(case.unknown()) if item.rule == case.rule]
    assert {item.result for item in found} == {"UNDECIDED"}
    assert not any(item.mandatory for item in found)
    assert all(UNDECIDED_MESSAGE in item.message for item in found)


@each_case
def test_the_engine_refuses_what_make_policy_refuses(case: Case, judge_as_engine: JudgeAsEngine) -> None:
    under_engine = [(item.rule, item.result, item.mandatory, item.urn) for item in judge_as_engine(case.violating())]
    rendered = [
        (finding.rule, finding.result.value, finding.mandatory and finding.result is Result.FAIL, finding.urn)
        for finding in judged(case.violating()).findings
    ]
    assert sorted(under_engine) == sorted(rendered)


@each_case
def test_no_unknown_turns_a_failure_into_a_pass(case: Case) -> None:
    for index, resource in enumerate(case.violating()):
        for place in places(resource["inputs"]):
            resources = case.violating()
            put(resources[index]["inputs"], place, UNKNOWN)
            assert judged(resources, case.rule).findings, f"{resource['name']}: unknown {place} hides {case.rule}"


@each_case
def test_no_unknown_turns_a_pass_into_a_failure(case: Case) -> None:
    for index, resource in enumerate(case.compliant()):
        for place in places(resource["inputs"]):
            resources = case.compliant()
            put(resources[index]["inputs"], place, UNKNOWN)
            failures = [item for item in judged(resources, case.rule).findings if item.result is Result.FAIL]
            assert failures == [], f"{resource['name']}: unknown {place}"
