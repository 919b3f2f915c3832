"""Which binaries the simulated cluster runs, told with a `go` that writes small scripts instead of programs."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tools.simulator.binaries import ETCD, KUBERNETES, KWOK, MODULES, cache_folder, ensure_binaries
from tools.simulator.cluster import SimulatedCluster
from tools.simulator.errors import SimulatorError

NAMES = [binary.name for module in MODULES for binary in module.binaries]

# Stands in for the Go tool chain: `go env` tells FAKE_GO_VERSION, `go build` writes a script that prints the version
# pinned in the module's go.mod, and FAKE_GO_FAILS names a program whose build fails. Each build is noted in a log.
FAKE_GO = """#!{python}
import os, pathlib, re, sys
if sys.argv[1] == "env":
    print(os.environ.get("FAKE_GO_VERSION", "go1.99.0")); print(os.environ.get("GOTOOLCHAIN", "auto")); sys.exit()
target = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
package, folder = sys.argv[-1], pathlib.Path(sys.argv[sys.argv.index("-C") + 1])
with open(os.environ["FAKE_GO_LOG"], "a") as log:
    log.write(package + "\\n")
target.write_text("half a program")
if os.environ.get("FAKE_GO_FAILS", "nothing") in package:
    sys.exit("link: no space left on device")
