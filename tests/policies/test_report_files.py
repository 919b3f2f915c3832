"""The findings as files for merge requests: SARIF and JUnit say what the table says, and never more."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from policies.exceptions import PolicyException
from policies.judge import Report, judge
from policies.rules import REGISTRY
from tests.policies.cases import UNKNOWN
from tests.policies.objects import TODAY, container, deployment, graph, namespace, pod_spec
from tools.policy.command import Judged, write_reports
from tools.policy.junit import junit
from tools.policy.sarif import sarif

PRIVILEGED = PolicyException.model_validate(
    {
        "id": "EXC-0001",
        "rules": ["NS-01"],
        "match": {"type": "kubernetes:core/v1:Namespace", "name": "gpu-operator"},
        "reason": "The driver containers load kernel modules.",
        "approver": "owner",
        "granted": date(2026, 11, 1),
        "expires": date(2027, 11, 1),
    }
)


@pytest.fixture(scope="module")
def report() -> Report:
    """One finding at least of each result, and a credential that must not appear."""
    secretive = container(env=[{"name": "DB_PASSWORD", "value": "CANARY-4711"}])
    resources = (
        deployment("wrong", spec=pod_spec(hostNetwork=True, containers=[secretive])),
        deployment("unclear", spec=pod_spec(containers=[container(image=UNKNOWN)])),
        namespace("gpu-operator", **{"pod-security.kubernetes.io/enforce": "privileged"}),
        deployment("twice", replicas=2) | {"urn": "urn:pulumi:test::ai-platform::kubernetes:helm.sh/v4:Chart$x::twice"},
    )
    return judge(graph(*resources), (PRIVILEGED,), TODAY)


def _sarif(report: Report) -> dict[str, Any]:
    (run,) = json.loads(sarif(report, "dev", REGISTRY, (PRIVILEGED,)))["runs"]
    return run


def _result(run: dict[str, Any], rule: str) -> dict[str, Any]:
    return next(item for item in run["results"] if item["ruleId"] == rule)


def test_sarif_lists_every_rule_with_how_to_comply_and_every_finding_once(report: Report) -> None:
    run = _sarif(report)
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [rule.id for rule in REGISTRY]
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"])
    assert len(run["results"]) == len(report.findings)
    for item in run["results"]:
        assert run["tool"]["driver"]["rules"][item["ruleIndex"]]["id"] == item["ruleId"]


def test_sarif_tells_failures_from_what_advises_is_open_and_is_excepted(report: Report) -> None:
    run = _sarif(report)
    failed = _result(run, "POD-03")
    assert (failed["kind"], failed["level"]) == ("fail", "error")
    assert "suppressions" not in failed
    opened = _result(run, "SUP-01")
    assert (opened["kind"], opened["level"]) == ("open", "none")
    exempt = _result(run, "NS-01")
    assert exempt["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": f"EXC-0001: {PRIVILEGED.reason}"}
    ]
    assert _result(run, "REL-01")["level"] == "warning"


def test_sarif_names_the_stack_file_and_the_property(report: Report) -> None:
    (location,) = _result(_sarif(report), "POD-03")["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "Pulumi.dev.yaml"
    (logical,) = location["logicalLocations"]
    assert logical["name"] == "models/Deployment/wrong spec.template.spec.hostNetwork"
    assert logical["fullyQualifiedName"].endswith("::wrong spec.template.spec.hostNetwork")


def test_a_finding_keeps_its_fingerprint_from_run_to_run(report: Report) -> None:
    first, second = (_sarif(report) for _ in range(2))
    prints = [item["partialFingerprints"]["finding/v1"] for item in first["results"]]
    assert prints == [item["partialFingerprints"]["finding/v1"] for item in second["results"]]
    places = {(item.rule, item.urn, item.path) for item in report.findings}
    assert len(set(prints)) == len(places)


def test_junit_counts_only_mandatory_findings_as_failures(report: Report) -> None:
    root = ElementTree.fromstring(junit(report, "dev", REGISTRY))  # noqa: S314 (our own output)
    assert len(root.findall("testsuite")) == len(REGISTRY)
    assert len(root.findall(".//failure")) == report.mandatory_failures
    others = len(report.findings) - report.mandatory_failures
    assert len(root.findall(".//skipped")) == others
    reasons = " ".join(str(item.get("message")) for item in root.findall(".//skipped"))
    assert all(word in reasons for word in ("ADVISORY", "UNDECIDED", "EXEMPT (EXC-0001)"))


def test_junit_passes_exactly_the_rules_without_a_finding(report: Report) -> None:
    root = ElementTree.fromstring(junit(report, "dev", REGISTRY))  # noqa: S314 (our own output)
    passed = {
        case.get("classname")
        for case in root.iter("testcase")
        if case.find("failure") is None and case.find("skipped") is None
    }
    found = {f"dev.{finding.rule}" for finding in report.findings}
    assert passed == {f"dev.{rule.id}" for rule in REGISTRY} - found


def test_no_value_of_an_object_is_written(report: Report, tmp_path: Path) -> None:
    paths = write_reports(Judged("dev", report, (PRIVILEGED,)), tmp_path / "policy")
    assert [path.name for path in paths] == ["dev.sarif", "dev.junit.xml"]
    assert "POD-17" in paths[0].read_text()
    assert all("CANARY" not in path.read_text() for path in paths)
