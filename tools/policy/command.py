"""`make policy`: read a graph and the exceptions, judge, print, and say by the exit code whether to go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from policies.exceptions import DEFAULT_PATH, ExceptionsError, PolicyException, load_exceptions
from policies.graph import GraphError, read_graph
from policies.judge import Report, judge
from policies.pack_config import PackConfigError, settings_of
from policies.rules import REGISTRY
from tools.policy.junit import junit
from tools.policy.sarif import sarif
from tools.policy.table import print_report


@dataclass(frozen=True)
class Judged:
    """What a graph file was found to be. `stack` is the name it carries."""

    stack: str
    report: Report
    exceptions: tuple[PolicyException, ...]


def judge_file(graph_path: Path, exceptions_path: Path = DEFAULT_PATH, *, today: date | None = None) -> Judged:
    """Judge the graph at `graph_path`. `today` defaults to the current day in UTC.

    Raises GraphError, ExceptionsError or PackConfigError, each with one line for the reader, when a file cannot be
    used.
    """
    graph = read_graph(graph_path)
    exceptions = load_exceptions(exceptions_path, REGISTRY.exemptable)
    settings = settings_of(graph["stack"], REGISTRY)
    report = judge(graph, exceptions, today or datetime.now(tz=UTC).date(), settings=settings)
    return Judged(graph["stack"], report, exceptions)


def run_policy(
    graph_path: Path,
    exceptions_path: Path = DEFAULT_PATH,
    *,
    today: date | None = None,
    console: Console | None = None,
    folder: Path | None = None,
) -> int:
    """Judge a graph, print the findings and write them to `folder` for merge requests.

    Returns 0 when nothing stops a deployment, otherwise 1.
    """
    console = console or Console(soft_wrap=False)
    try:
        judged = judge_file(graph_path, exceptions_path, today=today)
    except (GraphError, ExceptionsError, PackConfigError) as error:
        console.print(f"policy: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    print_report(judged.report, console)
    if folder:
        for path in write_reports(judged, folder):
            console.print(f"  {path}", highlight=False, soft_wrap=True)
    return 0 if judged.report.passed else 1


def write_reports(judged: Judged, folder: Path) -> tuple[Path, Path]:
    """Write `<stack>.sarif` and `<stack>.junit.xml` to `folder`. Returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"{judged.stack}.sarif", folder / f"{judged.stack}.junit.xml"
    paths[0].write_text(sarif(judged.report, judged.stack, REGISTRY, judged.exceptions), encoding="utf-8")
    paths[1].write_text(junit(judged.report, judged.stack, REGISTRY), encoding="utf-8")
    return paths
