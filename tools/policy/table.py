"""Findings as tables for a terminal: what stops the deployment first, then the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from policies.findings import Finding, Result, Severity
from policies.judge import Report

STYLES = {Severity.CRITICAL: "bold red", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "default"}
ORDER = list(Severity)

SECTIONS: tuple[tuple[str, Callable[[Finding], bool]], ...] = (
    ("Mandatory: stops the deployment", lambda finding: finding.stops),
    ("Advisory", lambda finding: finding.result is Result.FAIL and not finding.mandatory),
    ("UNDECIDED: not known before the deployment, and not passed", lambda finding: finding.result is Result.UNDECIDED),
    ("EXEMPT: violated, and excepted by name", lambda finding: finding.result is Result.EXEMPT),
)


def print_report(report: Report, console: Console) -> None:
    """Print one table per kind of finding, then the totals."""
    for title, belongs in SECTIONS:
        findings = [finding for finding in report.findings if belongs(finding)]
        if findings:
            console.print(_table(title, findings))
    console.print(summary(report), style="green" if report.passed else "bold red", highlight=False)


def summary(report: Report) -> str:
    """The totals in one line; what was not decided and what was excepted is always counted."""
    counts = report.counts
    advisory = counts[Result.FAIL] - report.mandatory_failures
    return (
        f"policy: {report.resources} resources judged by {report.rules} rules: "
        f"{report.mandatory_failures} mandatory, {advisory} advisory, "
        f"{counts[Result.UNDECIDED]} UNDECIDED, {counts[Result.EXEMPT]} EXEMPT"
    )


def _table(title: str, findings: Sequence[Finding]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", expand=False)
    for column in ("rule", "severity", "resource", "finding"):
        table.add_column(column, overflow="fold", no_wrap=column in {"rule", "severity"})
    ordered = sorted(findings, key=lambda finding: (ORDER.index(finding.severity), finding.rule))
    for rule, group in groupby(ordered, key=lambda finding: finding.rule):
        entries = sorted(group, key=lambda finding: (finding.subject, finding.path))
        for finding in entries:
            severity = Text(finding.severity, style=STYLES[finding.severity])
            table.add_row(Text(rule), severity, Text(finding.subject), Text(_what(finding)))
        table.add_row("", "", "", Text(f"fix: {entries[0].remediation}", style="italic"))
        table.add_section()
    return table


def _what(finding: Finding) -> str:
    place = f"{finding.path}: " if finding.path else ""
    exempt = f" ({finding.exception})" if finding.exception else ""
    return f"{place}{finding.message}{exempt}"
