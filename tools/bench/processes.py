"""Time and memory of a command in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One run: wall-clock seconds and the largest resident size in MiB."""

    seconds: float
    peak_mib: int


def measure(arguments: Sequence[str], root: Path, environment: Mapping[str, str]) -> Measurement:
    """Run `python -m <arguments>` once. Raises CalledProcessError when it fails."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=root,
        env=os.environ | dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    # wait4 alone gives the peak of this one child; getrusage would give the largest of all children so far.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        stderr = process.stderr.read() if process.stderr else b""
        raise subprocess.CalledProcessError(process.returncode, process.args, stderr=stderr)
    return Measurement(seconds=seconds, peak_mib=usage.ru_maxrss // 1024)


def best_of(runs: int, arguments: Sequence[str], root: Path, environment: Mapping[str, str]) -> Measurement:
    """The fastest of several runs: what is slower was slowed down by something else."""
    return min((measure(arguments, root, environment) for _ in range(runs)), key=lambda item: item.seconds)
