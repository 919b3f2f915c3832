"""What is built or downloaded once per machine, kept between checkouts."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

Report = Callable[[str], None]
"""Receives one line per step, for a progress display."""


def cache_folder(kind: str, variables: Mapping[str, str]) -> Path:
    """Folder of one kind of things: `${XDG_CACHE_HOME:-~/.cache}/ai-platform/<kind>`."""
    root = variables.get("XDG_CACHE_HOME") or str(Path(variables.get("HOME") or Path.home()) / ".cache")
    return Path(root) / "ai-platform" / kind


@contextmanager
def only_builder(lock: Path, what: str, report: Report) -> Generator[None]:
    """Lets one process at a time build `what`; the others wait, and report that they do."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for another build of the same {what}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
