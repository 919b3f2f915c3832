"""How rules about values are put together: what one must be, and which other resource must stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from policies.checks import each, per_subject, per_type
from policies.fields import Field, any_known
from policies.findings import Outcomes, Violation
from policies.registry import ObjectCheck, StackCheck
from policies.stack import Stack
from policies.subjects import Subject


@dataclass(frozen=True)
class Demand:
    """The value at `keys` must pass `holds`; `expected` names such a value for people."""

    keys: tuple[str, ...]
    holds: Callable[[object], bool]
    expected: str

    def judge(self, place: Field) -> Outcomes:
        """A violation below `place` unless its value complies."""
        field = place.at(*self.keys)
        if not self.holds(field.value):
            yield Violation(field.path, f"must be {self.expected}")


def is_on(value: object) -> bool:
    """Whether a switch is on; launch templates and some others spell it as a word."""
    return value in (True, "true")


def is_off(value: object) -> bool:
    """Whether a switch whose default is off is left so."""
    return value in (None, False, "false")


def is_set(value: object) -> bool:
    """Whether there is a value."""
    return bool(value)


def at_least(least: int) -> Callable[[object], bool]:
    """Whether a value is a number of at least `least`."""
    return lambda value: isinstance(value, int) and value >= least


def switched_on(*keys: str) -> Demand:
    """The switch at `keys` must be on; left out it is off."""
    return Demand(keys, is_on, "true")


def switched_off(*keys: str) -> Demand:
    """The switch at `keys` must be off, which is its default."""
    return Demand(keys, is_off, "false or left out")


def stated(*keys: str, expected: str) -> Demand:
    """There must be a value at `keys`."""
    return Demand(keys, is_set, expected)


def judged(place: Field, demands: Iterable[Demand]) -> Outcomes:
    """What each demand says of `place`; an unknown value of one does not hide the others."""
    return each(demands, lambda demand: demand.judge(place))


def of_types(tokens: Iterable[str], *demands: Demand) -> ObjectCheck:
    """The check of resources of the type tokens by `demands`."""
    return per_type(lambda subject: judged(subject.root, demands), *tokens)


def accompanied(
    tokens: Iterable[str], companions: Iterable[str], complies: Callable[[Subject], bool], message: str
) -> StackCheck:
    """The check that every resource of `tokens` has one of `companions` made from it that complies.

    Which one belongs to which is told by the engine's dependencies: names and ARNs are unknown in the preview that
    creates them.
    """
    wanted = tuple(companions)

    def check(stack: Stack, subject: Subject) -> Outcomes:
        if not any_known(stack.dependents(subject, *wanted), complies):
            yield Violation("", message)

    return per_subject(partial(_of_type, tuple(tokens)), check)


def _of_type(tokens: tuple[str, ...], stack: Stack) -> Iterable[Subject]:
    return stack.of_type(*tokens)
