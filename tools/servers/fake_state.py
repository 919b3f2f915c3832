"""What the fake model server is, does wrong and has seen."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from tools.servers.fake_metrics import Figures


@dataclass
class State:
    """Shared by all connections. `models` are the names that it serves, `routes` its paths, `key` what it asks for."""

    models: tuple[str, ...]
    routes: frozenset[str]
    key: str
    force_usage: bool = False
    fault: dict[str, Any] = field(default_factory=dict[str, Any])
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    figures: Figures = field(default_factory=Figures)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take_fault(self) -> dict[str, Any]:
        """The fault that the next request gets; empty for none."""
        with self.lock:
            if not self.fault.get("fault") or self.fault.get("times") == 0:
                return {}
            if self.fault.get("times") is not None:
                self.fault["times"] -= 1
            return dict(self.fault)

    def take_answer(self) -> str | None:
        """What the next answer says; None for what a model says by itself."""
        with self.lock:
            answers: list[str] = self.fault.get("answers") or []
            return answers.pop(0) if len(answers) > 1 else next(iter(answers), None)
