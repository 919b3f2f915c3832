"""Exceptions are narrow, dated and visible; a file that is not exactly right is refused in one line."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.base.namespaces import NAMESPACES
from policies.exceptions import DEFAULT_PATH, ExceptionsError, ExceptionUse, PolicyException, load_exceptions
from policies.findings import Result, Violation
from policies.judge import Report, judge
from policies.registry import Registry
from policies.rules import REGISTRY
from tests.policies.cases import UNKNOWN
from tests.policies.conftest import JudgeAsEngine
from tests.policies.objects import TODAY, Json, container, deployment, graph, namespace, pod_spec, resource

ENTRY: Json = {
    "id": "EXC-0009",
    "rules": ["POD-01"],
    "match": {"type": "kubernetes:apps/v1:Deployment", "namespace": "models", "name": "app"},
    "reason": "The driver container loads kernel modules.",
    "approver": "platform owner",
    "granted": "2026-11-01",
    "expires": "2027-05-01",
}

PRIVILEGED = deployment(spec=pod_spec(containers=[container(securityContext={"privileged": True})]))


def _file(folder: Path, *entries: Json, **members: Any) -> Path:
    path = folder / "exceptions.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "exceptions": list(entries)} | members))
    return path


def _exceptions(folder: Path, **changes: Any) -> tuple[PolicyException, ...]:
    return load_exceptions(_file(folder, ENTRY | changes), REGISTRY.exemptable)


def _judged(
    exceptions: tuple[PolicyException, ...], *resources: Json, today: date = TODAY, stack: str = "test"
) -> Report:
    rules = Registry(rule for rule in REGISTRY if rule.id in {"POD-01", "POD-04", "STK-04"})
    return judge(graph(*(resources or (PRIVILEGED,)), stack=stack), exceptions, today, rules)


def _results(report: Report) -> list[tuple[str, Result]]:
    return [(finding.rule, finding.result) for finding in report.findings]


def test_what_an_exception_covers_is_exempt_and_shown_with_its_number(tmp_path: Path) -> None:
    report = _judged(_exceptions(tmp_path))
    assert _results(report) == [("POD-01", Result.EXEMPT)]
    assert report.findings[0].exception == "EXC-0009"
    assert report.passed
    assert report.counts[Result.EXEMPT] == 1


def test_an_expired_exception_brings_the_violation_back_and_fails_itself(tmp_path: Path) -> None:
    exceptions = _exceptions(tmp_path)
    assert _judged(exceptions, today=date(2027, 5, 1)).passed
    report = _judged(exceptions, today=date(2027, 5, 2))
    assert _results(report) == [("POD-01", Result.FAIL), ("STK-04", Result.FAIL)]
    assert report.mandatory_failures == 2
    assert _about_exceptions(report) == [("exceptions.yaml: EXC-0009", "expired on 2027-05-01")]


def _about_exceptions(report: Report) -> list[tuple[str, str]]:
    return [(finding.path, finding.message) for finding in report.findings if finding.rule == "STK-04"]


def test_an_exception_that_covered_something_where_it_is_not_meant_for_fails(tmp_path: Path) -> None:
    (entry,) = _exceptions(tmp_path, match=ENTRY["match"] | {"onlyWith": PART})
    rule = REGISTRY.get("STK-04")
    assert rule
    assert rule.of_exceptions
    use = ExceptionUse((entry,), TODAY, "test", frozenset(), {(entry.id, "POD-01")})
    message = f"covers something in a stack without {PART}, for which it is not meant"
    assert [*rule.of_exceptions(use)] == [Violation("exceptions.yaml: EXC-0009", message)]


def test_an_exception_that_begins_later_is_not_in_force(tmp_path: Path) -> None:
    """Or one dated ten years ahead would hold for eleven."""
    exceptions = _exceptions(tmp_path)
    assert _judged(exceptions, today=date(2026, 11, 1)).passed
    report = _judged(exceptions, today=date(2026, 10, 31))
    assert _results(report) == [("POD-01", Result.FAIL), ("STK-04", Result.FAIL)]
    message = "is granted from 2026-11-01 on, which is not yet"
    assert _about_exceptions(report) == [("exceptions.yaml: EXC-0009", message)]


def test_an_exception_fails_that_names_a_rule_too_many(tmp_path: Path) -> None:
    report = _judged(_exceptions(tmp_path, rules=["POD-01", "POD-04"]))
    assert _results(report) == [("POD-01", Result.EXEMPT), ("STK-04", Result.FAIL)]
    assert report.findings[1].message == "covers nothing in this stack that breaks POD-04"


def test_an_unused_exception_fails(tmp_path: Path) -> None:
    report = _judged(_exceptions(tmp_path), deployment())
    assert _results(report) == [("STK-04", Result.FAIL)]
    assert "EXC-0009" in report.findings[0].path


def test_an_exception_for_another_stack_is_neither_applied_nor_missed(tmp_path: Path) -> None:
    exceptions = _exceptions(tmp_path, match=ENTRY["match"] | {"stacks": ["prod"]})
    assert _results(_judged(exceptions)) == [("POD-01", Result.FAIL)]
    assert _results(_judged(exceptions, stack="prod")) == [("POD-01", Result.EXEMPT)]


PART = "ai-platform:gpu_cluster:NodeUpgrades"


def test_an_exception_for_a_part_of_the_platform_holds_where_that_part_is(tmp_path: Path) -> None:
    exceptions = _exceptions(tmp_path, match=ENTRY["match"] | {"onlyWith": PART})
    part = resource(PART, {}, name="upgrades")
    assert _results(_judged(exceptions, PRIVILEGED, part)) == [("POD-01", Result.EXEMPT)]
    assert _results(_judged(exceptions, PRIVILEGED)) == [("POD-01", Result.FAIL)]


def test_an_exception_for_a_part_of_the_platform_is_missed_only_where_that_part_is(tmp_path: Path) -> None:
    exceptions = _exceptions(tmp_path, match=ENTRY["match"] | {"onlyWith": PART})
    assert _results(_judged(exceptions, deployment())) == []
    report = _judged(exceptions, deployment(), resource(PART, {}, name="upgrades"))
    assert _results(report) == [("STK-04", Result.FAIL)]


def test_an_undecided_finding_uses_an_exception_and_stays_undecided(tmp_path: Path) -> None:
    unclear = deployment(spec=pod_spec(containers=[container(securityContext=UNKNOWN)]))
    assert _results(_judged(_exceptions(tmp_path), unclear)) == [("POD-01", Result.UNDECIDED)]


@pytest.mark.parametrize(
    "match",
    [
        {"type": "kubernetes:apps/v1:DaemonSet"},
        {"namespace": "gateway"},
        {"name": "ap"},
        {"name": "other*"},
        {"containers": ["sidecar"]},
    ],
)
def test_an_exception_covers_nothing_but_what_it_names(tmp_path: Path, match: Json) -> None:
    exceptions = _exceptions(tmp_path, match=ENTRY["match"] | match)
    assert ("POD-01", Result.FAIL) in _results(_judged(exceptions))


@pytest.mark.parametrize("match", [{"name": "app"}, {"name": "app*"}, {"containers": ["app"]}])
def test_name_glob_and_container_narrow_an_exception(tmp_path: Path, match: Json) -> None:
    assert _judged(_exceptions(tmp_path, match=ENTRY["match"] | match)).passed


def test_an_exception_without_namespace_covers_cluster_scoped_objects_only(tmp_path: Path) -> None:
    match = {"type": "kubernetes:apps/v1:Deployment", "name": "app"}
    assert not _judged(_exceptions(tmp_path, match=match)).passed


@pytest.mark.parametrize(
    "path", ["/var/run/docker.sock", "/run/containerd/containerd.sock", "/", "/etc/", "/var/lib/kubelet"]
)
def test_no_exception_covers_a_path_that_gives_the_node_away(tmp_path: Path, path: str) -> None:
    mounted = container(volumeMounts=[{"name": "host", "mountPath": "/host"}])
    owner = deployment(spec=pod_spec(containers=[mounted], volumes=[{"name": "host", "hostPath": {"path": path}}]))
    assert ("POD-04", Result.FAIL) in _results(_judged(_exceptions(tmp_path, rules=["POD-04"]), owner))


@pytest.mark.parametrize("path", ["/", "/var/lib/kubelet/pod-resources"])
def test_an_exception_covers_a_read_only_look_at_the_node(tmp_path: Path, path: str) -> None:
    mounted = container(volumeMounts=[{"name": "host", "mountPath": "/host", "readOnly": True}])
    reader = deployment(spec=pod_spec(containers=[mounted], volumes=[{"name": "host", "hostPath": {"path": path}}]))
    assert _results(_judged(_exceptions(tmp_path, rules=["POD-04"]), reader)) == [("POD-04", Result.EXEMPT)]


BAD: dict[str, tuple[Json, str]] = {
    "unknown rule": ({"rules": ["POD-99"]}, r"exceptions\[0\]\.rules: POD-99 is no rule"),
    "no rule": ({"rules": []}, r"exceptions\[0\]: rules: name at least one rule"),
    "a rule without exceptions": ({"rules": ["AI-01"]}, r"AI-01 allows no exception"),
    "unknown key": ({"note": "x"}, r"exceptions\[0\]\.note: Extra inputs are not permitted"),
    "glob in the middle": ({"match": ENTRY["match"] | {"name": "a*p"}}, r"match\.name: may hold one '\*', at its end"),
    "glob for everything": ({"match": ENTRY["match"] | {"name": "*"}}, r"match\.name: needs at least 3 characters"),
    "glob namespace": ({"match": ENTRY["match"] | {"namespace": "m*"}}, r"match\.namespace: may not hold '\*'"),
    "type with glob": ({"match": ENTRY["match"] | {"type": "kubernetes:*:Pod"}}, r"match\.type: "),
    "short reason": ({"reason": "needed"}, r"exceptions\[0\]\.reason: "),
    "no approver": ({"approver": " "}, r"exceptions\[0\]\.approver: "),
    "too long": ({"expires": "2028-05-01"}, r"expires: must be after granted and at most 366 days later"),
    "backwards": ({"expires": "2026-01-01"}, r"expires: must be after granted"),
    "no date": ({"expires": "soon"}, r"exceptions\[0\]\.expires: "),
    "number": ({"id": "EXC-1"}, r"exceptions\[0\]\.id: "),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_malformed_exception_is_refused_with_key_path_and_fix(tmp_path: Path, fault: str) -> None:
    changes, message = BAD[fault]
    with pytest.raises(ExceptionsError, match=message) as caught:
        _exceptions(tmp_path, **changes)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 2\nexceptions: []\n", "version: "),
        ("version: 1\n", "exceptions: Field required"),
        ("[]", "the file: "),
        ("version: 1\nexceptions: []\nexceptions: []\n", "key 'exceptions' is there twice"),
        ("version: [", "is not YAML"),
    ],
)
def test_a_malformed_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "exceptions.yaml"
    path.write_text(text)
    with pytest.raises(ExceptionsError, match=message) as caught:
        load_exceptions(path, REGISTRY.exemptable)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ExceptionsError, match=r"exceptions\.yaml: is not text in UTF-8"):
        load_exceptions(path, REGISTRY.exemptable)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExceptionsError, match="cannot be read"):
        load_exceptions(tmp_path / "none.yaml", REGISTRY.exemptable)


@pytest.mark.parametrize(
    ("second", "message"), [({}, "is used twice"), ({"id": "EXC-0010"}, "another exception already")]
)
def test_the_same_exception_twice_is_refused(tmp_path: Path, second: Json, message: str) -> None:
    path = _file(tmp_path, ENTRY, ENTRY | second)
    with pytest.raises(ExceptionsError, match=message):
        load_exceptions(path, REGISTRY.exemptable)


def test_what_every_stack_is_excepted_from_is_two_privileged_namespaces() -> None:
    everywhere = [entry for entry in _shipped() if not entry.match.only_with]
    privileged = {place.name for place in NAMESPACES if place.level == "privileged"}
    assert {(entry.rules, entry.match.type, entry.match.name) for entry in everywhere} == {
        (("NS-01",), "kubernetes:core/v1:Namespace", name) for name in privileged
    }


def test_the_shipped_exceptions_are_all_needed_by_the_platforms_namespaces() -> None:
    """What only some clusters need is tested beside what needs it."""
    exceptions = _shipped()
    spaces = [namespace(place.name, **{"pod-security.kubernetes.io/enforce": place.level}) for place in NAMESPACES]
    granted = max(entry.granted for entry in exceptions)
    report = judge(graph(*spaces), exceptions, granted + timedelta(days=1))
    assert report.passed
    assert report.counts[Result.EXEMPT] == len([entry for entry in exceptions if not entry.match.only_with])


def _shipped() -> tuple[PolicyException, ...]:
    return load_exceptions(DEFAULT_PATH, REGISTRY.exemptable)


def test_the_engine_sees_the_same_exceptions(tmp_path: Path, judge_as_engine: JudgeAsEngine) -> None:
    path = str(_file(tmp_path, ENTRY))
    covered = [item for item in judge_as_engine([PRIVILEGED], exceptions=path) if item.rule in {"POD-01", "STK-04"}]
    assert [(item.rule, item.result, item.mandatory) for item in covered] == [("POD-01", "EXEMPT", False)]
    assert "(EXC-0009)" in covered[0].message
    unused = [item for item in judge_as_engine([deployment()], exceptions=path) if item.rule == "STK-04"]
    assert [(item.result, item.mandatory) for item in unused] == [("FAIL", True)]


def test_the_engine_tells_at_the_end_that_an_exception_was_meant_for_other_stacks(
    tmp_path: Path, judge_as_engine: JudgeAsEngine
) -> None:
    """It shows one object after the other, and only then whether the part that an exception is meant for is there."""
    path = str(_file(tmp_path, ENTRY | {"match": ENTRY["match"] | {"onlyWith": PART}}))
    part = resource(PART, {}, name="upgrades")

    def about(*resources: Json) -> list[tuple[str, str]]:
        found = judge_as_engine(list(resources), exceptions=path)
        return [(item.rule, item.result) for item in found if item.rule in {"POD-01", "STK-04"}]

    assert about(PRIVILEGED, part) == [("POD-01", "EXEMPT")]
    assert about(PRIVILEGED) == [("POD-01", "EXEMPT"), ("STK-04", "FAIL")]
    assert about(deployment()) == []
    assert about(deployment(), part) == [("STK-04", "FAIL")]
