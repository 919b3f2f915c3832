"""kube-score, and which of our rules finds what each of its checks finds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.render.yaml_text import yaml_documents
from tools.simulator.errors import SimulatorError

PASSED = 10
"""Its grades are 1 (critical), 5 (warning), 7 (almost) and 10."""
_FOUND_SOMETHING = 1

RULES_OF_CHECKS: Mapping[str, str] = {
    "container-image-tag": "SUP-01 SUP-06",
    "container-resources": "POD-15",
    "container-security-context-privileged": "POD-01",
    "container-security-context-readonlyrootfilesystem": "POD-12",
    "deployment-has-poddisruptionbudget": "REL-01",
    "horizontalpodautoscaler-has-target": "REL-09",
    "pod-networkpolicy": "NET-01",
    "pod-probes": "POD-16",
    "service-type": "NET-04",
    "stable-version": "REL-04",
    "statefulset-has-poddisruptionbudget": "REL-01",
}
"""By check: the rules that find the same; of several, any."""


@dataclass(frozen=True, kw_only=True)
class ScoreFinding:
    """A check that objects to one object."""

    check: str
    kind: str
    namespace: str
    name: str


def list_checks(judge: Path) -> frozenset[str]:
    """The checks that it runs unless told otherwise."""
    lines = _run(judge, ["list"], "").splitlines()
    return frozenset(line.split(",")[0] for line in lines if line.rstrip().endswith(",default"))


def score(judge: Path, objects: Iterable[Mapping[str, Any]], kubernetes_version: str) -> list[ScoreFinding]:
    """What it finds in the objects of a stack, judged together. The version is one such as `v1.36`.

    Raises SimulatorError with what it says when it cannot read an object.
    """
    arguments = ["score", "--output-format", "json", "--kubernetes-version", kubernetes_version, "-"]
    told: list[dict[str, Any]] = json.loads(_run(judge, arguments, yaml_documents(map(dict, objects)))) or []
    return [
        ScoreFinding(
            check=check["check"]["id"],
            kind=scored["type_meta"]["kind"],
            namespace=scored["object_meta"].get("namespace", ""),
            name=scored["object_meta"]["name"],
        )
        for scored in told
        for check in scored["checks"]
        if not check["skipped"] and check["grade"] < PASSED
    ]


def _run(judge: Path, arguments: list[str], objects: str) -> str:
    result = subprocess.run([judge, *arguments], input=objects, capture_output=True, text=True, check=False)
    # It ends with 1 when it finds something, and when it fails as well, but then without an answer.
    if result.returncode not in {0, _FOUND_SOMETHING} or not result.stdout.strip():
        message = f"kube-score {arguments[0]} failed (it exited with {result.returncode})"
        raise SimulatorError(message, result.stderr.strip())
    return result.stdout
