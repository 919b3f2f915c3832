"""Charts whose objects no rule has seen are never counted as judged."""

from __future__ import annotations

from policies.findings import Result
from tests.policies.cases import UNKNOWN, judged
from tests.policies.conftest import JudgeAsEngine
from tests.policies.objects import Json, default_deny, deployment, resource

RULE = "STK-06"


def _chart(version: str = "v4", kind: str = "Chart") -> Json:
    return resource(f"helm.sh/{version}:{kind}", {"chart": "cert-manager", "namespace": "models"}, name="cert-manager")


def _rendered(chart: Json) -> Json:
    """A Deployment that came out of the chart."""
    token = f"{chart['type']}$kubernetes:apps/v1:Deployment"
    return deployment() | {"parent": chart["urn"], "urn": f"urn:pulumi:test::ai-platform::{token}::app"}


def test_a_chart_whose_objects_are_in_the_graph_passes() -> None:
    chart = _chart()
    assert judged([chart, _rendered(chart)], RULE).findings == ()


def test_a_chart_without_objects_is_undecided() -> None:
    (finding,) = judged([_chart()], RULE).findings
    assert (finding.result, finding.subject) == (Result.UNDECIDED, "Chart/cert-manager")


def test_a_release_never_shows_its_objects() -> None:
    release = _chart("v3", "Release")
    assert [finding.result for finding in judged([release, _rendered(release)], RULE).findings] == [Result.UNDECIDED]


def test_a_stack_without_charts_passes() -> None:
    assert judged([deployment()], RULE).findings == ()


def test_the_engine_reports_an_unrendered_chart_as_undecided_too(judge_as_engine: JudgeAsEngine) -> None:
    chart = _chart()
    chart["inputs"]["chart"] = UNKNOWN
    assert [item.result for item in judge_as_engine([chart]) if item.rule == RULE] == ["UNDECIDED"]
    assert [item for item in judge_as_engine([chart, _rendered(chart)]) if item.rule == RULE] == []


def test_rules_for_own_objects_only_advise_about_the_objects_of_a_chart() -> None:
    chart = _chart()
    rendered = _rendered(chart)
    rendered["inputs"]["spec"]["template"]["spec"]["automountServiceAccountToken"] = True
    (vendored,) = judged([chart, rendered], "POD-13").findings
    assert (vendored.result, vendored.mandatory, vendored.stops) == (Result.FAIL, False, False)
    rendered["parent"], rendered["urn"] = "", deployment()["urn"]
    (own,) = judged([rendered], "POD-13").findings
    assert own.stops


def test_a_namespace_that_only_a_chart_fills_needs_default_deny_as_well() -> None:
    assert {finding.subject for finding in judged([_chart()], "NET-01").findings} == {"Chart/cert-manager"}


def test_the_engine_keeps_a_charts_namespace_to_itself_so_its_objects_are_judged(
    judge_as_engine: JudgeAsEngine,
) -> None:
    """The engine tells a policy neither the inputs nor the outputs of a Chart: it knows of its objects alone."""
    chart = _chart() | {"inputs": {}}
    unrendered = [item for item in judge_as_engine([chart]) if item.rule == "NET-01"]
    assert [(item.result, item.mandatory) for item in unrendered] == [("UNDECIDED", False)]
    rendered = [item for item in judge_as_engine([chart, _rendered(chart)]) if item.rule == "NET-01"]
    assert {item.urn for item in rendered} == {_rendered(chart)["urn"]}
    assert [item for item in judge_as_engine([chart, _rendered(chart), default_deny()]) if item.rule == "NET-01"] == []
