"""Keeps the recorded processes of one cluster: starts what does not run, waits, names what died, ends all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from tools.machine_cache import Report
from tools.simulator import processes
from tools.simulator.api import ApiError
from tools.simulator.control_plane import PROGRAMS
from tools.simulator.errors import SimulatorError
from tools.simulator.layout import Layout
from tools.simulator.processes import Component, is_running
from tools.simulator.state import State, StateFile

_READY_TIMEOUT_SECONDS = 180
_END_PATIENCE_SECONDS = 20
_POLL_SECONDS = 0.1


class Supervisor:
    """Works on one read of the state file; every change is written at once, so that an interruption loses none."""

    def __init__(self, layout: Layout, state_file: StateFile, report: Report) -> None:
        self._layout = layout
        self._state_file = state_file
        self._report = report
        self.state: State = state_file.read()

    def forget_ended(self) -> None:
        """Drop the records of processes that have ended, and name them."""
        for name, record in tuple(self.state.processes.items()):
            if not is_running(record):
                self._report(f"{name}: process {record.pid} had ended")
                del self.state.processes[name]
        self.save()

    def ensure_running(self, component: Component, prepare: Callable[[], None] | None = None) -> None:
        """Leave a process of the same configuration alone, replace an outdated one, start a missing one.

        `prepare` is called right before a start, when no earlier process of the component runs any more.
        """
        record = self.state.processes.get(component.name)
        if record is not None and record.fingerprint == component.fingerprint and is_running(record):
            return
        self._report(f"{'restarting' if record else 'starting'} {component.name}")
        self.end(component.name)
        if prepare:
            prepare()
        environment = _environment(self._layout)
        record = processes.spawn(component, self._layout.log(component.name), environment)
        self.state.processes[component.name] = record
        self.save()

    def wait_for(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until `holds`, and no longer than the processes live. Raises SimulatorError."""
        deadline = time.monotonic() + _READY_TIMEOUT_SECONDS
        reason = ""
        while time.monotonic() < deadline:
            require_running(self.state, self._layout)
            try:
                if holds():
                    return
            except ApiError as error:
                reason = f": {error.message}"
            time.sleep(_POLL_SECONDS)
        latest = list(self.state.processes)[-1]
        tail = processes.log_tail(self._layout.log(latest))
        raise SimulatorError(f"{what}: not ready after {_READY_TIMEOUT_SECONDS} s{reason}", tail)

    def end(self, name: str) -> None:
        """End the process of this component, recorded or not."""
        record = self.state.processes.pop(name, None)
        if record is not None:
            processes.end([record], _END_PATIENCE_SECONDS)
        unrecorded = processes.find_unrecorded(PROGRAMS[name], self._layout.folder)
        if unrecorded is not None:
            processes.end([unrecorded], _END_PATIENCE_SECONDS)

    def end_all(self) -> None:
        """End all from the last started to the first, so that none loses what it talks to and logs errors."""
        for name in reversed(PROGRAMS):
            if name in self.state.processes:
                self._report(f"stopping {name}")
            self.end(name)
        self.save()

    def save(self) -> None:
        """Write the state file."""
        self._state_file.write(self.state)


def require_running(state: State, layout: Layout) -> None:
    """Raise SimulatorError that names a recorded process that has ended, with its last log lines."""
    for name, record in state.processes.items():
        if not is_running(record):
            tail = processes.log_tail(layout.log(name))
            raise SimulatorError(f"{name} (process {record.pid}) has ended", tail)


def _environment(layout: Layout) -> dict[str, str]:
    """Environment of the cluster's processes: of the caller's only PATH, so that no proxy or kubeconfig leaks in."""
    root = Path(__file__).parents[2]
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(layout.folder), "PYTHONPATH": str(root)}
