"""What is declared about one capability."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from components.base.capabilities.facets import Facet, Substrate
from components.base.capabilities.names import Capability
from components.base.capabilities.resources import Reading, Resources

Evidence = Callable[[Resources], Iterable[Reading]]


@dataclass(frozen=True, kw_only=True)
class OneSided:
    """A capability that only some substrates have, why that is right, and when to look at the reason again."""

    on: tuple[Substrate, ...]
    reason: str
    review: date


@dataclass(frozen=True, kw_only=True)
class Specification:
    """`evidence` yields at least one reading where the capability is provided, and one of each facet then.

    `chosen`: a setting turns it on, so that the contract does not ask for it; what is there must be strong enough.
    """

    name: Capability
    statement: str
    evidence: Evidence
    facets: tuple[Facet, ...]
    one_sided: OneSided | None = None
    chosen: bool = False

    def facet(self, name: str) -> Facet:
        """The facet of that name. Raises KeyError."""
        return {facet.name: facet for facet in self.facets}[name]


CLUSTER_OWNED = OneSided(
    on=("k3s", "eks"),
    reason="whoever runs an existing cluster provides it, and nothing in this program's graph can prove it",
    review=date(2027, 5, 1),
)
"""For what belongs to a cluster that this program did not make."""
