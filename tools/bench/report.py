"""What `make bench` prints."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.bench.gateway_overhead import print_overhead
from tools.bench.pack import PackRun, pack_over
from tools.bench.processes import Measurement, best_of, measure
from tools.fit.published_cases import FOR_TUNING, HELD_OUT
from tools.fit.published_error import TOLERANCE, summary

_RUNS = 3
_STACKS = ("local", "dev", "prod")
_RENDER_SECONDS = 8
"""What a render may take, so that a preview in a merge request is no wait. Shown beside the figure, on 2 CPUs."""
_MANY = 1000
_MUTANTS_EVERY = 20
_PACK_RESOURCES = (_MANY, 5 * _MANY)
_PACK_SECONDS = 2
"""What the pack may add for a thousand resources: a tenth of the 30 ms that the engine itself needs for each is 3 s."""
_MODELS = (100, 1000)
_GROWTH = 10
"""What ten times as many models may take, as a multiple: rendering and judging grow with their number and no faster."""


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
    _pack(table, root)
    _many_models(table, root)
    console.print(table)
    _mutants(console, root)
    _fit_error(console)
    print_overhead(console, root)


def _mutants(console: Console, root: Path) -> None:
    """What the tests of the rules notice of broken rules; `make mutants` tries all of them."""
    command = [sys.executable, "-m", "tools", "mutants"]
    environment = {**os.environ, "EVERY": str(_MUTANTS_EVERY)}
    tried = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    console.print((tried.stdout or tried.stderr).strip().splitlines()[-1])


def _fit_error(console: Console) -> None:
    """How far the fit check is off what vLLM published, for both halves of the cases (`docs/capacity.md`)."""
    console.print(f"fit check against published starts of vLLM, at most {TOLERANCE:.0%} off:")
    console.print(f"  held out    {summary(HELD_OUT)}")
    console.print(f"  for tuning  {summary(FOR_TUNING)}")


def _pack(table: Table, root: Path) -> None:
    """The pack as the engine runs it, in its own environment: one request for each resource, one for the stack."""
    graph = root / "build" / "render" / "prod" / "graph.json"
    seconds: list[float] = []
    for number in _PACK_RESOURCES:
        judged = pack_over(root, graph, number)
        seconds.append(judged.seconds)
        most = f"{_PACK_SECONDS}" if number == _MANY else ""
        table.add_row(
            f"policy pack over {number:,} typical resources", f"{judged.seconds:.2f}", most, str(judged.peak_mib)
        )
    fewer, more = _PACK_RESOURCES
    table.add_row(
        f"{more:,} resources / {fewer:,} resources", f"{seconds[1] / seconds[0]:.1f} x", f"{more // fewer} x", ""
    )


def _many_models(table: Table, root: Path) -> None:
    """One run each: a thousand models take minutes, in which a disturbance evens out."""
    rendered: list[Measurement] = []
    judged: list[PackRun] = []
    for number in _MODELS:
        with tempfile.TemporaryDirectory() as folder:
            rendered.append(measure(["tools.bench.many_models", str(number), folder], root, {}))
            judged.append(pack_over(root, Path(folder) / "graph.json"))
        table.add_row(f"render of {number} models", f"{rendered[-1].seconds:.1f}", "", str(rendered[-1].peak_mib))
        table.add_row(
            f"policy pack over their {judged[-1].resources:,} resources",
            f"{judged[-1].seconds:.2f}",
            "",
            str(judged[-1].peak_mib),
        )
    few, many = rendered
    versus = f"{_MODELS[1]} models / {_MODELS[0]} models"
    table.add_row(f"{versus}, render", f"{many.seconds / few.seconds:.1f} x", f"{_GROWTH} x", "")
    table.add_row(f"{versus}, pack", f"{judged[1].seconds / judged[0].seconds:.1f} x", f"{_GROWTH} x", "")
