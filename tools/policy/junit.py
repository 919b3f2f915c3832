"""Findings as a JUnit file, which merge requests show as a test report.

One suite per rule. A rule without findings is a passed test. Mandatory findings are failures; what only advises, is not
decided yet or is excepted by name is a skipped test that says so: never a passed one.
"""

from __future__ import annotations

from typing import cast

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from policies.findings import Finding, Result
from policies.judge import Report
from policies.registry import Registry, Rule


def junit(report: Report, stack: str, registry: Registry) -> str:
    """The report as JUnit XML."""
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.rule, []).append(finding)
    document = JUnitXml(f"policies of {stack}")
    for rule in registry:
        suite = TestSuite(f"{rule.id} {rule.title}")
        suite.add_testcases(_cases(rule, stack, found.get(rule.id, [])))
        document.add_testsuite(suite)
    return cast("bytes", document.tostring()).decode()


def _cases(rule: Rule, stack: str, findings: list[Finding]) -> list[TestCase]:
    if not findings:
        return [TestCase(rule.title, classname=f"{stack}.{rule.id}")]
    return [_case(finding, stack) for finding in findings]


def _case(finding: Finding, stack: str) -> TestCase:
    case = TestCase(f"{finding.subject} {finding.path}".rstrip(), classname=f"{stack}.{finding.rule}")
    text = f"{finding.message}. Fix: {finding.remediation}"
    case.result = [Failure(text, finding.severity.value)] if finding.stops else [Skipped(f"{_why(finding)}: {text}")]
    return case


def _why(finding: Finding) -> str:
    if finding.result is Result.FAIL:
        return "ADVISORY"
    exception = f" ({finding.exception})" if finding.exception else ""
    return f"{finding.result}{exception}"
