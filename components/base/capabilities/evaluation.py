"""What a stack provides, by the evidence in its resources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from components.base.capabilities.catalogue import CATALOGUE
from components.base.capabilities.facets import ABSENT, UNKNOWN, Facet, Known, Marker, Substrate, Value
from components.base.capabilities.resources import Reading, Resources
from components.base.capabilities.specification import Specification


@dataclass(frozen=True)
class Provision:
    """One capability of one stack: what its readings say."""

    specification: Specification
    readings: tuple[Reading, ...]

    @property
    def provided(self) -> bool:
        """Whether anything proves it."""
        return bool(self.readings)

    @cached_property
    def _by_facet(self) -> dict[str, list[Reading]]:
        found: dict[str, list[Reading]] = {}
        for reading in self.readings:
            found.setdefault(reading.facet, []).append(reading)
        return found

    def of(self, facet: Facet) -> list[Reading]:
        """The readings of a facet."""
        return self._by_facet.get(facet.name, [])

    def known(self, facet: Facet) -> Value:
        """What the known readings of a facet say together, ABSENT without one."""
        values: list[Known] = [reading.value for reading in self.of(facet) if not isinstance(reading.value, Marker)]
        return facet.order.combined(values) if values else ABSENT

    def unknown(self, facet: Facet) -> Reading | None:
        """The first reading of a facet whose value is not known."""
        return next((reading for reading in self.of(facet) if reading.value is UNKNOWN), None)

    def weakest(self, facet: Facet, than: Known) -> Reading | None:
        """The reading that keeps a facet below `than`; None for names, a set that no single reading makes smaller."""
        below = (
            reading
            for reading in self.of(facet)
            if reading.value is not UNKNOWN and not reaches(facet, reading.value, than)
        )
        return None if isinstance(than, frozenset) else next(below, None)

    def value(self, facet: Facet) -> Value:
        """What all readings of a facet say together; one unknown makes it UNKNOWN."""
        return UNKNOWN if self.unknown(facet) else self.known(facet)


@dataclass(frozen=True)
class Evaluation:
    """All capabilities of one stack, in the order of the catalogue."""

    substrate: Substrate
    provisions: tuple[Provision, ...]


def evaluate(resources: Resources, catalogue: Iterable[Specification] = CATALOGUE) -> Evaluation | None:
    """Evaluate a stack; None where nothing in the graph is a cluster, so that there is no stack to judge."""
    substrate = resources.substrate
    if substrate is None:
        return None
    return Evaluation(substrate, tuple(Provision(item, tuple(item.evidence(resources))) for item in catalogue))


def reaches(facet: Facet, value: Value, minimum: Known) -> bool:
    """Whether a value is as strong as `minimum`. UNKNOWN and ABSENT reach nothing."""
    return not isinstance(value, Marker) and facet.order.at_least(value, minimum)
