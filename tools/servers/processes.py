"""A real server as a process on loopback: started on a free port, waited for, ended with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.servers.errors import ServersError
from tools.simulator.ports import LOOPBACK, free_port
from tools.simulator.processes import log_tail

_POLL_SECONDS = 0.05
_LOG_LINES = 40
_given: set[int] = set()
"""Ports of servers of this process: one that is not started yet has none that could be seen as taken."""


def _unused_port() -> int:
    _given.add(port := free_port(_given))
    return port


@dataclass(kw_only=True)
class ServerProcess:
    """One server. Use it as a context manager, or call `start` and `stop`.

    `command` may hold `{port}` and `{url}`, which stand for the free port and the address that the server was given.
    `ready_path` is asked until it answers 200, on `ready_port` where that is not the server's own (a second port, for
    administration). `environment` is all that the process gets: nothing is inherited, so that no variable of the
    caller reaches a server. The log file is `folder`/`name`.log.
    """

    name: str
    command: Sequence[str]
    folder: Path
    ready_path: str
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    port: int = field(default_factory=_unused_port)
    ready_port: int | None = None
    start_seconds: float = 60
    stop_seconds: float = 10

    def __post_init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the server, without a path."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its process group. Raises ServersError before `start`."""
        return self._started().pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and not _has_ended(self._process.pid)

    def start(self) -> Self:
        """Start the server and wait until it is ready. Raises ServersError, with the end of its log, if it is not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [part.format(port=self.port, url=self.url) for part in self.command]
        with self.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    command,
                    cwd=self.folder,
                    env=dict(self.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise ServersError(f"{self.name} cannot be started: {error}") from error
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server and every process of its group: SIGTERM, and SIGKILL to what is left. Does nothing twice.

        The ended leader is not reaped before its group is killed: until then nobody else can be given its id.
        """
        process, self._process = self._process, None
        if process is None:
            return
        os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + self.stop_seconds
        while not _has_ended(process.pid) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill(self) -> None:
        """End the server at once, as a crash does."""
        process, self._process = self._started(), None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log_text(self) -> str:
        """The end of what the server has printed."""
        return log_tail(self.log, _LOG_LINES)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServersError(f"{self.name} is not running: call start() first")
        return self._process

    def _wait(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline:
            if _has_ended(self.pid):
                raise ServersError(f"{self.name} ended before it was ready\n{self.log_text()}")
            if self._is_ready():
                return
            time.sleep(_POLL_SECONDS)
        raise ServersError(f"{self.name} was not ready within {self.start_seconds:g} s\n{self.log_text()}")

    def _is_ready(self) -> bool:
        connection = HTTPConnection(LOOPBACK, self.ready_port or self.port, timeout=5)
        try:
            connection.request("GET", self.ready_path)
            return connection.getresponse().status == 200  # noqa: PLR2004 # HTTP's own number
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def _has_ended(pid: int) -> bool:
    """Whether a child has ended. It stays unreaped."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
