"""`make report`: renders a stack and its counterpart, judges and compares them, and writes the page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from policies.exceptions import ExceptionsError, load_exceptions
from policies.judge import judge
from policies.pack_config import PackConfigError
from policies.pack_config import settings_of as pack_settings_of
from policies.rules import REGISTRY
from stacks.settings import PlatformSettings
from tools.deploy.settings_file import settings_of
from tools.parity.compare import compare
from tools.policy.gate import EXCEPTIONS
from tools.render.graph import RenderedStack
from tools.render.program import render_stack
from tools.render.stack_file import read_stack_file
from tools.report.build import Sources, contents
from tools.report.errors import ReportError
from tools.report.page import page

FOLDER = Path("build") / "report"


def run_report(console: Console, root: Path, stack: str, variables: Mapping[str, str] = os.environ) -> int:
    """Write the report of `stack` and print where it is. Always 0: the report tells, `make policy` stops.

    `variables` may hold WITH, the stack to compare with, and SOURCE_DATE_EPOCH, the seconds that stand for today.
    """
    path = write_report(root, stack, variables.get("WITH") or counterpart(stack), _today(variables))
    console.print(f"report: {path.relative_to(root)}", highlight=False)
    return 0


def write_report(root: Path, stack: str, other: str, today: date) -> Path:
    """Write the report of `stack`, compared with the stack `other`, and return its path.

    Raises ReportError, or the errors of rendering and settings, each with what to do.
    """
    text = page(contents(sources(root, stack, other, today)))
    path = root / FOLDER / f"{stack}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def sources(root: Path, stack: str, other: str, today: date) -> Sources:
    """What the report of `stack` is made of. Raises as `write_report`."""
    stack_file = read_stack_file(root, stack)
    settings = settings_of(stack_file)
    rendered = render_stack(root, stack_file)
    beside = rendered if other == stack else render_stack(root, read_stack_file(root, other))
    return rendered_sources(root, rendered, beside, settings, today)


def rendered_sources(
    root: Path, rendered: RenderedStack, beside: RenderedStack, settings: PlatformSettings, today: date
) -> Sources:
    """As `sources`, from stacks that are rendered already."""
    graph = rendered.as_graph()
    try:
        exceptions = load_exceptions(root / EXCEPTIONS, REGISTRY.exemptable)
        pack = pack_settings_of(rendered.stack, REGISTRY)
    except (ExceptionsError, PackConfigError) as error:
        raise ReportError(str(error)) from None
    return Sources(
        graph=graph,
        settings=settings,
        judged=judge(graph, exceptions, today, settings=pack),
        exceptions=exceptions,
        parity=compare(graph, beside.as_graph(), today),
        today=today,
    )


def counterpart(stack: str) -> str:
    """The stack that a stack is compared with: the cloud with the own servers, everything else with the cloud."""
    return "dev" if stack == "prod" else "prod"


def _today(variables: Mapping[str, str]) -> date:
    seconds = variables.get("SOURCE_DATE_EPOCH")
    if not seconds:
        return datetime.now(tz=UTC).date()
    if not seconds.isdecimal():
        message = "SOURCE_DATE_EPOCH: must be seconds since 1970, a whole number"
        raise ReportError(message)
    return datetime.fromtimestamp(int(seconds), tz=UTC).date()
