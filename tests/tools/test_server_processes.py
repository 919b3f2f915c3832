"""Real servers are started on free ports, waited for, and ended with everything that they started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.simulated.manifests import eventually
from tools.servers.errors import ServersError
from tools.servers.processes import ServerProcess

SERVER = "from http.server import *; HTTPServer(('127.0.0.1', {port}), SimpleHTTPRequestHandler).serve_forever()"
STUBBORN = (
    "import os, signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print(child.pid, flush=True);"
)


def server(folder: Path, code: str, **more: float) -> ServerProcess:
    return ServerProcess(name="server", command=[sys.executable, "-c", code], folder=folder, ready_path="/", **more)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_server_is_ready_when_start_returns_and_gone_when_stop_does(tmp_path: Path) -> None:
    with server(tmp_path, SERVER) as started:
        pid = started.pid
        assert started.is_running
        assert exists(pid)
    assert not exists(pid)
    assert not started.is_running
    started.stop()


def test_a_server_that_ignores_the_request_to_end_is_killed_with_its_children(tmp_path: Path) -> None:
    started = server(tmp_path, STUBBORN + SERVER, stop_seconds=0.3).start()
    child = int(eventually(lambda: started.log.read_text().split("\n")[0]))
    assert exists(child)
    started.stop()
    eventually(lambda: not exists(child))


def test_a_server_can_be_killed_as_by_a_crash_and_started_again_on_its_port(tmp_path: Path) -> None:
    started = server(tmp_path, SERVER).start()
    first = started.pid
    started.kill()
    assert not exists(first)
    started.start()
    assert started.pid != first
    started.stop()


def test_a_server_that_ends_at_once_is_shown_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(ServersError, match=r"server ended before it was ready\n(?s:.*)no such luck"):
        server(tmp_path, "raise SystemExit('no such luck')").start()


def test_a_server_that_never_answers_is_ended_and_shown_with_its_log(tmp_path: Path) -> None:
    silent = server(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(600)", start_seconds=1.0)
    with pytest.raises(ServersError, match="server was not ready within 1 s"):
        silent.start()
    assert not exists(int(silent.log.read_text()))


def test_a_program_that_there_is_not_is_one_clear_line(tmp_path: Path) -> None:
    absent = ServerProcess(name="server", command=[str(tmp_path / "absent")], folder=tmp_path, ready_path="/")
    with pytest.raises(ServersError, match=r"server cannot be started: .*No such file"):
        absent.start()


def test_no_variable_of_the_caller_reaches_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_HOST", "production.example.org")
    code = "import os; print(sorted(os.environ), flush=True);"
    started = ServerProcess(
        name="server",
        command=[sys.executable, "-c", code + SERVER],
        folder=tmp_path,
        ready_path="/",
        environment={"GIVEN": "1"},
    )
    with started:
        names = started.log.read_text()
    assert "GIVEN" in names
    assert "REDIS_HOST" not in names


def test_servers_that_are_not_started_yet_have_different_ports(tmp_path: Path) -> None:
    assert len({server(tmp_path, SERVER).port for _ in range(50)}) == 50
