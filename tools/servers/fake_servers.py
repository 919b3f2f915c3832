"""Fake model servers as processes, and their control from outside."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.servers.fake_model import KEY_VARIABLE
from tools.servers.processes import ServerProcess
from tools.simulator.ports import LOOPBACK

_ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, kw_only=True)
class FakeModel:
    """One fake model server. `models` are the names that it serves, `key` what it asks for."""

    models: tuple[str, ...]
    task: str
    key: str
    process: ServerProcess

    @classmethod
    def of(
        cls,
        folder: Path,
        models: Sequence[str],
        *,
        key: str,
        task: str = "chat",
        name: str = "",
        force_usage: bool = False,
    ) -> FakeModel:
        """A server that is not started yet; its log lies in `folder`. `name` tells replicas of one model apart.

        With `force_usage` a stream ends with its usage even when nobody asked, as vLLM does when told so.
        """
        command = [sys.executable, "-m", "tools.servers.fake_model", "--port", "{port}", "--task", task]
        command += ["--force-usage"] if force_usage else []
        process = ServerProcess(
            name=name or models[0],
            command=[*command, *(part for model in models for part in ("--model", model))],
            folder=folder,
            ready_path="/health",
            environment={KEY_VARIABLE: key, "PYTHONPATH": str(_ROOT)},
        )
        return cls(models=tuple(models), task=task, key=key, process=process)

    @property
    def port(self) -> int:
        """Where it listens, once it is started."""
        return self.process.port

    def set(self, fault: str | None = None, **details: Any) -> None:
        """Set a fault or an answer, and forget the requests so far; details as the server's documentation says."""
        self._control("POST", {"fault": fault} | details)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The requests since `set` was last called, each with path, headers, body and status."""
        return self._control("GET")

    def __enter__(self) -> Self:
        self.process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()

    def _control(self, method: str, body: Any = None) -> Any:
        connection = HTTPConnection(LOOPBACK, self.port, timeout=10)
        try:
            connection.request(method, "/control", None if body is None else json.dumps(body))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()
