"""How the judges of second opinions are built and asked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.policies.judges import judges
from tools.policy_judges.binaries import KUBE_SCORE, MODULES, POD_SECURITY, ensure_judges, ensure_judges_if_possible
from tools.policy_judges.kube_score import list_checks, score
from tools.policy_judges.pod_security import judge_pods
from tools.simulator.errors import SimulatorError

POD: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


def test_without_go_the_build_says_what_is_left_out_and_goes_on(tmp_path: Path) -> None:
    told: list[str] = []
    ensure_judges_if_possible(told.append, {"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert told == ["no `go` on PATH: tests that ask other judges about our policies will be skipped"]
    assert list(tmp_path.iterdir()) == []


def test_without_go_the_judges_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=r"^a second opinion on the policies needs the Go tool chain"):
        ensure_judges(lambda _: None, {"PATH": str(tmp_path), "HOME": str(tmp_path)})


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_is_pinned_by_version_and_sum(module: Any) -> None:
    assert module.version.startswith("v")
    assert f"{module.path} {module.version} h1:" in (module.folder / "go.sum").read_text()


def test_a_change_of_our_own_source_builds_anew(tmp_path: Path) -> None:
    shutil.copytree(POD_SECURITY.folder, tmp_path / POD_SECURITY.name)
    copied = replace(POD_SECURITY, modules_folder=tmp_path)
    assert copied.digest == POD_SECURITY.digest
    source = tmp_path / POD_SECURITY.name / "main.go"
    source.write_text(source.read_text() + "\n")
    assert copied.digest != POD_SECURITY.digest


def test_they_are_built_once_outside_the_checkout() -> None:
    built = judges()
    reported: list[str] = []
    assert ensure_judges(reported.append) == built
    assert reported == []
    for path, module in ((built.pod_security, POD_SECURITY), (built.kube_score, KUBE_SCORE)):
        assert path.parent.name == f"{module.name}-{module.digest}"
        assert path.parent.parent.name == "policy-judges"


def test_a_level_is_what_is_asked_for() -> None:
    judge = judges().pod_security
    (restricted,) = judge_pods(judge, [POD], "restricted", "v1.36")
    (baseline,) = judge_pods(judge, [POD], "baseline", "v1.36")
    assert restricted.checks == (
        "allowPrivilegeEscalation",
        "capabilities_restricted",
        "runAsNonRoot",
        "seccompProfile_restricted",
    )
    assert (restricted.allowed, baseline.allowed, baseline.checks) == (False, True, ())


def test_answers_come_in_the_order_of_the_pods() -> None:
    shared = {**POD, "spec": {**POD["spec"], "hostPID": True}}
    verdicts = judge_pods(judges().pod_security, [POD, shared, POD], "baseline", "v1.36")
    assert [verdict.allowed for verdict in verdicts] == [True, False, True]


@pytest.mark.parametrize(
    ("pod", "version", "told"),
    [
        ({**POD, "spec": {"containers": "none"}}, "v1.36", "question: json: cannot unmarshal"),
        (POD, "1.36", "pod p: "),
    ],
)
def test_what_the_reference_cannot_read_is_an_error_and_no_verdict(
    pod: dict[str, Any], version: str, told: str
) -> None:
    with pytest.raises(SimulatorError) as failed:
        judge_pods(judges().pod_security, [pod], "baseline", version)
    assert told in failed.value.log_tail


def test_kube_score_is_asked_about_objects_together() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", **POD}
    findings = score(judges().kube_score, [pod], "v1.36")
    assert {finding.name for finding in findings} == {"p"}
    assert {"container-resources", "pod-networkpolicy"} <= {finding.check for finding in findings}
    assert {finding.check for finding in findings} <= list_checks(judges().kube_score)


def test_a_failure_of_kube_score_is_an_error_and_no_clean_bill() -> None:
    with pytest.raises(SimulatorError, match="kube-score score failed"):
        score(judges().kube_score, [{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": "none"}}], "v1.36")
