"""What a rule is, and the one list of rules that everything else reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from policies.exceptions import ExceptionUse
from policies.findings import Level, Outcome, Severity
from policies.stack import Stack
from policies.subjects import Subject

ObjectCheck = Callable[[Subject], Iterable[Outcome]]
StackCheck = Callable[[Stack], Iterable[tuple[Subject | None, Outcome]]]
ExceptionCheck = Callable[[ExceptionUse], Iterable[Outcome]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. `check` is pure: equal objects give equal outcomes.

    `why` says in a sentence what goes wrong without it, `sources` name the standards that demand it, `remediation` says
    how to comply. `exemptable` False: no exception may name this rule. Exactly one of the three checks is set:
    `of_object` sees one object, `of_stack` the whole stack (its outcomes name the subject they are about, None for the
    stack itself), `of_exceptions` the exceptions and what they covered.
    """

    id: str
    title: str
    severity: Severity
    level: Level
    why: str
    sources: tuple[str, ...]
    remediation: str
    of_object: ObjectCheck | None = None
    of_stack: StackCheck | None = None
    of_exceptions: ExceptionCheck | None = None
    exemptable: bool = True

    def __post_init__(self) -> None:
        if sum(check is not None for check in (self.of_object, self.of_stack, self.of_exceptions)) != 1:
            message = f"rule {self.id} must have exactly one check"
            raise ValueError(message)

    @property
    def must_stay_mandatory(self) -> bool:
        """Whether no environment may lower it: what allows no exception, and what is critical."""
        return not self.exemptable or self.severity is Severity.CRITICAL

    @property
    def scope(self) -> Literal["resource", "stack", "exceptions"]:
        """What one run of the check sees."""
        if self.of_object:
            return "resource"
        return "stack" if self.of_stack else "exceptions"


class Registry:
    """Rules by id, in the order of the catalogue."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Raises ValueError when two rules share an id."""
        self._rules: dict[str, Rule] = {}
        for rule in rules:
            if rule.id in self._rules:
                message = f"two rules are called {rule.id}"
                raise ValueError(message)
            self._rules[rule.id] = rule

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules.values())

    def __len__(self) -> int:
        return len(self._rules)

    def get(self, rule_id: str) -> Rule | None:
        """The rule of that id, None when there is none."""
        return self._rules.get(rule_id)

    @property
    def exemptable(self) -> dict[str, bool]:
        """Whether an exception may name each rule, by id."""
        return {rule.id: rule.exemptable for rule in self}
