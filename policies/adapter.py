"""The registry under the Pulumi engine: two resource policies and three stack policies that dispatch to all rules.

The SDK decodes every resource once for every policy, and a policy has one enforcement level. So there is one policy per
scope and level, not one per rule: sixty policies over a thousand objects took half a minute, these take a second. The
contract of capabilities is a policy of its own, so that the engine's output says by name when parity is at stake.
"""

# The SDK lives in the pack's own environment only, where the program's type checker does not look.
# pyright: reportMissingImports=false, reportUnknownParameterType=false

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError as UnknownMemberError

from policies.decoding import decode_once, forget
from policies.exceptions import ExceptionUse, PolicyException
from policies.findings import Finding, Result
from policies.judge import Judge
from policies.normalise import normalise
from policies.pack_config import PARITY_PREFIX, RESOURCES_POLICY, STACK_POLICY, parse_settings, schema
from policies.pack_settings import DEFAULTS, PackSettings
from policies.rules import REGISTRY
from policies.stack import Stack
from policies.subjects import Subject, subjects_of

NAME = "ai-platform"
RESOURCES_ADVICE = "resources-advisory"
PARITY_POLICY = "parity-contract"
STACK_ADVICE = "stack-advisory"

_plain = partial(normalise, unreadable=(UnknownMemberError,))


class Dispatch:
    """Judges each request once and hands the findings to the policies of its scope.

    `settings` hold where the engine was given no configuration for a policy.
    """

    def __init__(
        self, exceptions: tuple[PolicyException, ...], today: date, stack_name: str, settings: PackSettings
    ) -> None:
        self._use = ExceptionUse(exceptions, today, stack_name)
        self._settings = settings
        self._stack_name = stack_name
        # The engine may send requests on several threads; all policies of one request run on the same one.
        self._last = threading.local()
        self._declared: dict[str, tuple[Subject, ...]] = {}
        self._judges: dict[str, Judge] = {}

    def resource(self, policy: str) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
        """The validation function of a resource policy."""

        def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
            findings = self._once(policy, args.urn, lambda: self._judge_resource(args))
            for finding in _share(policy, findings):
                report_violation(describe(finding))

        return validate

    def stack(self, policy: str) -> Callable[[StackValidationArgs, ReportViolation], None]:
        """The validation function of a stack policy."""

        def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
            findings = self._once(policy, "", lambda: self._judge_stack(args))
            for finding in _share(policy, findings):
                report_violation(describe(finding), finding.urn or None)

        return validate

    def _judge(self, policy: str, args: ResourceValidationArgs | StackValidationArgs) -> Judge:
        """The judge by the configuration of `policy`, which the engine sends once, before any resource."""
        if policy not in self._judges:
            config = args.get_config()
            settings = parse_settings({policy: config}, REGISTRY) if config else self._settings
            self._judges[policy] = Judge(self._use, settings=settings)
        return self._judges[policy]

    def _judge_resource(self, args: ResourceValidationArgs) -> list[Finding]:
        judge = self._judge(RESOURCES_POLICY, args)
        subjects = self._declared[args.urn] = _subjects_of(args, judge.settings)
        return list(judge.objects(subjects))

    def _final(self, resource: Any, settings: PackSettings) -> tuple[Subject, ...]:
        """What became of a resource, or what the program asks for while its provider cannot say.

        A preview sends no property at all of objects whose cluster is made by the same run. Judged as they are, they
        would be objects without namespace, pods or selectors, about which every rule would be silent or wrong.
        """
        subjects = _subjects_of(resource, settings)
        # A component's final properties are its outputs; what it records for rules are its inputs.
        if all(subject.root.value == {} or subject.type.startswith("ai-platform:") for subject in subjects):
            # Only a stack request says what a resource depends on.
            known = subjects[0].dependencies
            return tuple(replace(item, dependencies=known) for item in self._declared.get(resource.urn, subjects))
        return subjects

    def _judge_stack(self, args: StackValidationArgs) -> list[Finding]:
        judge = self._judge(STACK_POLICY, args)
        self._use.types = frozenset(resource.resource_type for resource in args.resources)
        subjects = tuple(subject for resource in args.resources for subject in self._final(resource, judge.settings))
        stack = Stack(project="", name=self._stack_name, subjects=subjects, settings=judge.settings)
        return [*judge.stack(stack), *judge.exceptions()]

    def _once(self, policy: str, key: str, judge: Callable[[], list[Finding]]) -> list[Finding]:
        """The first policy of a scope judges and leaves the findings for the others of the same request."""
        first = policy in {RESOURCES_POLICY, STACK_POLICY}
        kept: tuple[str, list[Finding]] | None = getattr(self._last, "kept", None)
        findings = kept[1] if kept and kept[0] == key and not first else judge()
        self._last.kept = (key, findings)
        if policy in {RESOURCES_ADVICE, STACK_ADVICE}:
            self._last.kept = None
            forget()
        return findings


