"""What `make bench` prints."""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from policies.graph import read_graph
from policies.judge import judge
from tools.bench.processes import best_of

_RUNS = 3
_STACKS = ("local", "dev", "prod")
_RENDER_SECONDS = 8
"""What a render may take, so that a preview in a merge request is no wait. Shown beside the figure, on 2 CPUs."""
_MANY = 1000


def bench(console: Console, root: Path) -> None:
    """Render and judge the shipped stacks, then judge a graph of a thousand objects."""
    console.print(f"{os.cpu_count()} CPUs, best of {_RUNS} runs, each in a fresh process\n")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("what", "seconds", "at most", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for stack in _STACKS:
        measured = best_of(_RUNS, ["render"], root, {"STACK": stack})
        table.add_row(
            f"make render STACK={stack}", f"{measured.seconds:.2f}", str(_RENDER_SECONDS), str(measured.peak_mib)
        )
    measured = best_of(_RUNS, ["policy"], root, {"STACK": "prod"})
    table.add_row("make policy STACK=prod", f"{measured.seconds:.2f}", "", str(measured.peak_mib))
    graph = read_graph(root / "build" / "render" / "prod" / "graph.json")
    many = _repeated(graph, _MANY)
    started = time.monotonic()
    judge(many, (), datetime.datetime.now(tz=datetime.UTC).date())
    table.add_row(f"policies over {len(many['resources'])} resources", f"{time.monotonic() - started:.2f}", "", "")
    console.print(table)


def _repeated(graph: dict[str, Any], least: int) -> dict[str, Any]:
    """The graph's resources again and again under other URNs, until there are at least `least`."""
    resources: list[dict[str, Any]] = []
    round_number = 0
    while len(resources) < least:
        resources += [item | {"urn": f"{item['urn']}-{round_number}"} for item in graph["resources"]]
        round_number += 1
    return graph | {"resources": resources}
