"""Our rules about pods say what the reference checker of the Pod Security Standards says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.rules import REGISTRY
from tests.policies.judges import Json, judges, pod_security_fixtures, stack_pods
from tests.stacks.conftest import STACKS
from tools.policy_judges.pod_security import (
    COVERING,
    RULES_OF_CHECKS,
    Level,
    Verdict,
    disagreements,
    judge_pods,
    rules_that_object,
)
from tools.simulator.binaries import KUBERNETES

CLUSTERS = ".".join(KUBERNETES.version.split(".")[:2])
"""The version that the shipped stacks run, and whose API server the rehearsal runs."""
NEWER = "v1.37"
"""A newer one, whose differences are known before the stacks move to it."""
VERSIONS = (CLUSTERS, NEWER)
LEVELS: tuple[Level, ...] = ("baseline", "restricted")

NEW_SYSCTLS = {"net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where our rules and the reference disagree by intent: `who` are the rules or checks that object alone."""

    why: str
    who: frozenset[str]
    applies: Callable[[Json, str], bool]


def spec(pod: Json) -> Json:
    return pod["spec"]


DIFFERENCES = (
    Difference(
        why="In a user namespace root is not root of the node, and the reference lets it be since 1.35. Our rule "
        "stays: no image of the platform needs root, and file ownership on volumes shows who wrote.",
        who=frozenset({"POD-08"}),
        applies=lambda pod, _: spec(pod).get("hostUsers") is False,
    ),
    Difference(
        why="Windows has no Linux capabilities, privilege escalation or seccomp. The platform has Linux nodes only, "
        "and a pod that merely claims to be for Windows is judged like any other.",
        who=frozenset({"POD-06", "POD-07", "POD-09"}),
        applies=lambda pod, _: (spec(pod).get("os") or {}).get("name") == "windows",
    ),
    Difference(
        why="A volume without source is an emptyDir once the API server has filled in its defaults, which it does "
        "before it asks; the reference asked directly takes it for an unknown type.",
        who=frozenset({"restrictedVolumes"}),
        applies=lambda pod, _: any(set(volume) == {"name"} for volume in spec(pod).get("volumes") or []),
    ),
    Difference(
        why="1.37 counts two further kernel settings as safe; the nodes of the shipped stacks run an older version.",
        who=frozenset({"POD-11"}),
        applies=lambda pod, version: version == NEWER and bool(NEW_SYSCTLS & sysctls(pod)),
    ),
)


def sysctls(pod: Json) -> set[str]:
    return {setting["name"] for setting in (spec(pod).get("securityContext") or {}).get("sysctls") or []}


def unexplained(pod: Json, verdict: Verdict, version: str) -> set[str]:
    known = (difference.who for difference in DIFFERENCES if difference.applies(pod, version))
    return set(disagreements(pod, verdict)).difference(*known)


def fixtures(level: Level, version: str) -> dict[str, Json]:
    """Labelled pods by `pass/name` or `fail/name`."""
    folder: Path = pod_security_fixtures() / level / version
    found = {
        f"{label}/{file.stem}": yaml.safe_load(file.read_text())
        for label in ("pass", "fail")
        for file in sorted((folder / label).glob("*.yaml"))
    }
    assert len(found) > 40, folder
    return found


def test_every_check_of_the_reference_has_a_rule_and_every_rule_named_exists() -> None:
    assert {rule.id for rule in REGISTRY} >= COVERING
    asked = {
        check
        for level in LEVELS
        for version in VERSIONS
        for verdict in judge_pods(judges().pod_security, list(fixtures(level, version).values()), level, version)
        for check in verdict.checks
    }
    assert asked <= RULES_OF_CHECKS.keys()
    # The restricted level replaces the baseline form of some checks by its own.
    assert RULES_OF_CHECKS.keys() <= asked


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("level", LEVELS)
def test_the_judge_agrees_with_the_labels_of_its_own_fixtures(level: Level, version: str) -> None:
    labelled = fixtures(level, version)
    verdicts = judge_pods(judges().pod_security, list(labelled.values()), level, version)
    wrong = [name for (name, _), told in zip(labelled.items(), verdicts, strict=True) if told.allowed != is_pass(name)]
    # Written by its authors from a pod whose defaults were filled in.
    assert set(wrong) <= {"pass/restrictedvolumes0"}


