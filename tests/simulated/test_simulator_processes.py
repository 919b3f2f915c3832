"""Processes of the simulated cluster are found again and ended by exact identity."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulated.manifests import eventually
from tools.simulator import ports, processes
from tools.simulator.errors import SimulatorError
from tools.simulator.processes import Component, ProcessRecord

ENVIRONMENT = {"PATH": os.environ["PATH"]}
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


def _component(tmp_path: Path, code: str = "import time; time.sleep(60)") -> Component:
    return Component(name="sleeper", command=(sys.executable, "-c", code, f"--state={tmp_path}/file"))


@pytest.fixture
def record(tmp_path: Path) -> Iterator[ProcessRecord]:
    started = processes.spawn(_component(tmp_path), tmp_path / "log", ENVIRONMENT)
    yield started
    processes.end([started], 5)


def test_a_started_process_has_a_session_of_its_own(record: ProcessRecord) -> None:
    assert processes.is_running(record)
    assert os.getsid(record.pid) == record.pid
    assert os.getsid(record.pid) != os.getsid(0)


def test_a_process_that_got_the_id_of_an_earlier_one_is_left_alone(record: ProcessRecord) -> None:
    earlier = replace(record, started="0")
    assert not processes.is_running(earlier)
    processes.end([earlier], 1)
    assert processes.is_running(record)


def test_an_ended_process_is_not_running_even_before_its_parent_knows(record: ProcessRecord) -> None:
    os.kill(record.pid, signal.SIGKILL)
    eventually(lambda: not processes.is_running(record))


def test_a_process_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    stubborn = processes.spawn(_component(tmp_path, STUBBORN), tmp_path / "log", ENVIRONMENT)
    eventually(lambda: "ready" in (tmp_path / "log").read_text())
    processes.end([stubborn], 0.5)
    assert not processes.is_running(stubborn)


def test_an_unrecorded_process_is_known_by_its_program_and_state_folder(record: ProcessRecord, tmp_path: Path) -> None:
    program = Path(sys.executable).name
    # The kernel lets the parent go on a moment before the child's new command line can be read.
    eventually(lambda: processes.find_unrecorded(program, tmp_path) is not None)
    found = processes.find_unrecorded(program, tmp_path)
    assert found is not None
    assert (found.pid, found.started) == (record.pid, record.started)
    assert processes.find_unrecorded(program, tmp_path / "another") is None
    assert processes.find_unrecorded("etcd", tmp_path) is None


def test_a_program_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    missing = Component(name="etcd", command=(str(tmp_path / "absent"),))
    with pytest.raises(SimulatorError, match=r"etcd cannot be started: .*No such file"):
        processes.spawn(missing, tmp_path / "log", ENVIRONMENT)


def test_a_fingerprint_follows_command_and_inputs(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_text("one")
    component = replace(_component(tmp_path), inputs=(file,))
    first = component.fingerprint
    assert first == component.fingerprint
    assert replace(component, command=(*component.command, "--more")).fingerprint != first
    file.write_text("two")
    assert component.fingerprint != first


def test_the_log_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "etcd.log"
    assert str(log) in processes.log_tail(log)
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    tail = processes.log_tail(log, lines=3)
    assert tail.splitlines() == [f"last lines of {log}:", "line 97", "line 98", "line 99"]


def test_a_taken_port_is_not_free_and_is_named_when_pinned() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        with pytest.raises(SimulatorError, match=f"port {port} on 127.0.0.1 is taken by another process"):
            ports.require_free(port)
    ports.require_free(port)


def test_a_free_port_is_never_one_of_those_already_given() -> None:
    given: list[int] = []
    for _ in range(20):
        given.append(ports.free_port(given))
    assert len(set(given)) == 20


def test_processes_outlive_the_command_that_started_them(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tools.simulator import processes as p;"
        "c = p.Component(name='sleeper', command=(sys.executable, '-c', 'import time; time.sleep(60)'));"
        f"r = p.spawn(c, Path({str(tmp_path / 'log')!r}), {{}}); print(r.pid, r.started)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    pid, started = done.stdout.split()
    survivor = ProcessRecord(pid=int(pid), started=started, fingerprint="")
    assert processes.is_running(survivor)
    processes.end([survivor], 5)
    assert not processes.is_running(survivor)
