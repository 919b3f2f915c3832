"""Run the registry over a resource graph. The engine's pack and `make policy` both come through here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from policies.checks import concerns
from policies.exceptions import ExceptionUse, PolicyException
from policies.fields import MalformedError
from policies.findings import Finding, Level, Outcome, Result, Undecided, Violation
from policies.graph import check_graph
from policies.normalise import UnknownValueError
from policies.pack_settings import DEFAULTS, PackSettings
from policies.registry import ObjectCheck, Registry, Rule, StackCheck
from policies.rules import REGISTRY
from policies.stack import Stack
from policies.subjects import Subject, subjects_of

Argument = TypeVar("Argument")

UNDECIDED_MESSAGE = "cannot be decided: this value is not known yet"


@dataclass(frozen=True)
class Report:
    """What a run found. `resources` and `rules` say how much was judged."""

    findings: tuple[Finding, ...]
    resources: int
    rules: int

    @property
    def counts(self) -> Mapping[Result, int]:
        """Number of findings of each result; every result is present."""
        counted = Counter(finding.result for finding in self.findings)
        return {result: counted[result] for result in Result}

    @property
    def mandatory_failures(self) -> int:
        """Findings that stop a deployment."""
        return sum(finding.stops for finding in self.findings)

    @property
    def passed(self) -> bool:
        """Whether nothing stops a deployment. Undecided findings do not stop it; the update itself decides them."""
        return self.mandatory_failures == 0


@dataclass(frozen=True)
class _Crash:
    """A rule failed with an exception of its own. It found nothing, so nothing can be said to have passed."""

    error: str


_Judged = tuple[Subject | None, Outcome | _Crash]


class Judge:
    """One run over one stack: keeps which exceptions were used, so that unused ones can be reported at the end."""

    def __init__(self, use: ExceptionUse, registry: Registry = REGISTRY, settings: PackSettings = DEFAULTS) -> None:
        self._use = use
        self._registry = registry
        self._settings = settings
        self._checks: dict[str, list[tuple[Rule, ObjectCheck]]] = {}

    @property
    def settings(self) -> PackSettings:
        """What it judges by."""
        return self._settings

    def objects(self, subjects: Iterable[Subject]) -> Iterator[Finding]:
        """Findings of all rules with resource scope."""
        for subject in subjects:
            for rule, check in self._checks_of(subject):
                yield from self._findings(rule, _fail_closed(_about(subject, check, subject), subject))

    def _checks_of(self, subject: Subject) -> list[tuple[Rule, ObjectCheck]]:
        """The checks that may have something to say about subjects of its type."""
        if subject.type not in self._checks:
            checks = [(rule, rule.of_object) for rule in self._registry if rule.of_object]
            self._checks[subject.type] = [(rule, check) for rule, check in checks if concerns(check, subject)]
        return self._checks[subject.type]

    def stack(self, stack: Stack) -> Iterator[Finding]:
        """Findings of all rules with stack scope."""
        for rule in self._registry:
            if rule.of_stack:
                yield from self._findings(rule, _fail_closed(_lazily(rule.of_stack, stack), None))

    def exceptions(self) -> Iterator[Finding]:
        """Findings about the exceptions themselves; to be asked last."""
        for rule in self._registry:
            if rule.of_exceptions:
                yield from self._findings(rule, _fail_closed(_about(None, rule.of_exceptions, self._use), None))

    def _findings(self, rule: Rule, judged: Iterable[_Judged]) -> Iterator[Finding]:
        for subject, outcome in judged:
            covering = self._covering(rule, subject, outcome)
            result, path, message = _verdict(outcome, covering)
            yield Finding(
                rule=rule.id,
                severity=rule.severity,
                mandatory=isinstance(outcome, _Crash) or self._is_mandatory(rule, subject),
                result=result,
                urn=subject.urn if subject else "",
                subject=subject.address if subject else "stack",
                path=path,
                message=message,
                remediation=rule.remediation,
                exception=covering.id if covering and result is Result.EXEMPT else "",
            )

    def _is_mandatory(self, rule: Rule, subject: Subject | None) -> bool:
        level = self._settings.levels.get(rule.id, rule.level)
        if level is Level.OWN_MANDATORY:
            return subject is None or not subject.vendored
        return level is Level.MANDATORY

    def _covering(self, rule: Rule, subject: Subject | None, outcome: Outcome | _Crash) -> PolicyException | None:
        if subject is None or isinstance(outcome, _Crash) or not rule.exemptable:
            return None
        if isinstance(outcome, Violation) and not outcome.exemptable:
            return None
        return self._use.covering(rule.id, subject, outcome.container)


def judge(
    graph: Mapping[str, Any],
    exceptions: tuple[PolicyException, ...],
    today: date,
    registry: Registry = REGISTRY,
    settings: PackSettings = DEFAULTS,
) -> Report:
    """Judge a whole resource graph (the contents of graph.json) with every rule, by the settings of its stack.

    Raises GraphError for a graph of another version or another shape.
    """
    check_graph(graph)
    resources: list[Mapping[str, Any]] = graph["resources"]
    subjects = tuple(subject for resource in resources for subject in subjects_of(resource, settings=settings))
    types = frozenset(str(resource["type"]) for resource in resources)
    judge_run = Judge(ExceptionUse(exceptions, today, graph["stack"], types), registry, settings)
    stack = Stack(project=graph["project"], name=graph["stack"], subjects=subjects, settings=settings)
    findings = (*judge_run.objects(subjects), *judge_run.stack(stack), *judge_run.exceptions())
    return Report(findings, len(resources), len(registry))


def _verdict(outcome: Outcome | _Crash, covering: PolicyException | None) -> tuple[Result, str, str]:
    match outcome:
        case Undecided():
            return Result.UNDECIDED, outcome.path, UNDECIDED_MESSAGE
        case Violation():
            return (Result.EXEMPT if covering else Result.FAIL), outcome.path, outcome.message
        case _Crash():
            return Result.FAIL, "", f"the rule itself failed ({outcome.error}), so nothing is known about this object"


def _about(
    subject: Subject | None, check: Callable[[Argument], Iterable[Outcome]], argument: Argument
) -> Iterator[_Judged]:
    for outcome in check(argument):
        yield subject, outcome


def _lazily(check: StackCheck, stack: Stack) -> Iterator[_Judged]:
    yield from check(stack)


def _fail_closed(judged: Iterator[_Judged], subject: Subject | None) -> Iterator[_Judged]:
    """What `judged` yields; a rule that ends in an exception never counts as passed and never stops the other rules.

    Only the name of an unexpected exception is kept: its text may hold values of the object.
    """
    try:
        yield from judged
    except UnknownValueError as error:
        yield subject, Undecided(error.path)
    except MalformedError as error:
        yield subject, Violation(error.path, str(error))
    except Exception as error:
        yield subject, _Crash(type(error).__name__)