def is_pass(name: str) -> bool:
    return name.startswith("pass/")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("level", LEVELS)
def test_our_rules_agree_on_the_labelled_fixtures(level: Level, version: str) -> None:
    """Judged as restricted, whatever level they were written for: that is the level our rules demand."""
    labelled = fixtures(level, version)
    verdicts = judge_pods(judges().pod_security, list(labelled.values()), "restricted", version)
    found = {
        name: left
        for (name, pod), verdict in zip(labelled.items(), verdicts, strict=True)
        if (left := unexplained(pod, verdict, version))
    }
    assert found == {}


def test_no_difference_is_told_that_does_not_exist() -> None:
    met: set[str] = set()
    for level in LEVELS:
        for version in VERSIONS:
            pods = list(fixtures(level, version).values())
            for pod, verdict in zip(pods, judge_pods(judges().pod_security, pods, "restricted", version), strict=True):
                alone = disagreements(pod, verdict)
                met.update(known.why for known in DIFFERENCES if known.applies(pod, version) and alone & known.who)
    assert met == {difference.why for difference in DIFFERENCES}


@pytest.mark.parametrize("stack", STACKS)
def test_our_rules_agree_on_every_pod_of_the_shipped_stacks(stack: str) -> None:
    found = list(stack_pods(stack))
    assert len(found) > 20
    verdicts = judge_pods(judges().pod_security, [pod for _, pod in found], "restricted", CLUSTERS)
    for (subject, pod), verdict in zip(found, verdicts, strict=True):
        assert disagreements(pod, verdict) == set(), subject.address
        assert verdict.allowed, f"{subject.address}: {verdict.checks}"


@pytest.mark.parametrize("stack", STACKS)
def test_an_object_is_judged_as_its_pods_are(stack: str) -> None:
    by_address: dict[str, set[str]] = {}
    subjects = {}
    for subject, pod in stack_pods(stack):
        subjects[subject.address] = subject
        by_address.setdefault(subject.address, set()).update(rules_that_object(pod))
    for address, subject in subjects.items():
        of_object = {
            rule.id for rule in REGISTRY if rule.id in COVERING and rule.of_object and list(rule.of_object(subject))
        }
        assert of_object == by_address[address]


FLAG = st.sampled_from([None, True, False])
USER = st.sampled_from([None, 0, 1000])
PROFILE = st.sampled_from([{"type": "RuntimeDefault"}, {"type": "Localhost"}, {"type": "Unconfined"}])
"""The API server refuses a profile without type before anybody else sees it."""


