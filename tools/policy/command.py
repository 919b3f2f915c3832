"""`make policy`: read a graph and the exceptions, judge, print, and say by the exit code whether to go on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from policies.exceptions import DEFAULT_PATH, ExceptionsError, load_exceptions
from policies.graph import GraphError, read_graph
from policies.judge import Report, judge
from policies.rules import REGISTRY
from tools.policy.table import print_report


def judge_file(graph_path: Path, exceptions_path: Path = DEFAULT_PATH, *, today: date | None = None) -> Report:
    """Judge the graph at `graph_path`. `today` defaults to the current day in UTC.

    Raises GraphError or ExceptionsError, each with one line for the reader, when a file cannot be used.
    """
    graph = read_graph(graph_path)
    exceptions = load_exceptions(exceptions_path, REGISTRY.exemptable)
    return judge(graph, exceptions, today or datetime.now(tz=UTC).date())


def run_policy(
    graph_path: Path, exceptions_path: Path = DEFAULT_PATH, *, today: date | None = None, console: Console | None = None
) -> int:
    """Judge a graph and print the findings. Returns 0 when nothing stops a deployment, otherwise 1."""
    console = console or Console(soft_wrap=False)
    try:
        report = judge_file(graph_path, exceptions_path, today=today)
    except (GraphError, ExceptionsError) as error:
        console.print(f"policy: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    print_report(report, console)
    return 0 if report.passed else 1
