"""The one exception of this package."""

from __future__ import annotations


class SimulatorError(Exception):
    """The simulated cluster cannot do what was asked.

    `message` is one line that names the cause and the fix; `log_tail` holds the last log lines of the process that
    failed, empty when no process is to blame. `str()` gives both.
    """

    def __init__(self, message: str, log_tail: str = "") -> None:
        self.message = message
        self.log_tail = log_tail
        super().__init__(f"{message}\n{log_tail}" if log_tail else message)
