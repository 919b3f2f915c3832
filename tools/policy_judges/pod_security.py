"""The reference checker of the Pod Security Standards, and which of our rules covers which of its checks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from policies.rules import REGISTRY
from policies.subjects import subjects_of
from tools.simulator.errors import SimulatorError

Level = Literal["baseline", "restricted"]

RULES_OF_CHECKS: Mapping[str, str] = {
    "privileged": "POD-01",
    "hostNamespaces": "POD-02 POD-03",
    "hostPathVolumes": "POD-04",
    "hostPorts": "POD-05",
    "capabilities_baseline": "POD-06",
    "capabilities_restricted": "POD-06",
    "allowPrivilegeEscalation": "POD-07",
    "runAsNonRoot": "POD-08",
    "runAsUser": "POD-08",
    "seccompProfile_baseline": "POD-09",
    "seccompProfile_restricted": "POD-09",
    "restrictedVolumes": "POD-10 POD-04",
    "appArmorProfile": "POD-11",
    "hostProbesAndHostLifecycle": "POD-11",
    "procMount": "POD-11",
    "procMount_restricted": "POD-11",
    "seLinuxOptions": "POD-11",
    "sysctls": "POD-11",
    "windowsHostProcess": "POD-11",
}
"""By check: the rules that cover it; of several, any."""

COVERING = frozenset(rule for rules in RULES_OF_CHECKS.values() for rule in rules.split())


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the reference checker says of one pod; `checks` are those that object."""

    allowed: bool
    checks: tuple[str, ...]


def judge_pods(judge: Path, pods: Sequence[Mapping[str, Any]], level: Level, version: str) -> list[Verdict]:
    """Ask the reference checker about whole Pod objects at a level of a Kubernetes version such as `v1.36`.

    Raises SimulatorError with what the checker says when it cannot read a pod.
    """
    questions = "".join(json.dumps({"level": level, "version": version, "pod": pod}) + "\n" for pod in pods)
    result = subprocess.run([judge], input=questions, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        message = "the reference checker of the Pod Security Standards failed"
        raise SimulatorError(message, result.stderr.strip())
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    return [Verdict(allowed=answer["allowed"], checks=tuple(answer["checks"])) for answer in answers]


def rules_that_object(pod: Mapping[str, Any]) -> frozenset[str]:
    """Those of our rules about the Pod Security Standards that object to a Pod object."""
    resource = {"urn": "pod", "type": "kubernetes:core/v1:Pod", "name": "pod", "inputs": pod}
    return frozenset(
        rule.id
        for rule in REGISTRY
        if rule.id in COVERING and rule.of_object
        for subject in subjects_of(resource)
        if any(True for _ in rule.of_object(subject))
    )


def disagreements(pod: Mapping[str, Any], verdict: Verdict) -> frozenset[str]:
    """Where one side objects to `pod` and the other does not: a check that no rule sees, or a rule without a check."""
    ours = rules_that_object(pod)
    unseen = {check for check in verdict.checks if not ours.intersection(RULES_OF_CHECKS[check].split())}
    covered = _rules_of(verdict.checks)
    return frozenset(unseen | {rule for rule in ours if rule not in covered})


def _rules_of(checks: Iterable[str]) -> frozenset[str]:
    return frozenset(rule for check in checks for rule in RULES_OF_CHECKS[check].split())
