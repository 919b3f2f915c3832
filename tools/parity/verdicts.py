"""What a comparison of two graphs says, as plain data for the table, the page and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Side = Literal["left", "right"]


class Verdict(StrEnum):
    """PASS: equal, or both above the minimum where settings decide the size. ONE-SIDED: declared to exist on some
    substrates only. UNKNOWN: a value that decides is not in the graph. UNMAPPED: nothing says what it is for.
    """

    PASS = "PASS"  # noqa: S105 # a verdict
    ONE_SIDED = "ONE-SIDED"
    WEAKER_LEFT = "WEAKER-LEFT"
    WEAKER_RIGHT = "WEAKER-RIGHT"
    MISSING = "MISSING"
    DIVERGED_OBJECT = "DIVERGED-OBJECT"
    UNMAPPED = "UNMAPPED"
    UNKNOWN = "UNKNOWN"


FAILED = frozenset({Verdict.WEAKER_LEFT, Verdict.WEAKER_RIGHT, Verdict.MISSING, Verdict.DIVERGED_OBJECT})
UNDECIDED = frozenset({Verdict.UNKNOWN, Verdict.UNMAPPED})


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What proves a facet: the property `path` of the resource `urn`."""

    facet: str
    urn: str
    path: str

    def __str__(self) -> str:
        """`Kind name: property`, without the property where the resource itself is the proof."""
        *_, token, name = self.urn.split("::")
        resource = f"{token.rpartition(':')[2]} {name}"
        return f"{resource}: {self.path}" if self.path else resource


@dataclass(frozen=True, kw_only=True)
class FacetComparison:
    """One facet on both sides. `reason` explains a difference that is accepted, empty where there is none.

    `place` is the resource and the property that make an unexplained one weak or unknown, where one alone does.
    """

    facet: str
    meaning: str
    kind: str
    left: str
    right: str
    verdict: Verdict
    reason: str = ""
    place: Proof | None = None

    @property
    def unexplained(self) -> bool:
        """Whether it is no pass and nobody gave a reason for it."""
        return self.verdict not in {Verdict.PASS, Verdict.ONE_SIDED} and not self.reason


@dataclass(frozen=True, kw_only=True)
class CapabilityComparison:
    """A capability on both sides. Its verdict is the worst that one of its facets has without a reason."""

    capability: str
    statement: str
    verdict: Verdict
    reason: str
    facets: tuple[FacetComparison, ...]
    left_proofs: tuple[Proof, ...]
    right_proofs: tuple[Proof, ...]

    @property
    def unexplained(self) -> bool:
        """Whether something about it is neither equal nor explained."""
        return self.verdict not in {Verdict.PASS, Verdict.ONE_SIDED} and not self.reason


@dataclass(frozen=True, kw_only=True)
class ObjectComparison:
    """A portable Kubernetes object: `Kind namespace/name`, and the paths where the sides differ.

    A digest is empty on the side that does not have the object.
    """

    object: str
    verdict: Verdict
    paths: tuple[str, ...] = ()
    reason: str = ""
    left_digest: str = ""
    right_digest: str = ""

    @property
    def unexplained(self) -> bool:
        """Whether it differs and nobody gave a reason."""
        return self.verdict not in {Verdict.PASS, Verdict.ONE_SIDED} and not self.reason


@dataclass(frozen=True, kw_only=True)
class UnmappedResource:
    """A resource that is neither portable nor proof of a capability nor declared as a part of its substrate."""

    side: Side
    urn: str
    type: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ParityReport:
    """`left` and `right` are the names of the stacks, and the digests are of their graphs.

    Two graphs of one stack are called `<stack>-left` and `<stack>-right`.

    `stale` lists declarations that explain nothing any more or whose review is due; each of them fails the comparison.
    `mapped` says how many resources of both graphs the comparison accounts for, out of `resources`.
    """

    left: str
    right: str
    left_digest: str
    right_digest: str
    capabilities: tuple[CapabilityComparison, ...]
    objects: tuple[ObjectComparison, ...]
    unmapped: tuple[UnmappedResource, ...]
    stale: tuple[str, ...]
    resources: int
    mapped: int

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """Number of capabilities, objects and unmapped resources of each verdict; every verdict is present."""
        counted = Counter([item.verdict for item in (*self.capabilities, *self.objects)])
        return {verdict: counted[verdict] for verdict in Verdict} | {Verdict.UNMAPPED: len(self.unmapped)}

    @property
    def unexplained(self) -> tuple[CapabilityComparison | ObjectComparison, ...]:
        """Everything that is neither equal nor explained."""
        return tuple(item for item in (*self.capabilities, *self.objects) if item.unexplained)

    @property
    def open_ends(self) -> int:
        """Everything without a reason, declarations that explain nothing any more, and what nothing accounts for."""
        return len(self.unexplained) + len(self.stale) + len(self.unmapped)

    @property
    def exit_code(self) -> int:
        """0: equal, or every difference explained. 1: something is weaker, missing, diverged or stale. 2: undecided."""
        if self.stale or any(item.verdict in FAILED for item in self.unexplained):
            return 1
        return 2 if self.unmapped or self.unexplained else 0
