"""What no rule has seen must not pass for judged."""

from __future__ import annotations

from collections.abc import Iterator

from policies.findings import Level, Outcome, Severity, Undecided
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import CHART_PREFIX, Subject


def _charts_were_rendered(stack: Stack) -> Iterator[tuple[Subject | None, Outcome]]:
    parents = {subject.parent for subject in stack.subjects}
    for subject in stack.subjects:
        if not subject.type.startswith(CHART_PREFIX):
            continue
        # A Release never shows its objects; a Chart does once it is rendered.
        if subject.kind == "Release" or subject.urn not in parents:
            yield subject, Undecided("chart")


RULES = (
    Rule(
        id="STK-06",
        title="The objects of every chart are judged",
        severity=Severity.MEDIUM,
        level=Level.ADVISORY,
        why="A chart's pods, rights and open ports are deployed unseen, while the report says that nothing was found.",
        sources=("own",),
        remediation="Render with the charts at hand, or preview with the engine: then its objects are seen.",
        of_stack=_charts_were_rendered,
    ),
)