def policies(
    exceptions: tuple[PolicyException, ...], today: date, stack_name: str, settings: PackSettings = DEFAULTS
) -> list[Policy]:
    """The policies of the pack.

    `stack_name` selects the exceptions that are narrowed to stacks; `settings` hold without a configuration.
    """
    decode_once()
    dispatch = Dispatch(exceptions, today, stack_name, settings)
    return [
        ResourceValidationPolicy(
            name=RESOURCES_POLICY,
            description="Platform rules that stop a deployment.",
            enforcement_level=EnforcementLevel.MANDATORY,
            config_schema=PolicyConfigSchema(schema(RESOURCES_POLICY, REGISTRY)),
            validate=dispatch.resource(RESOURCES_POLICY),
        ),
        ResourceValidationPolicy(
            name=RESOURCES_ADVICE,
            description="Platform rules that advise, values that are not known yet, and exceptions in force.",
            enforcement_level=EnforcementLevel.ADVISORY,
            validate=dispatch.resource(RESOURCES_ADVICE),
        ),
        StackValidationPolicy(
            name=STACK_POLICY,
            description="Platform rules over the whole stack that stop a deployment.",
            enforcement_level=EnforcementLevel.MANDATORY,
            config_schema=PolicyConfigSchema(schema(STACK_POLICY, REGISTRY)),
            validate=dispatch.stack(STACK_POLICY),
        ),
        StackValidationPolicy(
            name=PARITY_POLICY,
            description="What every environment must provide, on premises and in the cloud.",
            enforcement_level=EnforcementLevel.MANDATORY,
            validate=dispatch.stack(PARITY_POLICY),
        ),
        StackValidationPolicy(
            name=STACK_ADVICE,
            description="Platform rules over the whole stack that advise, and what could not be decided.",
            enforcement_level=EnforcementLevel.ADVISORY,
            validate=dispatch.stack(STACK_ADVICE),
        ),
    ]


def describe(finding: Finding) -> str:
    """One finding as the engine shows it: `POD-01 FAIL models/Deployment/x spec…: message. Fix: …`."""
    exempt = f" ({finding.exception})" if finding.result is Result.EXEMPT else ""
    place = f"{finding.subject} {finding.path}".rstrip()
    return f"{finding.rule} {finding.result}{exempt} {place}: {finding.message}. Fix: {finding.remediation}"


def _share(policy: str, findings: Iterable[Finding]) -> Iterable[Finding]:
    """The findings that `policy` reports; each belongs to exactly one policy of its scope."""
    return (finding for finding in findings if _reporter(policy, finding))


def _reporter(policy: str, finding: Finding) -> bool:
    if policy in {RESOURCES_ADVICE, STACK_ADVICE}:
        return not finding.stops
    of_parity = finding.rule.startswith(PARITY_PREFIX)
    return finding.stops and of_parity == (policy == PARITY_POLICY)


def _subjects_of(resource: Any, settings: PackSettings) -> tuple[Subject, ...]:
    return subjects_of(
        {
            "urn": resource.urn,
            "type": resource.resource_type,
            "name": resource.name,
            "inputs": resource.props,
            "parent": _parent_urn(resource),
            "dependsOn": [dependency.urn for dependency in getattr(resource, "dependencies", ())],
            "protect": resource.opts.protect,
            "provider": resource.provider.urn if resource.provider else "",
        },
        _plain,
        settings,
    )


def _parent_urn(resource: Any) -> str:
    """A stack request links the parent itself, a resource request only names it in the options."""
    parent = getattr(resource, "parent", None)
    return parent.urn if parent is not None else resource.opts.parent or ""
