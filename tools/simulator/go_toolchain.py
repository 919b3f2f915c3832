"""The Go tool chain that builds the pinned control plane."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.simulator.errors import SimulatorError

INSTALL_PAGE = "https://go.dev/dl/"
_LAST_LINES = 15


def required_go(go_mod: Path) -> tuple[int, int]:
    """Go release (major, minor) that the `go` line of a go.mod asks for."""
    match = re.search(r"^go (\d+)\.(\d+)", go_mod.read_text(), re.MULTILINE)
    if match is None:
        raise SimulatorError(f"{go_mod}: no `go` line")
    return int(match[1]), int(match[2])


def find_go(go_mod: Path, environment: Mapping[str, str], needed_by: str) -> str:
    """Path of a usable `go` command on PATH. `needed_by` begins the message where there is none.

    Raises SimulatorError when there is none, or when it is too old and cannot fetch a newer tool chain by itself
    (Go does that from 1.21 on, unless GOTOOLCHAIN=local forbids it).
    """
    major, minor = required_go(go_mod)
    needed = f"{major}.{minor}"
    go = shutil.which("go", path=environment.get("PATH", ""))
    if go is None:
        raise SimulatorError(
            f"{needed_by} needs the Go tool chain {needed} or newer to be built, and no `go` is on PATH: install it "
            f"from {INSTALL_PAGE} and run again"
        )
    found = subprocess.run(
        [go, "env", "GOVERSION", "GOTOOLCHAIN"], env=dict(environment), capture_output=True, text=True, check=False
    ).stdout.split()
    version = re.match(r"go(\d+)\.(\d+)", found[0]) if found else None
    if version is None:
        raise SimulatorError(f"{go} does not tell its version: reinstall Go {needed} from {INSTALL_PAGE}")
    own = (int(version[1]), int(version[2]))
    may_fetch = own >= (1, 21) and found[-1] != "local"
    if own < (major, minor) and not may_fetch:
        raise SimulatorError(
            f"{needed_by} needs Go {needed} or newer, and {go} is {found[0]}: install a newer one from {INSTALL_PAGE}, "
            "or unset GOTOOLCHAIN=local"
        )
    return go


def build(
    go: str,
    module_folder: Path,
    package: str,
    *,
    linker_flags: Sequence[str],
    target: Path,
    environment: Mapping[str, str],
) -> None:
    """Build one Go command of a pinned module into `target`.

    -mod=readonly holds the build to the committed go.mod and go.sum; -trimpath makes it independent of the folder.
    """
    command = [go, "build", "-C", str(module_folder), "-trimpath", "-buildvcs=false"]
    command += ["-ldflags", " ".join(linker_flags), "-o", str(target), package]
    settings = {"GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0", "GOWORK": "off"}
    result = subprocess.run(command, env={**environment, **settings}, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        tail = "\n".join(result.stderr.strip().splitlines()[-_LAST_LINES:])
        raise SimulatorError(f"building {package} failed (go build exited with {result.returncode})", tail)