required = re.findall(r"(\\S+) v(\\S+)", (folder / "go.mod").read_text())
version = max((v for m, v in required if package.startswith(m)), key=len)
target.write_text(f"#!/bin/sh\\necho {{package}} v{{version}}\\n")
target.chmod(0o755)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment with an empty home directory and the stand-in for Go on PATH."""
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(FAKE_GO.format(python=sys.executable))
    go.chmod(0o755)
    return {"PATH": str(go.parent), "HOME": str(tmp_path), "FAKE_GO_LOG": str(tmp_path / "builds")}


def _builds(environment: dict[str, str]) -> list[str]:
    log = Path(environment["FAKE_GO_LOG"])
    return [line.rsplit("/", 1)[-1] for line in log.read_text().splitlines()] if log.is_file() else []


def _silent(_: str) -> None:
    return None


def _fake_asset(folder: Path, name: str, version: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {name} {version}\n")
    path.chmod(0o755)
    return path


def test_every_binary_is_built_once_and_reported(environment: dict[str, str]) -> None:
    reported: list[str] = []
    first = ensure_binaries(reported.append, environment=environment)
    assert sorted(first.paths) == sorted(NAMES)
    assert len(_builds(environment)) == len(reported) == len(NAMES) == 6
    assert all(name in line for name, line in zip(NAMES, reported, strict=True))
    again = ensure_binaries(reported.append, environment=environment)
    assert again == first
    assert len(_builds(environment)) == len(reported) == 6


def test_binaries_lie_in_the_users_cache_and_outside_the_checkout(environment: dict[str, str], tmp_path: Path) -> None:
    paths = ensure_binaries(_silent, environment=environment).paths
    assert all(path.is_relative_to(tmp_path / ".cache" / "ai-platform") for path in paths.values())
    assert cache_folder({"XDG_CACHE_HOME": "/elsewhere"}) == Path("/elsewhere/ai-platform/simulator")


def test_a_failed_build_is_one_clear_line_with_the_compilers_words_and_is_taken_up_again(
    environment: dict[str, str],
) -> None:
    with pytest.raises(SimulatorError) as failed:
        ensure_binaries(_silent, environment=environment | {"FAKE_GO_FAILS": "kube-apiserver"})
    assert failed.value.message == ("building k8s.io/kubernetes/cmd/kube-apiserver failed (go build exited with 1)")
    assert failed.value.log_tail == "link: no space left on device"
    done = _builds(environment)
    ensure_binaries(_silent, environment=environment)
    rest = _builds(environment)[len(done) :]
    assert rest == ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]


def test_an_interrupted_build_leaves_nothing_that_looks_finished(environment: dict[str, str]) -> None:
    with pytest.raises(SimulatorError):
        ensure_binaries(_silent, environment=environment | {"FAKE_GO_FAILS": "kwok"})
    folder = cache_folder(environment) / f"{KWOK.name}-{KWOK.digest}"
    assert not (folder / "kwok").exists()
    built = ensure_binaries(_silent, environment=environment)["kwok"]
    assert subprocess.run([built], capture_output=True, text=True, check=True).stdout.strip().endswith(KWOK.version)


def test_two_builds_at_once_do_the_work_once(environment: dict[str, str]) -> None:
    threads = [threading.Thread(target=ensure_binaries, args=(_silent, None, environment)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_builds(environment)) == 6


def test_an_asset_of_the_pinned_version_is_used_instead_of_a_build(environment: dict[str, str], tmp_path: Path) -> None:
    asset = _fake_asset(tmp_path / "assets", "kube-apiserver", f"Kubernetes {KUBERNETES.version}")
    used = ensure_binaries(_silent, environment=environment | {"KUBEBUILDER_ASSETS": str(asset.parent)})
    assert used["kube-apiserver"] == asset
    assert used["etcd"] != asset.parent / "etcd"
    assert "kube-apiserver" not in _builds(environment)


@pytest.mark.parametrize("version", ["Kubernetes v1.20.1", f"Kubernetes {KUBERNETES.version}-rc.1", "nothing"])
def test_an_asset_of_another_version_is_passed_over_with_a_word(
    environment: dict[str, str], tmp_path: Path, version: str
) -> None:
    asset = _fake_asset(tmp_path / "assets", "kube-apiserver", version)
    reported: list[str] = []
    used = ensure_binaries(reported.append, asset.parent, environment)
    assert used["kube-apiserver"] != asset
    assert f"kube-apiserver in {asset.parent} is not {KUBERNETES.version}: using a built one" in reported


def test_without_go_one_line_says_what_to_install(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SimulatorError) as missing:
        ensure_binaries(_silent, environment=environment | {"PATH": str(tmp_path)})
    assert "\n" not in str(missing.value)
    assert "no `go` is on PATH: install it from https://go.dev/dl/ and run again" in missing.value.message


def test_without_go_what_was_built_before_is_still_used(environment: dict[str, str], tmp_path: Path) -> None:
    built = ensure_binaries(_silent, environment=environment)
    assert ensure_binaries(_silent, environment=environment | {"PATH": str(tmp_path)}) == built


def test_a_cluster_cannot_start_without_go_and_says_so(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": str(tmp_path)}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    cluster = SimulatedCluster(tmp_path / "state")
    with pytest.raises(SimulatorError, match="needs the Go tool chain"):
        cluster.start([])
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(("version", "toolchain"), [("go1.19.8", "auto"), ("go1.21.0", "local")])
def test_a_go_that_is_too_old_is_named(environment: dict[str, str], version: str, toolchain: str) -> None:
    with pytest.raises(SimulatorError, match=rf"is {version}: install a newer one from"):
        ensure_binaries(_silent, environment=environment | {"FAKE_GO_VERSION": version, "GOTOOLCHAIN": toolchain})


def test_an_older_go_that_may_fetch_the_needed_one_is_used(environment: dict[str, str]) -> None:
    ensure_binaries(_silent, environment=environment | {"FAKE_GO_VERSION": "go1.22.0"})
    assert len(_builds(environment)) == 6


def test_the_version_is_stamped_into_what_is_built() -> None:
    number = KUBERNETES.version
    assert f"-X k8s.io/component-base/version.gitVersion={number}" in KUBERNETES.linker_flags
    assert f"-X sigs.k8s.io/kwok/pkg/consts.Version={KWOK.version.removeprefix('v')}" in KWOK.linker_flags


def test_every_staging_module_is_replaced_by_the_same_release() -> None:
    text = (KUBERNETES.folder / "go.mod").read_text()
    release = "v0." + KUBERNETES.version.split(".", 1)[1]
    replaced = [line.split() for line in text.splitlines() if " => " in line]
    assert len(replaced) > 30
    assert {(old, new, version) for old, _, new, version in replaced} == {(old, old, release) for old, *_ in replaced}


def test_each_module_has_a_hash_of_its_own() -> None:
    assert len({ETCD.digest, KUBERNETES.digest, KWOK.digest}) == 3
