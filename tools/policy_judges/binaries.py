"""The judges, built from pinned Go modules once per machine as the simulated cluster's binaries are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools import machine_cache
from tools.machine_cache import Report
from tools.simulator import go_toolchain
from tools.simulator.binaries import Binary, Module, from_cache
from tools.simulator.errors import SimulatorError

_MODULES_FOLDER = Path(__file__).parent / "go"
_NEEDED_BY = "a second opinion on the policies"

POD_SECURITY = Module(
    name="pod_security",
    path="k8s.io/pod-security-admission",
    binaries=(Binary(name="pod-security", package="."),),
    modules_folder=_MODULES_FOLDER,
    needed_by=_NEEDED_BY,
)
KUBE_SCORE = Module(
    name="kube_score",
    path="github.com/zegl/kube-score",
    binaries=(
        Binary(name="kube-score", package="github.com/zegl/kube-score/cmd/kube-score", version_arguments=("version",)),
    ),
    version_variable="main.version",
    modules_folder=_MODULES_FOLDER,
    needed_by=_NEEDED_BY,
)
MODULES = (POD_SECURITY, KUBE_SCORE)


@dataclass(frozen=True, kw_only=True)
class Judges:
    """Where the programs lie."""

    pod_security: Path
    kube_score: Path


def ensure_judges(report: Report, environment: Mapping[str, str] | None = None) -> Judges:
    """Find or build both judges. `report` gets a line for each that has to be built.

    Raises SimulatorError when the Go tool chain is missing or too old, or when a build fails.
    """
    env = dict(os.environ if environment is None else environment)
    cache = machine_cache.cache_folder("policy-judges", env)
    pod_security, kube_score = (
        from_cache(
            module,
            module.binaries[0],
            cache,
            step=f"{number} of {len(MODULES)}",
            report=report,
            environment=env,
        )
        for number, module in enumerate(MODULES, start=1)
    )
    return Judges(pod_security=pod_security, kube_score=kube_score)


def module_sources(module: Module, environment: Mapping[str, str] | None = None) -> Path:
    """Folder with the sources of the pinned release of a module, in Go's own cache; fetched when it is not there.

    Raises SimulatorError when the Go tool chain is missing, or when the sources cannot be had.
    """
    env = dict(os.environ if environment is None else environment)
    go = go_toolchain.find_go(module.folder / "go.mod", env, module.needed_by)
    command = [go, "mod", "download", "-json", f"{module.path}@{module.version}"]
    result = subprocess.run(command, cwd=module.folder, env=env, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SimulatorError(f"the sources of {module.path} cannot be had", result.stderr.strip())
    return Path(json.loads(result.stdout)["Dir"])


def ensure_judges_if_possible(report: Report, environment: Mapping[str, str] | None = None) -> None:
    """Build the judges; without a usable Go tool chain say what is left out and go on."""
    env = dict(os.environ if environment is None else environment)
    if shutil.which("go", path=env.get("PATH", "")) is None:
        report("no `go` on PATH: tests that ask other judges about our policies will be skipped")
        return
    ensure_judges(report, env)
