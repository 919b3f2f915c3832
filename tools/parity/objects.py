"""Portable objects of both sides: the same, different at these paths, or on one side only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.parity.parts import model_of, models_of, part_of
from tools.parity.portable import CHART, Canonical, PortableObject, differing
from tools.parity.substitutions import Substitution
from tools.parity.verdicts import ObjectComparison, Verdict


@dataclass(frozen=True)
class Objects:
    """`compared` in the order of names; `used` are the substitutions that were needed; `urns` are those compared."""

    compared: tuple[ObjectComparison, ...]
    used: frozenset[Substitution]
    urns: frozenset[str]


def compare_objects(left: Mapping[str, Any], right: Mapping[str, Any]) -> Objects:
    """Compare the portable objects of two graphs."""
    apart = models_of(left) ^ models_of(right)
    one, two = (Canonical(graph, apart).objects(filter(is_portable, graph["resources"])) for graph in (left, right))
    explained = dict(_declared_models(left, right, {*one, *two}))
    compared = tuple(_compared(name, one.get(name), two.get(name), explained) for name in sorted({*one, *two}))
    every = (*one.values(), *two.values())
    return Objects(compared, frozenset().union(*(item.used for item in every)), frozenset(item.urn for item in every))


def is_portable(resource: Mapping[str, Any]) -> bool:
    """Whether the resource should be the same on every substrate."""
    return (resource["type"] == CHART or resource["type"].startswith("kubernetes:")) and part_of(resource) is None


def _declared_models(left: Mapping[str, Any], right: Mapping[str, Any], names: set[str]) -> Iterator[tuple[str, str]]:
    """The objects of models that one stack declares and the other does not, with the reason."""
    mine, others = models_of(left), models_of(right)
    for name in names:
        model = model_of(name, mine | others)
        if model in mine ^ others:
            stack = left["stack"] if model in mine else right["stack"]
            yield name, f"the settings of {stack} alone declare the model {model}"


def _compared(
    name: str, one: PortableObject | None, two: PortableObject | None, explained: Mapping[str, str]
) -> ObjectComparison:
    left, right = one.digest if one else "", two.digest if two else ""
    if one and two:
        verdict = Verdict.PASS if left == right else Verdict.DIVERGED_OBJECT
        paths = () if left == right else tuple(differing(one.content, two.content))
        return ObjectComparison(object=name, verdict=verdict, paths=paths, left_digest=left, right_digest=right)
    reason = explained.get(name, "")
    verdict = Verdict.ONE_SIDED if reason else Verdict.MISSING
    return ObjectComparison(object=name, verdict=verdict, reason=reason, left_digest=left, right_digest=right)
