"""How long the policy pack takes, in the environment in which the engine runs it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

_RUNS = 3


@dataclass(frozen=True)
class PackRun:
    """The best of some runs: seconds for all requests about that many resources, and the peak memory of the pack's
    process in MiB.
    """

    resources: int
    seconds: float
    peak_mib: int


def pack_over(root: Path, graph: Path, resources: int | None = None) -> PackRun:
    """Let the pack judge the graph, repeated to that many resources or as it is. Needs `policies/.venv`, which make
    fills.
    """
    python = root / "policies" / ".venv" / "bin" / "python"
    command = [str(python), str(Path(__file__).with_name("pack_servicer.py")), str(graph)]
    command += [] if resources is None else [str(resources)]
    runs = [
        json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout)
        for _ in range(_RUNS)
    ]
    best = min(runs, key=lambda run: run["resource_seconds"] + run["stack_seconds"])
    return PackRun(best["resources"], best["resource_seconds"] + best["stack_seconds"], best["peak_mib"])
