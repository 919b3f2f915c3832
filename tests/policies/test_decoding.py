"""The pack reads what the engine sends faster than the SDK does, and no differently."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.policies.cases import UNKNOWN
from tests.policies.conftest import ROOT
from tests.policies.objects import TODAY, Json, container, deployment, pod_spec
from tests.policies.stack_cases import whole_stack

VALUES: Json = {
    "text": "words",
    "empty": "",
    "number": 3,
    "fraction": 0.5,
    "on": True,
    "off": False,
    "nothing": None,
    "object": {"inside": {"deep": [1, {"a": None}]}, "bare": {}},
    "list": [[], {}, "x", 2, None, False],
}


def _run(python: Path, script: str, request: Any) -> Any:
    command = [python, Path(__file__).with_name(script)]
    answer = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120, cwd=ROOT, input=json.dumps(request) + "\n"
    )
    return json.loads(answer.stdout)


def test_a_message_is_read_as_protobuf_reads_it(pack_python: Path) -> None:
    own, protobuf = _run(pack_python, "struct_reader.py", VALUES)
    assert own == protobuf == VALUES | {"unset": None}


def test_with_another_release_of_the_sdk_the_pack_finds_the_same(pack_python: Path) -> None:
    """Then the SDK decodes, and its proxies tell what is unknown."""
    broken = deployment("broken", spec=pod_spec(hostNetwork=True, containers=[container(image="app:latest")]))
    unknown = deployment("unknown", spec=pod_spec(hostPID=UNKNOWN, containers=UNKNOWN, volumes=[{"hostPath": UNKNOWN}]))
    request = {"resources": [*whole_stack(), broken, unknown], "today": TODAY.isoformat(), "stack": "test"}
    fast, slow = (_run(pack_python, script, request) for script in ("servicer.py", "undecoded_servicer.py"))
    assert fast == slow
    assert any("UNDECIDED" in item["message"] for item in fast)
    assert any("POD-03 FAIL" in item["message"] for item in fast)
