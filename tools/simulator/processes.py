"""The processes of the control plane: started so that they outlive the command, found again, and ended by exact id."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.simulator.errors import SimulatorError

_PROC = Path("/proc")
_TAIL_LINES = 15
_POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Component:
    """One process of the cluster.

    `inputs` are files that it reads only when it starts: a change of one of them, as of the command itself, makes
    the running process outdated. `port` is where it listens, None when it serves nothing.
    """

    name: str
    command: tuple[str, ...]
    inputs: tuple[Path, ...] = ()
    port: int | None = None

    @property
    def fingerprint(self) -> str:
        """Hash of the command and of the inputs' content."""
        digest = hashlib.sha256("\0".join(self.command).encode())
        for path in self.inputs:
            digest.update(path.read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class ProcessRecord:
    """A started process. `started` tells it from a later process that was given the same id."""

    pid: int
    started: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class ProcessStatus:
    """A component as a user sees it: `pid` is None when it does not run."""

    name: str
    pid: int | None
    port: int | None
    log: Path


def require_linux() -> None:
    """Raise SimulatorError where there is no /proc to tell a process from its successor by."""
    if not (_PROC / "self/stat").is_file():
        raise SimulatorError(
            "the simulated cluster runs on Linux only: use a Linux virtual machine, a development container or WSL 2"
        )


def start_mark(pid: int) -> str | None:
    """Boot id and start time of a live process, None when there is no such process or it has ended.

    An ended child whose parent has not asked for its exit status counts as ended, but only once all its threads are
    gone: until then they hold its ports and files.
    """
    _reap(pid)
    process = _PROC / str(pid)
    try:
        # The command name in parentheses may hold blanks; the fields behind it do not.
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        threads = len(list((process / "task").iterdir()))
    except OSError:
        return None
    state, started = fields[0], fields[19]
    return None if state in {"Z", "X"} and threads <= 1 else f"{boot}:{started}"


def is_running(record: ProcessRecord | None) -> bool:
    """Whether exactly this process still runs."""
    return record is not None and start_mark(record.pid) == record.started


def spawn(component: Component, log: Path, environment: Mapping[str, str]) -> ProcessRecord:
    """Start a component in a session of its own, so that neither Ctrl-C nor the end of this command reaches it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    try:
        pid = os.posix_spawn(
            component.command[0], list(component.command), dict(environment), file_actions=actions, setsid=True
        )
    except OSError as error:
        raise SimulatorError(f"{component.name} cannot be started: {error}") from error
    mark = start_mark(pid)
    if mark is None:
        raise SimulatorError(f"{component.name} ended as soon as it was started", log_tail(log))
    return ProcessRecord(pid=pid, started=mark, fingerprint=component.fingerprint)


def find_unrecorded(program: str, folder: Path) -> ProcessRecord | None:
    """A running process of this program that was started but not recorded: the command was killed in between.

    It is known by its program (or Python module) and by an argument under the state `folder`, which no process of
    another cluster has.
    """
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        names = {Path(arguments[0]).name, *arguments[1:3]}
        if program in names and any(f"={folder}/" in argument for argument in arguments):
            mark = start_mark(int(entry.name))
            if mark is not None:
                return ProcessRecord(pid=int(entry.name), started=mark, fingerprint="")
    return None


def end(records: Iterable[ProcessRecord], patience_seconds: float) -> None:
    """End exactly these processes: SIGTERM to all, and SIGKILL to those that still run after `patience_seconds`."""
    targets = tuple(records)
    for sent, patience in ((signal.SIGTERM, patience_seconds), (signal.SIGKILL, patience_seconds)):
        for record in targets:
            _send(record, sent)
        deadline = time.monotonic() + patience
        while any(map(is_running, targets)) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    left = [str(record.pid) for record in targets if is_running(record)]
    if left:
        raise SimulatorError(f"process {', '.join(left)} does not end, even by SIGKILL: end it by hand")


def log_tail(log: Path, lines: int = _TAIL_LINES) -> str:
    """The last lines of a log file, with the file's name in front."""
    if not log.is_file():
        return f"(no log at {log})"
    with log.open(errors="replace") as stream:
        last = deque(stream, maxlen=lines)
    return f"last lines of {log}:\n{''.join(last).rstrip()}"


def _send(record: ProcessRecord, number: signal.Signals) -> None:
    """Signal through a process descriptor: it stays with the process that was checked, whatever becomes of the id."""
    try:
        descriptor = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return
    try:
        if is_running(record):
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return  # it ended in between
    finally:
        os.close(descriptor)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # a process of an earlier command is no child of this one
