"""Exceptions are dated and needed, or they go."""

from __future__ import annotations

from policies.exceptions import ExceptionUse
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule


def _needed_and_in_force(use: ExceptionUse) -> Outcomes:
    for entry in use.here:
        path = f"exceptions.yaml: {entry.id}"
        if use.today > entry.expires:
            yield Violation(path, f"expired on {entry.expires.isoformat()}")
        elif use.today < entry.granted:
            yield Violation(path, f"is granted from {entry.granted.isoformat()} on, which is not yet")
        elif use.unused(entry):
            yield Violation(path, f"covers nothing in this stack that breaks {', '.join(use.unused(entry))}")
    for entry in use.misplaced:
        message = f"covers something in a stack without {entry.match.only_with}, for which it is not meant"
        yield Violation(f"exceptions.yaml: {entry.id}", message)


RULES = (
    Rule(
        id="STK-04",
        title="No exception is expired or unused",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="An exception that outlives its reason keeps the hole open, and covers the next object that matches "
        "it without anybody's decision.",
        sources=("own",),
        remediation="Remove the exception, narrow it to the stacks that need it, or have it reviewed and granted anew.",
        of_exceptions=_needed_and_in_force,
        exemptable=False,
    ),
)
