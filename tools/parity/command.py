"""`make parity`: two stacks, or two graph files, compared; the exit code says whether every difference is explained."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from tools.parity.compare import compare
from tools.parity.page import write_files
from tools.parity.table import print_parity
from tools.render.stack import stack_graph

LEFT, RIGHT = "dev", "prod"


def run_parity(console: Console, root: Path, environment: Mapping[str, str], *, today: date | None = None) -> int:
    """Compare what LEFT and RIGHT name (dev and prod otherwise) and write JSON and HTML below build/parity.

    Returns 0 when all is equal or explained, 1 for an unexplained weakness, 2 when something could not be decided.
    """
    graphs = [_graph(root, environment.get(name) or stack) for name, stack in (("LEFT", LEFT), ("RIGHT", RIGHT))]
    report = compare(*graphs, today=today)
    print_parity(report, console)
    for path in write_files(report, root):
        console.print(f"wrote {path.relative_to(root)}", highlight=False)
    return report.exit_code


def _graph(root: Path, name: str) -> Mapping[str, Any]:
    """The graph in the file `name`, or of the stack of that name."""
    return stack_graph(root, name, Path(name) if name.endswith(".json") else None)
