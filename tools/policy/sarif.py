"""Findings in SARIF 2.1.0, which editors, GitHub, GitLab and DefectDojo read.

Findings are about resources, not about lines of a file: each names the stack file, which is what a person edits, and
the object with its property path as logical location.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from policies.exceptions import PolicyException
from policies.findings import Finding, Level, Result, Severity
from policies.judge import Report
from policies.registry import Registry, Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
"""`security-severity`, by which viewers sort: a number in the middle of each band of CVSS."""


def sarif(report: Report, stack: str, registry: Registry, exceptions: tuple[PolicyException, ...]) -> str:
    """The report as a SARIF file. UNDECIDED is of kind `open`, EXEMPT is suppressed with the exception's reason."""
    rules = list(registry)
    places = {rule.id: index for index, rule in enumerate(rules)}
    reasons = {entry.id: entry.reason for entry in exceptions}
    driver = {"name": "ai-platform policies", "rules": [_rule(rule) for rule in rules]}
    results = [_result(finding, stack, places, reasons) for finding in report.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.remediation} Sources: {'; '.join(rule.sources)}."},
        "defaultConfiguration": {"level": "warning" if rule.level is Level.ADVISORY else "error"},
        "properties": {"security-severity": _SCORES[rule.severity], "tags": ["security", rule.id.partition("-")[0]]},
    }


def _result(finding: Finding, stack: str, places: dict[str, int], reasons: dict[str, str]) -> dict[str, Any]:
    kind, level = _kind(finding)
    entry: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": places[finding.rule],
        "kind": kind,
        "level": level,
        "message": {"text": f"{finding.subject} {finding.path}: {finding.message}. Fix: {finding.remediation}"},
        "locations": [_location(finding, stack)],
        "partialFingerprints": {"finding/v1": _fingerprint(finding, stack)},
        "properties": {"result": finding.result.value, "mandatory": finding.mandatory},
    }
    if finding.result is Result.EXEMPT:
        reason = f"{finding.exception}: {reasons.get(finding.exception, '')}"
        entry["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return entry


def _kind(finding: Finding) -> tuple[str, str]:
    """`kind` and `level`; the standard wants level `none` for everything that is not a failure."""
    if finding.result is Result.UNDECIDED:
        return "open", "none"
    return "fail", "error" if finding.mandatory else "warning"


def _location(finding: Finding, stack: str) -> dict[str, Any]:
    name = f"{finding.subject} {finding.path}".rstrip()
    logical = {"fullyQualifiedName": f"{finding.urn} {finding.path}".strip() or "stack", "name": name}
    return {
        "physicalLocation": {"artifactLocation": {"uri": f"Pulumi.{stack}.yaml"}, "region": {"startLine": 1}},
        "logicalLocations": [logical | {"kind": "resource"}],
    }


def _fingerprint(finding: Finding, stack: str) -> str:
    """Tells viewers that a finding of this run is the one of the last run."""
    parts = "\n".join((stack, finding.rule, finding.urn, finding.path))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
