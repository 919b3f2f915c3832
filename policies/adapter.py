"""The registry under the Pulumi engine: two resource policies and two stack policies that dispatch to all rules.

The SDK decodes every resource once for every policy, and a policy has one enforcement level. So there is one policy per
scope and level, not one per rule: sixty policies over a thousand objects took half a minute, these take a second.
"""

# The SDK lives in the pack's own environment only, where the program's type checker does not look.
# pyright: reportMissingImports=false, reportUnknownParameterType=false

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError as UnknownMemberError

from policies.exceptions import ExceptionUse, PolicyException
from policies.findings import Finding, Result
from policies.judge import Judge
from policies.normalise import normalise
from policies.stack import Stack
from policies.subjects import Subject, subjects_of

NAME = "ai-platform"

_plain = partial(normalise, unreadable=(UnknownMemberError,))


class Dispatch:
    """Judges each request once and hands the findings to the mandatory and the advisory policy of its scope."""

    def __init__(self, exceptions: tuple[PolicyException, ...], today: date, stack_name: str) -> None:
        self._use = ExceptionUse(exceptions, today, stack_name)
        self._judge = Judge(self._use)
        self._stack_name = stack_name
        # The engine may send requests on several threads; both policies of one request run on the same one.
        self._last = threading.local()
        self._declared: dict[str, tuple[Subject, ...]] = {}

    def resource(self, *, mandatory: bool) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
        """The validation function of a resource policy."""

        def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
            findings = self._once(mandatory, args.urn, lambda: list(self._judge.objects(self._declare(args))))
            for finding in _share(findings, mandatory=mandatory):
                report_violation(describe(finding))

        return validate

    def stack(self, *, mandatory: bool) -> Callable[[StackValidationArgs, ReportViolation], None]:
        """The validation function of a stack policy."""

        def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
            findings = self._once(mandatory, "", lambda: self._judge_stack(args))
            for finding in _share(findings, mandatory=mandatory):
                report_violation(describe(finding), finding.urn or None)

        return validate

    def _declare(self, args: ResourceValidationArgs) -> tuple[Subject, ...]:
        subjects = _subjects_of(args)
        self._declared[args.urn] = subjects
        return subjects

    def _final(self, resource: Any) -> tuple[Subject, ...]:
        """What became of a resource, or what the program asks for while its provider cannot say.

        A preview sends no property at all of objects whose cluster is made by the same run. Judged as they are, they
        would be objects without namespace, pods or selectors, about which every rule would be silent or wrong.
        """
        subjects = _subjects_of(resource)
        if all(subject.root.value == {} for subject in subjects):
            return self._declared.get(resource.urn, subjects)
        return subjects

    def _judge_stack(self, args: StackValidationArgs) -> list[Finding]:
        self._use.types = frozenset(resource.resource_type for resource in args.resources)
        subjects = tuple(subject for resource in args.resources for subject in self._final(resource))
        stack = Stack(project="", name=self._stack_name, subjects=subjects)
        return [*self._judge.stack(stack), *self._judge.exceptions()]

    def _once(self, mandatory: bool, key: str, judge: Callable[[], list[Finding]]) -> list[Finding]:  # noqa: FBT001
        """The mandatory policy runs first and leaves the findings for the advisory one of the same request."""
        kept: tuple[str, list[Finding]] | None = getattr(self._last, "kept", None)
        self._last.kept = None
        if not mandatory and kept and kept[0] == key:
            return kept[1]
        findings = judge()
        if mandatory:
            self._last.kept = (key, findings)
        return findings


def policies(exceptions: tuple[PolicyException, ...], today: date, stack_name: str) -> list[Policy]:
    """The policies of the pack.

    `stack_name` selects the exceptions that are narrowed to stacks.
    """
    dispatch = Dispatch(exceptions, today, stack_name)
    return [
        ResourceValidationPolicy(
            name="resources-mandatory",
            description="Platform rules that stop a deployment.",
            enforcement_level=EnforcementLevel.MANDATORY,
            validate=dispatch.resource(mandatory=True),
        ),
        ResourceValidationPolicy(
            name="resources-advisory",
            description="Platform rules that advise, values that are not known yet, and exceptions in force.",
            enforcement_level=EnforcementLevel.ADVISORY,
            validate=dispatch.resource(mandatory=False),
        ),
        StackValidationPolicy(
            name="stack-mandatory",
            description="Platform rules over the whole stack that stop a deployment.",
            enforcement_level=EnforcementLevel.MANDATORY,
            validate=dispatch.stack(mandatory=True),
        ),
        StackValidationPolicy(
            name="stack-advisory",
            description="Platform rules over the whole stack that advise, and what could not be decided.",
            enforcement_level=EnforcementLevel.ADVISORY,
            validate=dispatch.stack(mandatory=False),
        ),
    ]


def describe(finding: Finding) -> str:
    """One finding as the engine shows it: `POD-01 FAIL models/Deployment/x spec…: message. Fix: …`."""
    exempt = f" ({finding.exception})" if finding.result is Result.EXEMPT else ""
    place = f"{finding.subject} {finding.path}".rstrip()
    return f"{finding.rule} {finding.result}{exempt} {place}: {finding.message}. Fix: {finding.remediation}"


def _share(findings: Iterable[Finding], *, mandatory: bool) -> Iterable[Finding]:
    return (finding for finding in findings if finding.stops is mandatory)


def _subjects_of(resource: Any) -> tuple[Subject, ...]:
    return subjects_of(
        {
            "urn": resource.urn,
            "type": resource.resource_type,
            "name": resource.name,
            "inputs": resource.props,
            "parent": _parent_urn(resource),
        },
        _plain,
    )


def _parent_urn(resource: Any) -> str:
    """A stack request links the parent itself, a resource request only names it in the options."""
    parent = getattr(resource, "parent", None)
    return parent.urn if parent is not None else resource.opts.parent or ""
