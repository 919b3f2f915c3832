"""A comparison as tables for a terminal, where the last lines are read first: what is not explained stands there."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.parity.verdicts import FAILED, CapabilityComparison, FacetComparison, ParityReport, Verdict

STYLES = dict.fromkeys(FAILED, "bold red") | {
    Verdict.UNKNOWN: "bold yellow",
    Verdict.UNMAPPED: "bold yellow",
    Verdict.PASS: "green",
    Verdict.ONE_SIDED: "default",
}
_COMMON = 5
"""As many names on both sides are not worth repeating."""


def print_parity(report: ParityReport, console: Console) -> None:
    """Print the capabilities, what is wrong with objects and resources, and the totals, what matters most last."""
    console.print(_capabilities(report))
    if objects := [item for item in report.objects if item.unexplained]:
        table = _table("Portable objects that differ", "object", "verdict", "where")
        for item in objects:
            table.add_row(Text(item.object), _verdict(item.verdict, ""), Text("\n".join(item.paths[:5])))
        console.print(table)
    if report.unmapped:
        table = _table("UNMAPPED: nothing says what they are for", "stack", "type", "name")
        for item in report.unmapped:
            table.add_row(report.left if item.side == "left" else report.right, Text(item.type), Text(item.name))
        console.print(table)
    for line in report.stale:
        console.print(Text(f"stale: {line}"), style="bold red")
    console.print(summary(report), style="green" if report.exit_code == 0 else "bold red", highlight=False)


def summary(report: ParityReport) -> str:
    """The totals in one line."""
    counts = ", ".join(f"{number} {verdict}" for verdict, number in report.counts.items() if number)
    what = f"{len(report.capabilities)} capabilities and {len(report.objects)} objects"
    return f"parity of {report.left} and {report.right}: {what}: {counts}; {report.open_ends} unexplained"


def _capabilities(report: ParityReport) -> Table:
    table = _table("Capabilities", "capability", report.left, report.right, "verdict", "reason, or where")
    for item in sorted(report.capabilities, key=lambda item: item.unexplained):
        if item.verdict is Verdict.PASS:
            table.add_row(Text(item.capability), "", "", _verdict(item.verdict, ""), "")
            continue
        differing = [facet for facet in item.facets if facet.verdict not in {Verdict.PASS, Verdict.ONE_SIDED}]
        if not differing:
            table.add_row(
                Text(item.capability), *_presence(item), _verdict(item.verdict, item.reason), Text(item.reason)
            )
        for facet in differing:
            name = f"{item.capability}: {facet.facet}"
            table.add_row(Text(name), *_values(facet), _verdict(facet.verdict, facet.reason), Text(_why(facet)))
    return table


def _values(facet: FacetComparison) -> tuple[str, str]:
    """The values of both sides; of long lists of names, what is not common."""
    left, right = facet.left.split(", "), facet.right.split(", ")
    common = {*left} & {*right}
    if len(common) < _COMMON:
        return facet.left, facet.right
    one, two = (", ".join([*(name for name in names if name not in common), "…"]) for names in (left, right))
    return one, two


def _why(facet: FacetComparison) -> str:
    """The reason of a difference; of one without, what is asked for and where it went."""
    return facet.reason or (f"{facet.meaning}: {facet.place}" if facet.place else facet.meaning)


def _presence(item: CapabilityComparison) -> tuple[str, str]:
    return ("yes" if item.left_proofs else "no", "yes" if item.right_proofs else "no")


def _verdict(verdict: Verdict, reason: str) -> Text:
    return Text(verdict, style="default" if reason else STYLES[verdict])


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", expand=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
