"""The run as a whole: it fails closed, counts everything, and refuses a graph that it cannot read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.findings import Level, Outcome, Result, Severity, Violation
from policies.graph import GraphError, read_graph
from policies.judge import judge
from policies.registry import Registry, Rule
from policies.rules import REGISTRY
from policies.subjects import Subject
from tests.policies.cases import UNKNOWN, judged, places, put
from tests.policies.objects import TODAY, Json, deployment, graph, resource
from tests.policies.stack_cases import whole_stack
from tests.policies.test_rules import CASES


def _rule(check: Any, **changes: Any) -> Rule:
    rule = Rule(
        id="TEST-01",
        title="",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="Nothing goes wrong: it is made for a test.",
        sources=(),
        remediation="",
        of_object=check,
    )
    return replace(rule, **changes)


def _crash_after_one(subject: Subject) -> Iterator[Outcome]:
    yield Violation("a", "found before the crash")
    raise KeyError("the secret value")


def test_a_rule_that_crashes_stops_the_deployment_and_keeps_what_it_found() -> None:
    report = judge(graph(deployment()), (), TODAY, Registry([_rule(_crash_after_one)]))
    assert [finding.mandatory for finding in report.findings] == [False, True]
    assert not report.passed
    assert "KeyError" in report.findings[1].message
    assert "the secret value" not in repr(report)


def test_a_crash_does_not_stop_the_other_rules() -> None:
    rules = Registry([_rule(_crash_after_one), *REGISTRY])
    with_crash = judge(graph(*whole_stack()), (), TODAY, rules)
    assert {finding.rule for finding in with_crash.findings} == {"TEST-01"}


def test_the_catalogue_has_no_two_rules_of_one_id() -> None:
    rule = _rule(lambda _: ())
    with pytest.raises(ValueError, match="two rules are called TEST-01"):
        Registry([rule, rule])


def test_a_rule_has_exactly_one_check() -> None:
    with pytest.raises(ValueError, match="exactly one check"):
        _rule(None)


@pytest.mark.parametrize("rule", list(REGISTRY), ids=lambda rule: rule.id)
def test_every_rule_says_where_it_comes_from_and_how_to_comply(rule: Rule) -> None:
    assert rule.title
    assert rule.sources
    assert rule.remediation.endswith(".")


def test_the_catalogue_is_large_and_complete() -> None:
    """At least 60 rules of the platform and 20 of its models and their gateway, and none of the numbered ones lost."""
    ids = [rule.id for rule in REGISTRY]
    of_ai = [rule_id for rule_id in ids if rule_id.startswith("AI-")]
    assert len(ids) - len(of_ai) >= 60
    assert len(of_ai) >= 20
    numbered = {"POD": 18, "SUP": 6, "NS": 3, "NET": 6, "RBAC": 5, "REL": 5, "CLU": 8, "AWS": 10, "STK": 6, "AI": 24}
    wanted = {f"{family}-{number:02d}" for family, last in numbered.items() for number in range(1, last + 1)}
    assert wanted <= set(ids)


def test_a_model_behind_its_gateway_breaks_no_rule() -> None:
    report = judged(whole_stack())
    assert report.findings == ()
    assert report.resources == len(whole_stack())
    assert report.rules == len(REGISTRY)


def test_the_report_counts_every_result() -> None:
    wrong = deployment()
    put(wrong["inputs"], "spec.template.spec.hostNetwork", True)
    put(wrong["inputs"], "spec.template.spec.hostPID", UNKNOWN)
    report = judge(graph(wrong), (), TODAY, Registry(rule for rule in REGISTRY if rule.id in {"POD-02", "POD-03"}))
    assert report.counts == {Result.FAIL: 1, Result.UNDECIDED: 1, Result.EXEMPT: 0}
    assert report.mandatory_failures == 1


def test_undecided_alone_does_not_stop_a_deployment() -> None:
    unclear = deployment()
    put(unclear["inputs"], "spec.template.spec.hostPID", UNKNOWN)
    assert judged([unclear], "POD-02").passed


def test_judging_is_deterministic_and_leaves_the_graph_alone() -> None:
    resources = graph(*whole_stack(), deployment("x", replicas=3))
    before = json.dumps(resources)
    first, second = (judge(resources, (), TODAY) for _ in range(2))
    assert first == second
    assert json.dumps(resources) == before


def test_resources_of_other_providers_are_judged_without_a_crash() -> None:
    key_pair = resource("aws:ec2/keyPair:KeyPair", {"metadata": "text", "spec": 3, "bucket": "x"}, name="b")
    provider = resource("pulumi:providers:kubernetes", {"kubeconfig": "[secret]"}, name="p")
    component = resource("ai-platform:vllm_model:VllmModel", {}, name="m")
    assert judged([key_pair, provider, component]).findings == ()


PROBLEMS: dict[str, tuple[Any, str]] = {
    "another version": (graph(version=2), "version: must be 1"),
    "no version": ({}, "version: must be 1"),
    "a list": ([], "the file: must hold an object"),
    "no resources": ({"version": 1, "project": "p", "stack": "s"}, "resources: must be a list"),
    "no stack": ({"version": 1, "project": "p", "resources": []}, "stack: must be a string"),
    "a resource that is text": (graph("x"), r"resources\[0\]: must be an object"),
    "a resource without type": (
        graph({"urn": "u", "name": "n", "inputs": {}}),
        r"resources\[0\]\.type: must be a string",
    ),
    "inputs that are a list": (graph(deployment() | {"inputs": []}), r"resources\[0\]\.inputs: must be an object"),
    "secret paths that are text": (graph(deployment() | {"secretPaths": "x"}), r"resources\[0\]\.secretPaths"),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_graph_of_another_shape_is_refused_with_its_key_path(tmp_path: Path, problem: str) -> None:
    content, message = PROBLEMS[problem]
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(content))
    with pytest.raises(GraphError, match=message) as caught:
        read_graph(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", '{"version": 1, "resources": [', "\x00"])
def test_a_truncated_graph_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "graph.json"
    path.write_text(text)
    with pytest.raises(GraphError, match="is not JSON"):
        read_graph(path)


def test_a_missing_graph_asks_for_render(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="run make render first"):
        read_graph(tmp_path / "graph.json")


KEYS = st.sampled_from(["a", "key", "operator", "values", "name", "spec", "matchLabels", "matchExpressions"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4) | st.just(UNKNOWN)
ODD_VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_value_anywhere_crashes_a_rule(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES), label="case")
    resources: list[Json] = case.compliant()
    for _ in range(data.draw(st.integers(1, 3), label="changes")):
        one = data.draw(st.sampled_from(resources), label="resource")
        place = data.draw(st.sampled_from(list(places(one["inputs"])) or ["x"]), label="place")
        put(one["inputs"], place, data.draw(ODD_VALUES, label="value"))
    report = judge(graph(*resources), (), TODAY)
    crashed = [finding for finding in report.findings if "rule itself failed" in finding.message]
    assert crashed == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_several_unknowns_at_once_never_turn_a_failure_into_a_pass(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES), label="case")
    resources = case.violating()
    for _ in range(data.draw(st.integers(2, 5), label="unknowns")):
        one = data.draw(st.sampled_from(resources), label="resource")
        known = list(places(one["inputs"]))
        put(one["inputs"], data.draw(st.sampled_from(known or ["x"]), label="place"), UNKNOWN)
    assert judged(resources, case.rule).findings
