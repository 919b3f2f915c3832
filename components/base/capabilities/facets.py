"""The properties of a capability that make it stronger or weaker, and how their values compare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

Substrate = Literal["k3s", "eks", "existing"]
FacetKind = Literal["security", "durability", "function", "operability", "capacity"]


class Marker(Enum):
    """Values below every other. UNKNOWN: not known before the deployment. ABSENT: nothing proves the facet."""

    UNKNOWN = "unknown"
    ABSENT = "absent"


UNKNOWN, ABSENT = Marker.UNKNOWN, Marker.ABSENT

Known = str | int | frozenset[str]
Value = Known | Marker


@dataclass(frozen=True)
class Scale:
    """One of some levels, the weakest first."""

    levels: tuple[str, ...]

    def at_least(self, value: Known, minimum: Known) -> bool:
        """Whether `value` is as strong as `minimum`."""
        return self.levels.index(str(value)) >= self.levels.index(str(minimum))

    def combined(self, values: Iterable[Known]) -> Known:
        """What several readings say together: a capability is as strong as its weakest part."""
        return min(values, key=lambda value: self.levels.index(str(value)))


@dataclass(frozen=True)
class Amount:
    """A whole number of `unit`, of which more is stronger."""

    unit: str

    def at_least(self, value: Known, minimum: Known) -> bool:
        """Whether `value` is as much as `minimum`."""
        return isinstance(value, int) and isinstance(minimum, int) and value >= minimum

    def combined(self, values: Iterable[Known]) -> Known:
        """The least amount that a reading names."""
        return min(value for value in values if isinstance(value, int))


@dataclass(frozen=True)
class Names:
    """A set of names, of which a larger one is stronger."""

    def at_least(self, value: Known, minimum: Known) -> bool:
        """Whether `value` holds every name of `minimum`."""
        return isinstance(value, frozenset) and isinstance(minimum, frozenset) and minimum <= value

    def combined(self, values: Iterable[Known]) -> Known:
        """All names of all readings."""
        return frozenset(name for value in values if isinstance(value, frozenset) for name in value)


Order = Scale | Amount | Names

NO, YES = "no", "yes"
HOLDS = Scale((NO, YES))
"""The scale of a property that either holds or does not."""


@dataclass(frozen=True, kw_only=True)
class Relaxed:
    """The contract asks less of a substrate, for a reason. It is stale once the substrate reaches the minimum."""

    on: Substrate
    minimum: Known
    reason: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An accepted difference: `weaker` has `value` where `stronger` has `than`. It covers no other pair of values.

    It is stale once a comparison of the two substrates does not need it.
    """

    weaker: Substrate
    stronger: Substrate
    value: Known
    than: Known
    reason: str


@dataclass(frozen=True, kw_only=True)
class Facet:
    """`minimum` is what every stack needs.

    `floor_only`: above the minimum, settings or the substrate choose, so that two stacks need not be equal.
    """

    name: str
    meaning: str
    kind: FacetKind
    minimum: Known
    order: Order = HOLDS
    floor_only: bool = False
    relaxed: tuple[Relaxed, ...] = ()
    differences: tuple[Difference, ...] = ()

    def required(self, substrate: Substrate) -> Known:
        """The minimum on a substrate."""
        return next((relaxed.minimum for relaxed in self.relaxed if relaxed.on == substrate), self.minimum)


def holds(name: str, meaning: str, kind: FacetKind = "security", **more: tuple[Difference, ...]) -> Facet:
    """A facet that either holds or does not, and must hold."""
    return Facet(name=name, meaning=meaning, kind=kind, minimum=YES, differences=more.get("differences", ()))


def shown(value: Value) -> str:
    """A value for people: names sorted, markers in words."""
    if isinstance(value, Marker):
        return value.value
    return ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else str(value)
