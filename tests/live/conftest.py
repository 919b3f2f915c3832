"""Environments of real servers. A test is skipped only where one cannot be built because no package index answers."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tools.servers.environments import environment
from tools.servers.errors import IndexUnreachableError
from tools.servers.processes import ServerProcess


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After the last test no process works in a folder of these tests. Servers do: their logs lie there."""
    yield
    folder = tmp_path_factory.getbasetemp().resolve()
    left = {number: working for number, working in _working_folders() if working.is_relative_to(folder)}
    assert left == {}


def _working_folders() -> Iterator[tuple[int, Path]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended in between, or belongs to somebody else
                yield int(entry.name), (entry / "cwd").readlink()


def _environment(name: str) -> Path:
    try:
        return environment(name)
    except IndexUnreachableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def litellm_environment() -> Path:
    """The virtual environment of LiteLLM."""
    return _environment("litellm")


@pytest.fixture(scope="session")
def envoy_environment() -> Path:
    """The virtual environment of Envoy."""
    return _environment("envoy")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the logs of the servers that a failed test was given."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for given in item.funcargs.values():
            process = getattr(given, "process", given)
            if isinstance(process, ServerProcess):
                report.sections.append((f"log of {process.name}", process.log_text()))
    return report
