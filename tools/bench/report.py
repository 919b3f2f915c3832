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
from tools.bench.gateway_overhead import print_overhead
from tools.bench.processes import best_of, measure
from tools.fit.published_cases import FOR_TUNING, HELD_OUT
from tools.fit.published_error import TOLERANCE, summary

_RUNS = 3
_STACKS = ("local", "dev", "prod")
_RENDER_SECONDS = 8
"""What a render may take, so that a preview in a merge request is no wait. Shown beside the figure, on 2 CPUs."""
_MANY = 1000
_MODELS = (100, 1000)
_GROWTH = 10
"""What ten times as many models may take, as a multiple: rendering grows with the number of models and no faster."""


def bench(console: Console, root: Path) -> None:
    """Render and judge the shipped stacks, judge a graph of a thousand objects, and load the real gateway."""
    console.print(f"{os.cpu_count()} CPUs, best of {_RUNS} runs, each in a fresh process\n")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("what", "seconds", "at most", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for stack in _STACKS:
        measured = best_of(_RUNS, ["tools", "render"], root, {"STACK": stack})
        table.add_row(
            f"make render STACK={stack}", f"{measured.seconds:.2f}", str(_RENDER_SECONDS), str(measured.peak_mib)
        )
    measured = best_of(_RUNS, ["tools", "policy"], root, {"STACK": "prod"})
    table.add_row("make policy STACK=prod", f"{measured.seconds:.2f}", "", str(measured.peak_mib))
    graph = read_graph(root / "build" / "render" / "prod" / "graph.json")
    many = _repeated(graph, _MANY)
    started = time.monotonic()
    judge(many, (), datetime.datetime.now(tz=datetime.UTC).date())
    table.add_row(f"policies over {len(many['resources'])} resources", f"{time.monotonic() - started:.2f}", "", "")
    _many_models(table, root)
    console.print(table)
    _fit_error(console)
    print_overhead(console, root)


def _fit_error(console: Console) -> None:
    """How far the fit check is off what vLLM published, for both halves of the cases (`docs/capacity.md`)."""
    console.print(f"fit check against published starts of vLLM, at most {TOLERANCE:.0%} off:")
    console.print(f"  held out    {summary(HELD_OUT)}")
    console.print(f"  for tuning  {summary(FOR_TUNING)}")


def _many_models(table: Table, root: Path) -> None:
    """One run each: a thousand models take minutes, in which a disturbance evens out."""
    few, many = (measure(["tools.bench.many_models", str(number)], root, {}) for number in _MODELS)
    for number, measured in zip(_MODELS, (few, many), strict=True):
        table.add_row(f"render of {number} models", f"{measured.seconds:.1f}", "", str(measured.peak_mib))
    table.add_row(
        f"{_MODELS[1]} models / {_MODELS[0]} models", f"{many.seconds / few.seconds:.1f} x", f"{_GROWTH} x", ""
    )


def _repeated(graph: dict[str, Any], least: int) -> dict[str, Any]:
    """The graph's resources again and again under other URNs, until there are at least `least`."""
    resources: list[dict[str, Any]] = []
    round_number = 0
    while len(resources) < least:
        resources += [item | {"urn": f"{item['urn']}-{round_number}"} for item in graph["resources"]]
        round_number += 1
    return graph | {"resources": resources}
