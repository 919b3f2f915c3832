"""Every rule: what complies passes, what breaks it fails, and what is absent or unknown is never taken for a pass."""

from __future__ import annotations

import pytest

from policies.fields import MalformedError
from policies.findings import Result
from policies.judge import UNDECIDED_MESSAGE
from policies.pods import Pod
from policies.rules import REGISTRY
from policies.subjects import Subject, subjects_of
from tests.policies.ai_platform_cases import AI_PLATFORM_CASES
from tests.policies.aws_cases import AWS_CASES
from tests.policies.cases import UNKNOWN, Case, judged, places, put
from tests.policies.cluster_cases import CLUSTER_CASES
from tests.policies.conftest import JudgeAsEngine
from tests.policies.gpu_cases import GPU_CASES
from tests.policies.kubernetes_cases import KUBERNETES_CASES
from tests.policies.pod_cases import POD_CASES
from tests.policies.serving_cases import SERVING_CASES
from tests.policies.stack_cases import STACK_CASES
from tests.policies.stack_wide_cases import STACK_WIDE_CASES

CASES = [
    *POD_CASES,
    *GPU_CASES,
    *SERVING_CASES,
    *STACK_CASES,
    *KUBERNETES_CASES,
    *AI_PLATFORM_CASES,
    *AWS_CASES,
    *CLUSTER_CASES,
    *STACK_WIDE_CASES,
]

JUDGED_ELSEWHERE = {
    "STK-04": "test_exceptions.py",
    "STK-05": "test_credentials.py",
    "STK-06": "test_charts.py",
    "AWS-28": "test_aws_rules.py",
    "STK-01": "test_providers_and_protection.py",
    "STK-02": "test_providers_and_protection.py",
    "STK-03": "test_providers_and_protection.py",
    "PAR-01": "test_parity_contract.py",
    "PAR-02": "test_parity_contract.py",
}

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
    paths = {finding.path for finding in findings if finding.urn == case.subject}
    assert any(_leads_to(path, case.shown_at) for path in paths), paths


def _leads_to(path: str, place: str) -> bool:
    """Whether a person who looks at `path` sees `place`, or the other way round."""
    return place.startswith(path) or path.startswith(place)


@each_case
def test_a_finding_about_a_container_names_it(case: Case) -> None:
    """Exceptions are narrowed to containers by that name."""
    rule = REGISTRY.get(case.rule)
    assert rule
    for item in case.violating() if rule.of_object else ():
        for subject in subjects_of(item):
            named = {container.field.path: container.name for pod in _pods(subject) for container in pod.containers}
            for outcome in rule.of_object(subject):
                inside = [name for path, name in named.items() if outcome.path.startswith(f"{path}.")]
                assert [outcome.container] == (inside or [None])


def _pods(subject: Subject) -> tuple[Pod, ...]:
    try:
        return subject.pods
    except MalformedError:
        return ()


@each_case
def test_an_absent_field_means_what_its_default_means(case: Case) -> None:
    results = {finding.result for finding in judged(case.absent(), case.rule).findings}
    assert results == ({Result.FAIL} if case.absent_fails else set())


@each_case
def test_an_unknown_value_is_undecided(case: Case) -> None:
    assert {finding.result for finding in judged(case.unknown(), case.rule).findings} == {Result.UNDECIDED}


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


CASE_TESTS = (
    test_a_violating_object_fails_and_is_named,
    test_a_finding_about_a_container_names_it,
    test_a_compliant_object_has_no_finding,
    test_an_absent_field_means_what_its_default_means,
    test_an_unknown_value_is_undecided,
    test_no_unknown_turns_a_pass_into_a_failure,
    test_no_unknown_turns_a_failure_into_a_pass,
)
"""The tests of a case that need no other process; mutants of the rules have to get past them."""