def members(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Objects with any selection of the members; None stands for a member that is null."""
    return st.fixed_dictionaries({}, optional=strategies)


OPTIONS = members(
    type=st.sampled_from(["container_t", "spc_t", "", "container_engine_t"]), user=st.sampled_from(["", "root_u"])
)
POD_CONTEXT = members(
    runAsNonRoot=FLAG,
    runAsUser=USER,
    seccompProfile=PROFILE,
    appArmorProfile=PROFILE,
    seLinuxOptions=OPTIONS,
    windowsOptions=members(hostProcess=FLAG),
    sysctls=st.lists(
        st.builds(
            lambda name: {"name": name, "value": "1"},
            st.sampled_from(["kernel.msgmax", "net.ipv4.tcp_rmem", *NEW_SYSCTLS]),
        ),
        max_size=1,
    ),
)
CONTEXT = members(
    privileged=FLAG,
    allowPrivilegeEscalation=FLAG,
    runAsNonRoot=FLAG,
    runAsUser=USER,
    capabilities=members(
        drop=st.lists(st.sampled_from(["ALL", "NET_RAW"]), max_size=2),
        add=st.lists(st.sampled_from(["NET_BIND_SERVICE", "CHOWN", "SYS_ADMIN"]), max_size=2),
    ),
    seccompProfile=PROFILE,
    appArmorProfile=PROFILE,
    seLinuxOptions=OPTIONS,
    procMount=st.sampled_from([None, "Default", "Unmasked"]),
    windowsOptions=members(hostProcess=FLAG),
)
HANDLER = st.one_of(
    st.builds(lambda host: {"httpGet": {"port": 80, **host}}, members(host=st.sampled_from(["", "10.0.0.1", "::1"]))),
    st.builds(lambda host: {"tcpSocket": {"port": 80, **host}}, members(host=st.sampled_from(["", "127.0.0.1"]))),
)
CONTAINER = members(
    securityContext=CONTEXT,
    ports=st.lists(members(containerPort=st.just(80), hostPort=st.sampled_from([0, 80])), max_size=1),
    livenessProbe=HANDLER,
    lifecycle=members(preStop=HANDLER),
)
VOLUME = st.sampled_from(
    [{"emptyDir": {}}, {"hostPath": {"path": "/x"}}, {"nfs": {"server": "s", "path": "/"}}, {"image": {}}, {}]
)
STRICT = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def named(containers: list[Json], prefix: str, *, strict: bool) -> list[Json]:
    """With a strict context below the drawn one, so that one fault is not lost among many."""
    return [
        {"name": f"{prefix}{number}", **entry}
        | ({"securityContext": STRICT | entry.get("securityContext", {})} if strict else {})
        for number, entry in enumerate(containers)
    ]


@st.composite
def pods(draw: st.DrawFn) -> Json:
    strict = draw(st.booleans())
    lists = {
        "containers": named(draw(st.lists(CONTAINER, min_size=1, max_size=2)), "main", strict=strict),
        "initContainers": named(draw(st.lists(CONTAINER, max_size=1)), "init", strict=strict),
        "ephemeralContainers": named(draw(st.lists(CONTAINER, max_size=1)), "debug", strict=strict),
    }
    volumes = [{"name": f"v{number}", **source} for number, source in enumerate(draw(st.lists(VOLUME, max_size=2)))]
    rest = draw(
        members(
            hostPID=FLAG,
            hostIPC=FLAG,
            hostNetwork=FLAG,
            hostUsers=FLAG,
            securityContext=POD_CONTEXT,
            os=members(name=st.sampled_from(["linux", "windows"])),
        )
    )
    annotations = draw(
        members(
            **{
                "container.apparmor.security.beta.kubernetes.io/main0": st.sampled_from(
                    ["runtime/default", "unconfined", "localhost/x", ""]
                )
            }
        )
    )
    return {"metadata": {"name": "p", "annotations": annotations}, "spec": {**lists, "volumes": volumes, **rest}}


@settings(max_examples=200, deadline=None)
@given(st.lists(pods(), min_size=1, max_size=30), st.sampled_from(VERSIONS))
def test_our_rules_agree_on_any_pod(drawn: list[Json], version: str) -> None:
    verdicts = judge_pods(judges().pod_security, drawn, "restricted", version)
    for pod, verdict in zip(drawn, verdicts, strict=True):
        assert unexplained(pod, verdict, version) == set(), (pod, verdict)


def test_a_rule_that_saw_nothing_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    privileged: Mapping[str, Any] = {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "securityContext": {**STRICT, "privileged": True}}]},
    }
    (verdict,) = judge_pods(judges().pod_security, [privileged], "restricted", CLUSTERS)
    assert verdict.checks == ("privileged",)
    assert disagreements(privileged, verdict) == set()
    monkeypatch.setattr("tools.policy_judges.pod_security.rules_that_object", lambda _: frozenset[str]())
    assert disagreements(privileged, verdict) == {"privileged"}
