"""wait_for_api.sh: whether somebody answers at the address in front of the servers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from components.gpu_cluster.k3s.hosts.hosts import script_input


def wait(folder: Path, brought_by: str = "kube-vip", *, after_attempts: int) -> subprocess.CompletedProcess[str]:
    """Wait with a k3s whose API answers after so many attempts, and that logs its arguments."""
    binary = folder / "root/usr/local/bin/k3s"
    binary.parent.mkdir(parents=True)
    binary.write_text(f'#!/bin/sh\necho "$*" >>"{folder}/log"\n[ "$(wc -l <"{folder}/log")" -gt {after_attempts} ]\n')
    binary.chmod(0o755)
    variables = {"NODE_NAME": "server-1", "API_ADDRESS": "10.20.0.10", "BROUGHT_BY": brought_by}
    return subprocess.run(
        ["bash", "-s"],
        input=script_input("wait_for_api.sh", variables),
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "ROOT": str(folder / "root"), "POLLS": "3", "POLL_SECONDS": "0"},
    )


def test_an_api_that_answers_after_a_while_is_waited_for(tmp_path: Path) -> None:
    done = wait(tmp_path, after_attempts=2)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "server-1: the API server answers at 10.20.0.10\n"
    calls = (tmp_path / "log").read_text().splitlines()
    assert calls == ["kubectl --server=https://10.20.0.10:6443 --request-timeout=5s get --raw /readyz"] * 3


@pytest.mark.parametrize(
    ("brought_by", "words"),
    [
        ("kube-vip", "is the address free, and in the servers' own network?"),
        ("external", "let your load balancer pass"),
    ],
)
def test_an_api_that_never_answers_is_named_with_who_should_bring_it(
    tmp_path: Path, brought_by: str, words: str
) -> None:
    done = wait(tmp_path, brought_by, after_attempts=9)
    assert done.returncode == 1
    assert done.stderr.startswith("server-1: no API server answers at https://10.20.0.10:6443: ")
    assert words in done.stderr
