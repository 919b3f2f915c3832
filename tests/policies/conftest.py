"""The policy SDK needs an older protobuf than the program, so it runs in the pack's own environment."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.policies.objects import TODAY, Json

ROOT = Path(__file__).resolve().parents[2]
PACK_PYTHON = ROOT / "policies" / ".venv" / "bin" / "python"

_MESSAGE = re.compile(r".*\n(?P<rule>[A-Z]+-\d+) (?P<result>FAIL|UNDECIDED|EXEMPT)(?: \((?P<exception>EXC-\d+)\))? ")


@dataclass(frozen=True)
class Diagnostic:
    """One message of the pack, as the engine gets it."""

    rule: str
    result: str
    mandatory: bool
    urn: str
    message: str


JudgeAsEngine = Callable[..., list[Diagnostic]]


@pytest.fixture(scope="session")
def pack_python() -> Path:
    """The Python of the pack's environment; `make test` creates it first."""
    if not PACK_PYTHON.exists():
        pytest.skip("policies/.venv is missing; `make test` creates it")
    return PACK_PYTHON


@pytest.fixture(scope="session")
def judge_as_engine(pack_python: Path) -> Iterator[JudgeAsEngine]:
    """Judges resources as the engine does, through the SDK's servicer in one long-lived process.

    With the SDK's own decoding and proxies; `test_decoding.py` and `test_pack.py` hold that the pack's are no
    different.
    """
    with subprocess.Popen(
        [pack_python, Path(__file__).with_name("undecoded_servicer.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, responses = process.stdin, process.stdout

        def judge(resources: list[Json], **request: Any) -> list[Diagnostic]:
            requests.write(
                json.dumps({"resources": resources, "today": TODAY.isoformat(), "stack": "test"} | request) + "\n"
            )
            requests.flush()
            line = responses.readline()
            assert line, "the servicer process ended; its traceback is above"
            return [_diagnostic(item) for item in json.loads(line)]

        yield judge
        requests.close()


def _diagnostic(item: dict[str, Any]) -> Diagnostic:
    match = _MESSAGE.match(item["message"])
    assert match is not None, f"no finding of the platform: {item['message']}"
    return Diagnostic(match["rule"], match["result"], item["mandatory"], item["urn"], item["message"])
