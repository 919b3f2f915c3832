"""The commands behind the Makefile. Options come from the environment, as make hands them over."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pulumi
import typer
from rich.console import Console

from policies.graph import GraphError
from stacks.settings import SettingsError
from tools.deploy.errors import DeployError
from tools.fit.errors import FitError
from tools.mutants.errors import MutantsError
from tools.render.errors import RenderError
from tools.report.errors import ReportError
from tools.servers.errors import ServersError
from tools.simulator.errors import SimulatorError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
_LOG_WIDTH = 160
"""Columns where there is no terminal to ask: a log may be wide, and cut-off columns tell nothing."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else _LOG_WIDTH)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

_EXPECTED = (
    SettingsError,
    RenderError,
    DeployError,
    SimulatorError,
    FitError,
    GraphError,
    ServersError,
    ReportError,
    MutantsError,
    pulumi.RunError,
)
"""Errors whose message says what to do. Anything else is a fault of the program and keeps its traceback."""


def _stack() -> str:
    return os.environ.get("STACK") or "local"


def _guarded(command: Callable[[], int | None]) -> None:
    # The mock engine logs what the program itself reports; errors are printed once, below.
    logging.getLogger("pulumi.program").setLevel(logging.CRITICAL)
    try:
        code = command()
    except _EXPECTED as error:
        for line in str(error).splitlines():
            _errors.print(f"[bold red]error:[/] {_escaped(line)}")
        code = 1
    except KeyboardInterrupt:
        _errors.print("interrupted: run the same command again to go on")
        code = 130
    sys.exit(code or 0)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


@app.command()
def up() -> None:
    """Bring the local stack up on a simulated GPU cluster."""
    from tools.deploy.up import up as bring_up  # noqa: PLC0415 # each command imports only what it needs
    from tools.deploy.up import up_options  # noqa: PLC0415

    _guarded(lambda: bring_up(console, ROOT, up_options(dict(os.environ))))


@app.command()
def down() -> None:
    """Stop the simulated cluster and delete its state."""
    from tools.deploy.down import down as bring_down  # noqa: PLC0415

    _guarded(lambda: bring_down(console, ROOT))


@app.command()
def status() -> None:
    """Show the simulated cluster."""
    from tools.deploy.down import status as show_status  # noqa: PLC0415

    _guarded(lambda: show_status(console, ROOT))


@app.command()
def binaries() -> None:
    """Build the control plane's binaries and the judges of the policies, or find them."""
    from tools.policy_judges.binaries import ensure_judges_if_possible  # noqa: PLC0415
    from tools.simulator.binaries import ensure_binaries  # noqa: PLC0415

    def run() -> None:
        def report(line: str) -> None:
            console.print(f"  {line}")

        ensure_binaries(report)
        ensure_judges_if_possible(report)

    _guarded(run)


@app.command()
def servers() -> None:
    """Install the real servers of live tests, or find them."""
    from tools.servers.environments import build_all  # noqa: PLC0415

    _guarded(lambda: build_all(lambda line: console.print(f"  {line}")))


@app.command()
def render() -> None:
    """Write the graph and the manifests of a stack."""
    from tools.render.report import print_render  # noqa: PLC0415
    from tools.render.stack import render_to_folder  # noqa: PLC0415

    def run() -> None:
        started = time.monotonic()
        result = render_to_folder(ROOT, _stack())
        print_render(console, result, ROOT, time.monotonic() - started)

    _guarded(run)


@app.command()
def policy() -> None:
    """Judge a rendered stack, or the graph named by GRAPH."""
    from tools.policy.gate import judge_stack  # noqa: PLC0415

    graph = os.environ.get("GRAPH")
    _guarded(lambda: judge_stack(console, ROOT, _stack(), Path(graph) if graph else None))


@app.command()
def docs() -> None:
    """Write the pages that come out of the program: the catalogue of policies."""
    from policies.rules import REGISTRY  # noqa: PLC0415
    from tools.policy.documentation import write_policies_page  # noqa: PLC0415

    _guarded(lambda: console.print(f"wrote {write_policies_page(ROOT, REGISTRY)}"))


@app.command()
def mutants(files: Annotated[list[Path] | None, typer.Argument()] = None) -> None:
    """Break the rules of the policies one node at a time and count what the tests notice (EVERY: a sample)."""
    from tools.mutants.command import run_mutants  # noqa: PLC0415

    every = int(os.environ.get("EVERY") or 1)
    _guarded(lambda: run_mutants(console, ROOT, files or [], every))


@app.command()
def network() -> None:
    """Show who may open a connection to whom on a stack, or in the graph named by GRAPH."""
    from tools.network_matrix.command import show_network  # noqa: PLC0415

    graph = os.environ.get("GRAPH")
    _guarded(lambda: show_network(console, ROOT, _stack(), Path(graph) if graph else None))


@app.command()
def parity() -> None:
    """Compare what two stacks provide."""
    from tools.parity.command import run_parity  # noqa: PLC0415

    _guarded(lambda: run_parity(console, ROOT, os.environ))


@app.command()
def fit() -> None:
    """Show whether models fit their GPUs."""
    from tools.fit.command import run_fit  # noqa: PLC0415

    _guarded(lambda: run_fit(console, ROOT, os.environ))


@app.command()
def report() -> None:
    """Write the report of a stack."""
    from tools.report.command import run_report  # noqa: PLC0415

    _guarded(lambda: run_report(console, ROOT, _stack(), os.environ))


@app.command()
def preview() -> None:
    """Let the engine show what it would change."""
    from tools.deploy.engine import preview_real  # noqa: PLC0415

    _guarded(lambda: preview_real(ROOT, _stack()))


@app.command()
def deploy() -> None:
    """Let the engine change a stack."""
    from tools.deploy.engine import deploy_real  # noqa: PLC0415

    _guarded(lambda: deploy_real(ROOT, _stack()))


@app.command()
def schema() -> None:
    """Write the JSON Schema of stack files."""
    from stacks.schema_file import FILE_NAME, schema_text  # noqa: PLC0415

    (ROOT / FILE_NAME).write_text(schema_text(), "utf-8")
    console.print(f"wrote {FILE_NAME}")


@app.command()
def bench() -> None:
    """Measure render and policies."""
    from tools.bench.report import bench as measure  # noqa: PLC0415

    _guarded(lambda: measure(console, ROOT))


@app.command()
def golden() -> None:
    """Write the golden manifests anew."""
    from tools.render.golden import FOLDER, write_golden  # noqa: PLC0415

    _guarded(lambda: console.print(f"wrote {write_golden(ROOT)} files to {FOLDER}; review them with git diff"))
