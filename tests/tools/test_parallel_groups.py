"""Tests of one group run in one worker: they share a cluster or a gateway that must not be started twice."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.stacks.conftest import ROOT

MODULE = """
import pytest

pytestmark = pytest.mark.xdist_group("{name}")

@pytest.mark.parametrize("number", range(8))
def test_nothing(number):
    pass
"""


def test_the_workers_of_make_test_keep_groups_together(tmp_path: Path) -> None:
    [options] = re.findall(r"-m pytest (.*)", (ROOT / "Makefile").read_text("utf-8"))
    for name in ("first", "second"):
        (tmp_path / f"test_{name}.py").write_text(MODULE.format(name=name))
    command = [sys.executable, "-m", "pytest", *options.split(), "--verbose", "--import-mode=importlib", str(tmp_path)]
    completed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    ran = re.findall(r"\[(gw\d)\] .*PASSED \S*test_(first|second)", completed.stdout)
    assert len(ran) == 16
    assert len(set(ran)) == 2, "a group was split between workers"
