"""Capabilities of both sides, facet by facet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from components.base.capabilities.evaluation import Evaluation, Provision, reaches
from components.base.capabilities.facets import ABSENT, UNKNOWN, Difference, Facet, Marker, Substrate, Value, shown
from tools.parity.verdicts import CapabilityComparison, FacetComparison, Proof, Verdict

_RANK = {
    Verdict.PASS: 0,
    Verdict.ONE_SIDED: 1,
    Verdict.UNKNOWN: 2,
    Verdict.WEAKER_LEFT: 3,
    Verdict.WEAKER_RIGHT: 3,
    Verdict.MISSING: 4,
}
"""From the mildest to the worst."""


@dataclass
class Comparison:
    """Compares two evaluations and remembers which declarations it needed."""

    left: Evaluation
    right: Evaluation
    today: date
    used: set[int] = field(default_factory=set[int])

    def capabilities(self) -> tuple[CapabilityComparison, ...]:
        """All capabilities, in the order of the catalogue."""
        pairs = zip(self.left.provisions, self.right.provisions, strict=True)
        return tuple(self._capability(one, two) for one, two in pairs)

    def stale(self) -> Iterator[str]:
        """Declarations about these two substrates that explain nothing, and reasons that are due for review."""
        for evaluation in (self.left, self.right):
            for provision in evaluation.provisions:
                yield from self._stale_one_sided(provision, evaluation.substrate)
                yield from self._stale_relaxed(provision, evaluation.substrate)
        for one, two in zip(self.left.provisions, self.right.provisions, strict=True):
            for facet in one.specification.facets:
                # Values that differ in another way are reported as such, and unknown ones decide nothing.
                if one.value(facet) == two.value(facet) and not isinstance(one.value(facet), Marker):
                    yield from self._stale_differences(one.specification.name, facet, one.value(facet))

    def _stale_differences(self, capability: str, facet: Facet, value: Value) -> Iterator[str]:
        pair = {self.left.substrate, self.right.substrate}
        for item in facet.differences:
            if {item.weaker, item.stronger} == pair and id(item) not in self.used:
                fact = f"declared are {shown(item.value)} on {item.weaker} and {shown(item.than)} on {item.stronger}"
                yield f"{capability} {facet.name}: {fact}, and both have {shown(value)}: {_remedy(item, value)}"

    def _stale_one_sided(self, provision: Provision, substrate: Substrate) -> Iterator[str]:
        declared = provision.specification.one_sided
        if declared and substrate not in declared.on and provision.provided:
            yield f"{provision.specification.name}: {substrate} provides it though it is declared not to"
        if declared and self.today > declared.review:
            name = provision.specification.name
            yield f"{name}: the reason for having it on one side was to be reviewed on {declared.review}"

    @staticmethod
    def _stale_relaxed(provision: Provision, substrate: Substrate) -> Iterator[str]:
        for facet in provision.specification.facets:
            for item in facet.relaxed:
                if item.on == substrate and reaches(facet, provision.value(facet), facet.minimum):
                    name = f"{provision.specification.name} {facet.name}"
                    yield f"{name}: {substrate} reaches the minimum and needs no lower one"

    def _capability(self, one: Provision, two: Provision) -> CapabilityComparison:
        facets, verdict, reason = self._facets(one, two)
        return CapabilityComparison(
            capability=one.specification.name,
            statement=one.specification.statement,
            verdict=verdict,
            reason=reason,
            facets=facets,
            left_proofs=_proofs(one),
            right_proofs=_proofs(two),
        )

    def _facets(self, one: Provision, two: Provision) -> tuple[tuple[FacetComparison, ...], Verdict, str]:
        specification = one.specification
        if not (one.provided and two.provided):
            verdict, reason = self._presence(one, two)
            facets = (
                tuple(self._alone(facet, one, two) for facet in specification.facets)
                if verdict is Verdict.ONE_SIDED
                else ()
            )
            worst = max((facet.verdict for facet in facets), key=_RANK.__getitem__, default=verdict)
            return facets, worst, reason if worst is verdict else ""
        facets = tuple(self._facet(facet, one, two) for facet in specification.facets)
        open_facets = [facet for facet in facets if facet.unexplained]
        worst = max((facet.verdict for facet in open_facets or facets), key=_RANK.__getitem__)
        return (
            facets,
            worst,
            "" if open_facets else "; ".join(dict.fromkeys(facet.reason for facet in facets if facet.reason)),
        )

    def _presence(self, one: Provision, two: Provision) -> tuple[Verdict, str]:
        declared = one.specification.one_sided
        if not one.provided and not two.provided:
            lacking = {self.left.substrate, self.right.substrate}
            if one.specification.chosen:
                return Verdict.PASS, ""
            return (
                (Verdict.ONE_SIDED, declared.reason)
                if declared and not lacking & set(declared.on)
                else (Verdict.MISSING, "")
            )
        lacking_side = self.left.substrate if not one.provided else self.right.substrate
        if declared and lacking_side not in declared.on:
            return Verdict.ONE_SIDED, declared.reason
        return Verdict.MISSING, ""

    def _alone(self, facet: Facet, one: Provision, two: Provision) -> FacetComparison:
        """A facet that only one side has: that side must still reach the minimum."""
        verdict, place = Verdict.ONE_SIDED, None
        for provision, side, weaker in ((one, self.left, Verdict.WEAKER_LEFT), (two, self.right, Verdict.WEAKER_RIGHT)):
            least = facet.required(side.substrate)
            if provision.provided and not reaches(facet, provision.value(facet), least):
                verdict = Verdict.UNKNOWN if provision.value(facet) is UNKNOWN else weaker
                place = _place(provision, facet, least)
        return _facet_comparison(facet, one, two, verdict, place=place)

    def _facet(self, facet: Facet, one: Provision, two: Provision) -> FacetComparison:
        left, right = one.value(facet), two.value(facet)
        verdict, reason = self._verdict(facet, left, right)
        place = None
        if verdict is not Verdict.PASS and not reason:
            weaker, other = (two, left) if verdict is Verdict.WEAKER_RIGHT or right is UNKNOWN else (one, right)
            place = _place(weaker, facet, other)
        return _facet_comparison(facet, one, two, verdict, reason=reason, place=place)

    def _verdict(self, facet: Facet, left: Value, right: Value) -> tuple[Verdict, str]:
        if UNKNOWN in (left, right):
            return Verdict.UNKNOWN, ""
        if ABSENT in (left, right):
            return (Verdict.WEAKER_LEFT if left is ABSENT else Verdict.WEAKER_RIGHT), ""
        if left == right:
            # Whether that is enough is for the contract to say, about one stack at a time.
            return Verdict.PASS, ""
        left_fits = reaches(facet, left, facet.required(self.left.substrate))
        right_fits = reaches(facet, right, facet.required(self.right.substrate))
        if left_fits and right_fits and facet.floor_only:
            return Verdict.PASS, ""
        verdict = Verdict.WEAKER_LEFT if _is_weaker(facet, left, right) else Verdict.WEAKER_RIGHT
        weaker, stronger = (self.left, self.right) if verdict is Verdict.WEAKER_LEFT else (self.right, self.left)
        if not (left_fits and right_fits):
            return verdict, ""
        values = (left, right) if verdict is Verdict.WEAKER_LEFT else (right, left)
        accepted = _accepted(facet, weaker.substrate, stronger.substrate, *values)
        if accepted:
            self.used.add(id(accepted))
        return verdict, accepted.reason if accepted else ""


def _remedy(item: Difference, value: Value) -> str:
    """What to do where both substrates have `value`, so that a declared difference explains nothing."""
    if value == item.value:
        return f"{item.stronger} has lost it; bring it back, or take the difference out of the catalogue"
    return "take the difference out of the catalogue"


def _is_weaker(facet: Facet, value: Value, other: Value) -> bool:
    """Whether `value` is the weaker of two values. Of two sets that lack something each, the smaller one is."""
    if isinstance(value, Marker) or isinstance(other, Marker):
        return isinstance(value, Marker)
    one, two = facet.order.at_least(value, other), facet.order.at_least(other, value)
    return two if one != two else (len(shown(value)), shown(value)) < (len(shown(other)), shown(other))


def _accepted(facet: Facet, weaker: Substrate, stronger: Substrate, value: Value, than: Value) -> Difference | None:
    found = (weaker, stronger, value, than)
    return next(
        (item for item in facet.differences if (item.weaker, item.stronger, item.value, item.than) == found), None
    )


def _facet_comparison(
    facet: Facet, one: Provision, two: Provision, verdict: Verdict, *, reason: str = "", place: Proof | None = None
) -> FacetComparison:
    return FacetComparison(
        facet=facet.name,
        meaning=facet.meaning,
        kind=facet.kind,
        left=shown(one.value(facet)),
        right=shown(two.value(facet)),
        verdict=verdict,
        reason=reason,
        place=place,
    )


def _place(provision: Provision, facet: Facet, than: Value) -> Proof | None:
    """What keeps a facet unknown, or below `than`."""
    reading = provision.unknown(facet)
    if reading is None and not isinstance(than, Marker):
        reading = provision.weakest(facet, than)
    return Proof(facet=facet.name, urn=reading.urn, path=reading.path) if reading else None


def _proofs(provision: Provision) -> tuple[Proof, ...]:
    """Each place once, in the order of its facet, resource and path."""
    places = {(reading.facet, reading.urn, reading.path) for reading in provision.readings}
    return tuple(Proof(facet=facet, urn=urn, path=path) for facet, urn, path in sorted(places))
