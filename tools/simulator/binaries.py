"""The pinned binaries of the control plane, built from Go modules once per machine.

Each folder under `go/` pins one module by go.mod and go.sum. A binary lands in
`${XDG_CACHE_HOME:-~/.cache}/ai-platform/simulator/<module>-<hash>/`, the hash taken over both files and the way of
building, so that a new pin or new flags build anew and nothing else does.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools import machine_cache
from tools.machine_cache import Report, only_builder
from tools.simulator import go_toolchain
from tools.simulator.errors import SimulatorError

MODULES_FOLDER = Path(__file__).parent / "go"
ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"
"""envtest's convention for a folder that holds etcd, kube-apiserver and kubectl."""

_VERSION_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Binary:
    """One command: its name, the Go package it is built from, and the arguments that make it print its version."""

    name: str
    package: str
    version_arguments: tuple[str, ...] = ("--version",)


@dataclass(frozen=True, kw_only=True)
class Module:
    """A pinned Go module: folder under `modules_folder`, module path, commands, and what carries the version.

    `needed_by` says in messages who needs it.
    """

    name: str
    path: str
    binaries: tuple[Binary, ...]
    version_packages: tuple[str, ...] = ()
    version_variable: str = ""
    modules_folder: Path = MODULES_FOLDER
    needed_by: str = "the simulated cluster"

    @property
    def folder(self) -> Path:
        """Folder with go.mod and go.sum, and with the sources of a program of the project's own."""
        return self.modules_folder / self.name

    @property
    def version(self) -> str:
        """Version that go.mod pins, with its leading `v`."""
        text = (self.folder / "go.mod").read_text()
        match = re.search(rf"^\s*(?:require )?{re.escape(self.path)} (v\S+)", text, re.MULTILINE)
        if match is None:
            raise SimulatorError(f"{self.folder}/go.mod does not require {self.path}")
        return match[1]

    @property
    def linker_flags(self) -> tuple[str, ...]:
        """Flags that drop symbol tables and stamp the version.

        Unstamped, the API server reports v0.0.0-master, and clients that look at the server's version misjudge it.
        """
        if self.version_variable:
            return ("-s", "-w", f"-X {self.version_variable}={self.version.removeprefix('v')}")
        major, minor = self.version.removeprefix("v").split(".")[:2]
        values = {"gitVersion": self.version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "archive"}
        stamps = (f"-X {package}.{key}={value}" for package in self.version_packages for key, value in values.items())
        return ("-s", "-w", *stamps)

    @property
    def digest(self) -> str:
        """Hash over all that decides what is built."""
        sources = sorted(path.name for path in self.folder.glob("*.go"))
        parts = [(self.folder / file).read_bytes() for file in ("go.mod", "go.sum", *sources)]
        parts += [repr((self.binaries, self.linker_flags, platform.system(), platform.machine())).encode()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


ETCD = Module(
    name="etcd", path="go.etcd.io/etcd/server/v3", binaries=(Binary(name="etcd", package="go.etcd.io/etcd/server/v3"),)
)
KUBERNETES = Module(
    name="kubernetes",
    path="k8s.io/kubernetes",
    version_packages=("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"),
    binaries=(
        Binary(name="kubectl", package="k8s.io/kubernetes/cmd/kubectl", version_arguments=("version", "--client")),
        Binary(name="kube-apiserver", package="k8s.io/kubernetes/cmd/kube-apiserver"),
        Binary(name="kube-controller-manager", package="k8s.io/kubernetes/cmd/kube-controller-manager"),
        Binary(name="kube-scheduler", package="k8s.io/kubernetes/cmd/kube-scheduler"),
    ),
)
KWOK = Module(
    name="kwok",
    path="sigs.k8s.io/kwok",
    version_variable="sigs.k8s.io/kwok/pkg/consts.Version",
    binaries=(Binary(name="kwok", package="sigs.k8s.io/kwok/cmd/kwok"),),
)
MODULES = (ETCD, KUBERNETES, KWOK)


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """Where each binary of the control plane lies, by name."""

    paths: Mapping[str, Path]

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]


def ensure_binaries(
    report: Report, assets: Path | None = None, environment: Mapping[str, str] | None = None
) -> Binaries:
    """Find or build every binary of the control plane.

    `assets` (default: $KUBEBUILDER_ASSETS) is a folder of ready binaries; one of the pinned version is used as it is.
    `report` gets a line for each binary that has to be built. Raises SimulatorError when the Go tool chain is missing
    or too old, or when a build fails; what was built until then is kept, and the next call goes on from there.
    """
    env = dict(os.environ if environment is None else environment)
    folder = assets or (Path(env[ASSETS_VARIABLE]) if env.get(ASSETS_VARIABLE) else None)
    total = sum(len(module.binaries) for module in MODULES)
    paths: dict[str, Path] = {}
    for module in MODULES:
        for binary in module.binaries:
            step = f"{len(paths) + 1} of {total}"
            found = _from_assets(folder, module, binary, report)
            paths[binary.name] = found or from_cache(
                module, binary, cache_folder(env), step=step, report=report, environment=env
            )
    return Binaries(paths=paths)


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Folder that keeps built binaries between checkouts."""
    return machine_cache.cache_folder("simulator", environment)


def _from_assets(folder: Path | None, module: Module, binary: Binary, report: Report) -> Path | None:
    path = folder / binary.name if folder else None
    if path is None or not path.is_file():
        return None
    if _has_version(path, module, binary):
        return path
    report(f"{binary.name} in {folder} is not {module.version}: using a built one")
    return None


def from_cache(
    module: Module, binary: Binary, cache: Path, *, step: str, report: Report, environment: Mapping[str, str]
) -> Path:
    """Find a binary below `cache`, or build it there; `step` says in the report how far one is.

    Raises SimulatorError as `ensure_binaries` does.
    """
    folder = cache / f"{module.name}-{module.digest}"
    path = folder / binary.name
    if path.is_file():
        return path
    go = go_toolchain.find_go(module.folder / "go.mod", environment, module.needed_by)
    folder.mkdir(parents=True, exist_ok=True)
    with only_builder(folder / ".lock", "binaries", report):
        if not path.is_file():  # another run may have built it while this one waited
            report(f"building {binary.name} {module.version} ({step})")
            _build(go, module, binary, path, environment)
    return path


def _build(go: str, module: Module, binary: Binary, path: Path, environment: Mapping[str, str]) -> None:
    """Build beside the target and rename, so that a file of the final name is always whole."""
    partial = path.with_name(f".{path.name}.partial")
    go_toolchain.build(
        go,
        module.folder,
        binary.package,
        linker_flags=module.linker_flags,
        target=partial,
        environment=environment,
    )
    if not _has_version(partial, module, binary):
        raise SimulatorError(f"{binary.name} was built but does not report {module.version}: remove {partial.parent}")
    partial.rename(path)


def _has_version(path: Path, module: Module, binary: Binary) -> bool:
    try:
        result = subprocess.run(
            [str(path), *binary.version_arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_VERSION_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    number = re.escape(module.version.removeprefix("v"))
    return re.search(rf"(?<![\d.]){number}(?![\w.+-])", result.stdout) is not None
