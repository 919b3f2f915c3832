"""Where rendered stacks meet the policies: `make policy`, and `make up` before anything is applied."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from policies.exceptions import ExceptionsError, load_exceptions
from policies.judge import Report, judge
from policies.pack_config import PackConfigError, settings_of
from policies.rules import REGISTRY
from tools.deploy.errors import DeployError
from tools.policy.command import run_policy
from tools.policy.table import summary
from tools.render.graph import RenderedStack
from tools.render.stack import render_to_folder

EXCEPTIONS = Path("policies/exceptions.yaml")
REPORTS = Path("build/policy")


def judge_stack(console: Console, root: Path, stack: str, graph: Path | None) -> int:
    """Judge the graph file `graph`, or render `stack` and judge that. Returns the exit code."""
    path = graph or render_to_folder(root, stack).folder / "graph.json"
    return run_policy(path, root / EXCEPTIONS, console=console, folder=root / REPORTS)


def require_policies(root: Path, rendered: RenderedStack) -> Report:
    """Judge a stack in memory. Raises DeployError with every finding that stops the deployment."""
    try:
        exceptions = load_exceptions(root / EXCEPTIONS, REGISTRY.exemptable)
        settings = settings_of(rendered.stack, REGISTRY)
    except (ExceptionsError, PackConfigError) as error:
        raise DeployError(str(error)) from None
    report = judge(rendered.as_graph(), exceptions, datetime.now(tz=UTC).date(), settings=settings)
    if not report.passed:
        lines = [
            f"{finding.rule}: {finding.subject} {finding.path}: {finding.message}; {finding.remediation}"
            for finding in report.findings
            if finding.stops
        ]
        raise DeployError("\n".join([*lines, summary(report)]))
    return report
