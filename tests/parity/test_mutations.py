"""Every proof of every capability, taken away or weakened on one side, is reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache

import pytest

from components.base.capabilities import CAPABILITIES, Capability
from components.base.capabilities.catalogue import CATALOGUE
from components.base.capabilities.evaluation import Evaluation, Provision, evaluate
from components.base.capabilities.resources import Resources, records_of
from tests.parity.graphs import graph_of
from tests.parity.mutants import Mutant, is_proof, mutants
from tools.parity.objects import is_portable
from tools.parity.parts import models_of
from tools.parity.portable import Canonical, PortableObject
from tools.parity.provisions import Comparison

TODAY = date(2026, 11, 21)
SIDES = ("dev", "prod")


@cache
def _resources(stack: str) -> Resources:
    return records_of(graph_of(stack))


@cache
def _evaluation(stack: str) -> Evaluation:
    evaluation = evaluate(_resources(stack))
    assert evaluation is not None
    return evaluation


def _provision(stack: str, capability: Capability) -> Provision:
    return next(item for item in _evaluation(stack).provisions if item.specification.name == capability)


def _mutants(stack: str, capability: Capability) -> Iterator[Mutant]:
    records = {record.urn: record for record in _resources(stack).records}
    seen: set[tuple[str, ...]] = set()
    provision = _provision(stack, capability)
    for reading in provision.readings:
        facet = provision.specification.facet(reading.facet)
        for mutant in mutants(reading, records[reading.urn]) if is_proof(facet, reading) else ():
            key = (
                mutant.what,
                reading.urn,
                reading.path if mutant.record else "",
                repr(reading.inside if mutant.record else ""),
            )
            if key not in seen:
                seen.add(key)
                yield mutant


def _mutated(stack: str, capability: Capability, mutant: Mutant) -> Evaluation:
    """The stack's evaluation with one capability evaluated anew over the mutant."""
    records = [mutant.record if record.urn == mutant.reading.urn else record for record in _resources(stack).records]
    resources = Resources(record for record in records if record is not None)
    original = _evaluation(stack)
    provisions = tuple(
        Provision(item.specification, tuple(item.specification.evidence(resources)))
        if item.specification.name == capability
        else item
        for item in original.provisions
    )
    return Evaluation(original.substrate, provisions)


def _is_reported(stack: str, capability: Capability, mutant: Mutant) -> bool:
    other = next(side for side in SIDES if side != stack)
    mutated = _mutated(stack, capability, mutant)
    if stack == "dev":
        comparison = Comparison(mutated, _evaluation(other), TODAY)
    else:
        comparison = Comparison(_evaluation(other), mutated, TODAY)
    verdicts = {item.capability: item for item in comparison.capabilities()}
    return verdicts[capability].unexplained or bool(list(comparison.stale())) or _is_reported_as_object(stack, mutant)


@cache
def _canonical(stack: str) -> Canonical:
    return Canonical(graph_of(stack), models_of(graph_of("dev")) ^ models_of(graph_of("prod")))


@cache
def _objects(stack: str) -> dict[str, PortableObject]:
    return _canonical(stack).objects(filter(is_portable, graph_of(stack)["resources"]))


def _is_reported_as_object(stack: str, mutant: Mutant) -> bool:
    """Whether the comparison of portable objects sees it: the other side has the object, and now another one."""
    other = next(side for side in SIDES if side != stack)
    original = next((item for item in _objects(stack).values() if item.urn == mutant.reading.urn), None)
    if original is None or original.name not in _objects(other):
        return False
    if mutant.record is None:
        return True
    resource = next(item for item in graph_of(stack)["resources"] if item["urn"] == mutant.reading.urn)
    record = {**resource, "inputs": mutant.record.inputs, "protect": mutant.record.protect}
    (changed,) = _canonical(stack).objects([record]).values()
    return changed.name != original.name or changed.digest != _objects(other)[original.name].digest


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_no_mutant_of_a_capability_survives(capability: Capability) -> None:
    tried = [(stack, mutant) for stack in SIDES for mutant in _mutants(stack, capability)]
    survivors = [
        f"{stack}: {mutant.what} {mutant.reading}"
        for stack, mutant in tried
        if not _is_reported(stack, capability, mutant)
    ]
    assert tried
    assert survivors == []


def test_every_facet_of_the_catalogue_has_mutants() -> None:
    facets = {(item.name, facet.name) for item in CATALOGUE for facet in item.facets}
    mutated = {
        (provision.specification.name, reading.facet)
        for stack in SIDES
        for provision in _evaluation(stack).provisions
        for reading in provision.readings
        if is_proof(provision.specification.facet(reading.facet), reading)
    }
    assert facets - mutated == set()


def test_readings_belong_to_facets_of_their_capability() -> None:
    for stack in (*SIDES, "local"):
        for provision in _evaluation(stack).provisions:
            names = {facet.name for facet in provision.specification.facets}
            read: set[str] = {reading.facet for reading in provision.readings}
            assert read == (names if provision.provided else set()), (stack, provision.specification.name)
