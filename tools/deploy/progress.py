"""Progress of a long command: one bar per phase on a terminal, one line per phase in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

Advance = Callable[[int], None]


class Progress:
    """Shows phases on `console`. Only one phase is open at a time."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def phase(self, title: str, total: int | None = None) -> Generator[Advance]:
        """A phase of `total` steps, or of unknown length. Yields a function that sets how many steps are done."""
        started = time.monotonic()
        with RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        ) as bars:
            task = bars.add_task(title, total=total)
            self._bars, self._task = bars, task
            yield lambda done: bars.update(task, completed=done)
        self._console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False)

    def note(self, text: str) -> None:
        """A line of detail within the open phase; on a terminal it replaces the last one."""
        if self._console.is_terminal:
            self._bars.update(self._task, description=text)
        else:
            self._console.print(f"  {text}", highlight=False)
