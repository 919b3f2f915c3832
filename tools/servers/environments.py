"""Virtual environments of real servers, built once per machine from hash-locked requirements.

`<name>.in` says what a server needs, `<name>.lock` what that resolved to (`make lock`). An environment lands in
`${XDG_CACHE_HOME:-~/.cache}/ai-platform/servers/<name>-<hash>/`, the hash taken over the lock and the interpreter, so
that a new lock builds anew and nothing else does.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import uv

from tools.machine_cache import Report, cache_folder, only_builder
from tools.servers.errors import IndexUnreachableError, ServersError

LOCKS_FOLDER = Path(__file__).parent
_KIND = "servers"

_UNREACHABLE = ("Failed to fetch", "error sending request", "dns error", "HTTP status server error")
"""What uv says when an index does not answer, as against one that answers with the wrong hash or no such version."""
_SHOWN_LINES = 8


def names() -> tuple[str, ...]:
    """The servers that have an environment: one per `<name>.lock`."""
    return tuple(sorted(path.stem for path in LOCKS_FOLDER.glob("*.lock")))


@functools.cache
def environment(name: str) -> Path:
    """The environment of one server, built if it is not there: `bin/python` in it is its interpreter.

    Safe when several processes ask at once: one builds, the others wait. Raises IndexUnreachableError when it has to
    be built and the package index does not answer, ServersError when the build fails for another reason.
    """
    return built(LOCKS_FOLDER / f"{name}.lock", cache_folder(_KIND, os.environ), _silent)


def build_all(report: Report) -> None:
    """Build every environment that is not there. Raises what `environment` raises."""
    for name in names():
        built(LOCKS_FOLDER / f"{name}.lock", cache_folder(_KIND, os.environ), report)


def built(lock: Path, folder: Path, report: Report) -> Path:
    """The environment of one lock file under `folder`. Raises what `environment` raises."""
    if not lock.is_file():
        raise ServersError(f"no server named {lock.stem}: servers here are {', '.join(names())}")
    target = folder / f"{lock.stem}-{_digest(lock)}"
    if target.is_dir():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with only_builder(folder / f".{target.name}.lock", "environment", report):
        if not target.is_dir():  # another run may have built it while this one waited
            report(f"installing {lock.stem} into {target}")
            _build(lock, target)
    return target


def _digest(lock: Path) -> str:
    interpreter = (platform.python_version(), platform.system(), platform.machine())
    return hashlib.sha256(lock.read_bytes() + repr(interpreter).encode()).hexdigest()[:16]


def _build(lock: Path, target: Path) -> None:
    """Build beside the target and rename, so that a folder of the final name is always whole."""
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    # Relocatable: scripts find the interpreter beside them, not at the path they were installed to.
    _uv(lock.stem, "venv", "--relocatable", "--python", sys.executable, str(partial))
    python = str(partial / "bin" / "python")
    _uv(lock.stem, "pip", "install", "--compile-bytecode", "--python", python, "--require-hashes", "-r", str(lock))
    partial.rename(target)


def _uv(name: str, *arguments: str) -> None:
    completed = subprocess.run([uv.find_uv_bin(), "--quiet", *arguments], capture_output=True, text=True, check=False)
    if completed.returncode == 0:
        return
    said = "\n".join(completed.stderr.strip().splitlines()[-_SHOWN_LINES:])
    if any(sign in completed.stderr for sign in _UNREACHABLE):
        raise IndexUnreachableError(
            f"{name}: the package index does not answer; connect to it, or name another one by UV_DEFAULT_INDEX\n{said}"
        )
    raise ServersError(f"{name}: uv {arguments[0]} failed; make lock resolves tools/servers/{name}.in anew\n{said}")


def _silent(_line: str) -> None:
    return
