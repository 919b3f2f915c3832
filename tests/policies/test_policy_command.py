"""`make policy`: what it prints and how it ends."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from policies.rules import REGISTRY
from tests.policies.cases import UNKNOWN
from tests.policies.objects import TODAY, Json, container, deployment, graph, namespace, pod_spec
from tests.policies.stack_cases import whole_stack
from tools.policy.command import run_policy

NO_EXCEPTIONS = "version: 1\nexceptions: []\n"


def _run(folder: Path, content: object, exceptions: str = NO_EXCEPTIONS) -> tuple[int, str]:
    graph_path, exceptions_path = folder / "graph.json", folder / "exceptions.yaml"
    graph_path.write_text(json.dumps(content))
    exceptions_path.write_text(exceptions)
    printed = io.StringIO()
    code = run_policy(graph_path, exceptions_path, today=TODAY, console=Console(file=printed, width=300))
    return code, printed.getvalue()


def test_a_stack_that_complies_ends_well_and_says_how_much_was_judged(tmp_path: Path) -> None:
    code, text = _run(tmp_path, graph(*whole_stack()))
    assert code == 0
    assert f"{len(whole_stack())} resources judged by {len(REGISTRY)} rules: " in text
    assert "0 mandatory, 0 advisory, 0 UNDECIDED, 0 EXEMPT" in text


def test_a_mandatory_violation_ends_with_one_and_names_object_place_and_fix(tmp_path: Path) -> None:
    code, text = _run(tmp_path, graph(*whole_stack(), deployment(spec=pod_spec(hostNetwork=True))))
    assert code == 1
    for part in ("Mandatory", "POD-03", "high", "models/Deployment/app", "spec.template.spec.hostNetwork", "fix: "):
        assert part in text
    assert "1 mandatory, 0 advisory, 0 UNDECIDED, 0 EXEMPT" in text


def test_undecided_and_exempt_are_shown_and_counted_and_do_not_stop(tmp_path: Path) -> None:
    exception: Json = {
        "id": "EXC-0001",
        "rules": ["NS-01"],
        "match": {"type": "kubernetes:core/v1:Namespace", "name": "gpu-operator"},
        "reason": "The driver containers load kernel modules.",
        "approver": "owner",
        "granted": "2026-11-01",
        "expires": "2027-11-01",
    }
    unclear = deployment(spec=pod_spec(containers=[container(image=UNKNOWN)]))
    privileged = namespace("gpu-operator", **{"pod-security.kubernetes.io/enforce": "privileged"})
    content = graph(*whole_stack(), unclear, privileged)
    code, text = _run(tmp_path, content, json.dumps({"version": 1, "exceptions": [exception]}))
    assert code == 0
    (undecided,) = re.findall(r"0 mandatory, 0 advisory, (\d+) UNDECIDED, 1 EXEMPT", text)
    # Every rule about images, and whatever else takes the image to know what runs.
    assert int(undecided) >= 2
    assert "not passed" in text
    assert "(EXC-0001)" in text


@pytest.mark.parametrize(
    ("content", "exceptions", "message"),
    [
        ({"version": 7}, NO_EXCEPTIONS, "version: must be 1"),
        (graph(), "version: 1\n", "exceptions: Field required"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(
    tmp_path: Path, content: Json, exceptions: str, message: str
) -> None:
    code, text = _run(tmp_path, content, exceptions)
    assert code == 1
    assert message in text
    assert len(text.strip().splitlines()) == 1


def test_brackets_in_names_are_printed_as_they_are(tmp_path: Path) -> None:
    _, text = _run(tmp_path, graph(deployment("app[bold]", spec=pod_spec(hostNetwork=True))))
    assert "models/Deployment/app[bold]" in text
