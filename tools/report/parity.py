"""The comparison with another stack, in the words and the order of the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from tools.parity.verdicts import Verdict


class Compared(Protocol):
    """Anything that a comparison has a verdict about."""

    @property
    def verdict(self) -> Verdict:
        """How the sides stand to each other."""
        ...

    @property
    def unexplained(self) -> bool:
        """Whether it is neither equal nor explained."""
        ...


Item = TypeVar("Item", bound=Compared)


def by_urgency(items: Iterable[Item]) -> list[Item]:
    """What nobody explained first, then accepted differences, then what one side alone has, then what is equal."""
    return sorted(items, key=_urgency)


def _urgency(item: Compared) -> int:
    if item.unexplained:
        return 0
    return {Verdict.PASS: 3, Verdict.ONE_SIDED: 2}.get(item.verdict, 1)


def differing(items: Iterable[Item]) -> list[Item]:
    """What is not equal, in the order of `by_urgency`."""
    return [item for item in by_urgency(items) if item.verdict is not Verdict.PASS]


def verdict_text(verdict: Verdict, left: str, right: str) -> str:
    """A verdict with the names of the stacks: `WEAKER IN prod`."""
    sides = {Verdict.WEAKER_LEFT: left, Verdict.WEAKER_RIGHT: right}
    return f"WEAKER IN {sides[verdict]}" if verdict in sides else verdict.value
