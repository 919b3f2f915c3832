"""What the policies say about the stack, and which exceptions it lives with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from policies.exceptions import PolicyException
from policies.findings import Finding, Result, Severity
from policies.judge import Report

MANDATORY = "MANDATORY"
ADVISORY = "ADVISORY"
RESULTS = (MANDATORY, ADVISORY, Result.UNDECIDED.value, Result.EXEMPT.value)
"""What a finding is, in the order of how much it matters: stops the deployment, only advises, is decided later, or is
excepted by name."""

SEVERITIES = tuple(severity.value for severity in Severity)


@dataclass(frozen=True, kw_only=True)
class ShownFinding:
    """One finding as a row. `result` is one of RESULTS."""

    result: str
    severity: str
    rule: str
    subject: str
    path: str
    message: str
    remediation: str
    exception: str


@dataclass(frozen=True, kw_only=True)
class ShownException:
    """An exception that covers something in this stack."""

    id: str
    rules: tuple[str, ...]
    object: str
    reason: str
    approver: str
    granted: date
    expires: date
    days_left: int
    findings: int


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Findings, worst first, and how many objects and rules were judged."""

    shown: tuple[ShownFinding, ...]
    exceptions: tuple[ShownException, ...]
    resources: int
    rules: int

    def count(self, result: str) -> int:
        """Number of findings with that result."""
        return sum(finding.result == result for finding in self.shown)

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """Number of findings by result, all results in order."""
        return tuple((result, self.count(result)) for result in RESULTS)

    @property
    def rules_found(self) -> tuple[str, ...]:
        """Ids of rules that have findings."""
        return tuple(sorted({finding.rule for finding in self.shown}))


def findings(judged: Report, exceptions: Iterable[PolicyException], today: date) -> Findings:
    """The findings of a run, and the exceptions that it used. `today` decides how long they hold."""
    shown = tuple(sorted((_shown(finding) for finding in judged.findings), key=_order))
    return Findings(
        shown=shown,
        exceptions=tuple(_exceptions(shown, exceptions, today)),
        resources=judged.resources,
        rules=judged.rules,
    )


def _shown(finding: Finding) -> ShownFinding:
    return ShownFinding(
        result=_result(finding),
        severity=finding.severity.value,
        rule=finding.rule,
        subject=finding.subject,
        path=finding.path,
        message=finding.message,
        remediation=finding.remediation,
        exception=finding.exception,
    )


def _result(finding: Finding) -> str:
    if finding.result is Result.FAIL:
        return MANDATORY if finding.mandatory else ADVISORY
    return finding.result.value


def _order(finding: ShownFinding) -> tuple[int, int, str, str, str, str]:
    return (
        RESULTS.index(finding.result),
        SEVERITIES.index(finding.severity),
        finding.rule,
        finding.subject,
        finding.path,
        finding.message,
    )


def _exceptions(
    shown: Iterable[ShownFinding], exceptions: Iterable[PolicyException], today: date
) -> Iterable[ShownException]:
    covered = [finding.exception for finding in shown if finding.exception]
    for entry in exceptions:
        if entry.id not in covered:
            continue
        match = entry.match
        kind = match.type.rpartition(":")[2]
        yield ShownException(
            id=entry.id,
            rules=entry.rules,
            object="/".join(part for part in (match.namespace, kind, match.name) if part),
            reason=entry.reason,
            approver=entry.approver,
            granted=entry.granted,
            expires=entry.expires,
            days_left=(entry.expires - today).days,
            findings=covered.count(entry.id),
        )
