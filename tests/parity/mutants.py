"""Mutants of a graph, made from what the evidence of the catalogue has read: each is weaker than the original."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from components.base.capabilities.facets import Facet, Marker, Scale
from components.base.capabilities.resources import Key, Reading, Record
from tests.policies.cases import keys

Json = dict[str, Any]
UNKNOWN = "[secret]"
"""What nothing can be read from in a rendered graph."""


@dataclass(frozen=True)
class Mutant:
    """`record` stands for the resource of `reading`, changed; None: it is gone."""

    what: str
    reading: Reading
    record: Record | None


def mutants(reading: Reading, record: Record) -> Iterator[Mutant]:
    """The mutants of one proof: without the resource, and with the property gone, unknown or another one."""
    if not reading.permission:
        yield Mutant("gone", reading, None)
    if reading.path == "@protect":
        yield Mutant("unguarded", reading, _record(record, dict(record.inputs), protect=False))
    elif reading.path:
        for what, inputs in _changed(reading, record):
            yield Mutant(what, reading, _record(record, inputs, protect=record.protect))


def _changed(reading: Reading, record: Record) -> Iterator[tuple[str, Json]]:
    place = keys(reading.path)
    yield "unknown", _with(record.inputs, place, lambda _: UNKNOWN)
    if reading.inside:
        yield "removed inside", _with(record.inputs, place, _inside(reading, lambda _: None))
        yield "changed inside", _with(record.inputs, place, _inside(reading, lambda value: _weak(reading, value)))
        return
    if not reading.absence_holds:
        yield "removed", _with(record.inputs, place, lambda _: None)
    yield "changed", _with(record.inputs, place, lambda value: _weak(reading, value))


def _weak(reading: Reading, value: Any) -> Any:
    """Another value, of a kind that no evidence takes for a good one."""
    if value is None:
        return _WEAK_WHERE_ABSENT.get(reading.path.rpartition(".")[2], True)
    return "" if reading.any_text and isinstance(value, str) else _other(value)


_WEAK_WHERE_ABSENT = {
    "externalTrafficPolicy": "Cluster",
    "failurePolicy": "Ignore",
    "cidrIpv4": "0.0.0.0/0",
    "ingress": [{"cidrBlocks": ["0.0.0.0/0"]}],
}
"""What weakens where the good value is to have none."""


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        # A range of addresses becomes every address, a number of a text another one.
        return (
            "0.0.0.0/0"
            if value.startswith("10.")
            else _OTHER_NUMBERS.get(value, "0" if value.isdigit() else "weakened")
        )
    if isinstance(value, dict):
        return {} if value else {"weakened": {}}
    return [] if isinstance(value, list) else 0


_OTHER_NUMBERS = {"0": "9"}


def _inside(reading: Reading, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def edited(text: Any) -> Any:
        load, dump = (yaml.safe_load, yaml.safe_dump) if ".yaml" in reading.path else (json.loads, json.dumps)
        return dump(_with(load(text), list(reading.inside), change))

    return edited


def _with(value: Any, place: list[Key] | list[Any], change: Callable[[Any], Any]) -> Any:
    """A copy of `value`, changed at `place`."""
    if not place:
        return change(value)
    key, *rest = place
    if isinstance(value, list) and isinstance(key, int):
        return [_with(item, rest, change) if index == key else item for index, item in enumerate(value)]
    members = dict(value or {})
    return {**members, key: _with(members.get(key), rest, change)}


def _record(record: Record, inputs: Any, *, protect: bool) -> Record:
    return Record(
        urn=record.urn,
        type=record.type,
        name=record.name,
        inputs=inputs,
        depends_on=record.depends_on,
        protect=protect,
        ignored=record.ignored,
    )


def is_proof(facet: Facet, reading: Reading) -> bool:
    """Whether the reading says something good that the contract or the other side may ask for.

    Weakening what says the worst weakens nothing, and above a minimum that is a floor, settings choose.
    """
    value, order = reading.value, facet.order
    if isinstance(value, Marker) or (isinstance(order, Scale) and value == order.levels[0]):
        return False
    if isinstance(value, frozenset):
        return bool(value & facet.minimum if facet.floor_only and isinstance(facet.minimum, frozenset) else value)
    return True
