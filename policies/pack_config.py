"""The pack's configuration: its schema for the engine, and the one reader of it.

The form is the engine's: an object per policy of the pack. `policies/config/<stack>.json` is what both `make policy`
and the engine use for a stack; `--policy-pack-config` names another file.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

from policies.findings import Level
from policies.pack_settings import DEFAULTS, PackSettings
from policies.registry import Registry, Rule

RESOURCES_POLICY = "resources-mandatory"
STACK_POLICY = "stack-mandatory"
PARITY_PREFIX = "PAR-"
"""Rules of the contract of capabilities. They are reported by a policy of their own and configured with the stack's."""

FOLDER = Path(__file__).with_name("config")

PINNED = "pinned"

_MOST_LISTED = 5
"""Names that a message lists; more are in docs/policies.md."""

_LISTS = {
    "registries": "Registry hosts, or hosts with a path prefix, that images may come from; `pinned` stands for those "
    "of components/base/pins.py. A stack with a mirror of everything names the mirror's prefix alone.",
    "remoteCode": "organisation/model@revision (40 hex digits) of models whose code may run inside a model server.",
}


class PackConfigError(ValueError):
    """The configuration cannot be used; the message is one line with the key path and the fix."""


def schema(policy: str, registry: Registry) -> dict[str, Any]:
    """JSON schema of the properties that `policy` of the pack takes from its configuration."""
    levels = {
        rule.id: {"enum": [level.value for level in Level], "description": rule.title}
        for rule in _rules_of(policy, registry)
        if not rule.must_stay_mandatory
    }
    properties: dict[str, Any] = {
        "levels": {"type": "object", "properties": levels, "additionalProperties": False},
    }
    if policy == RESOURCES_POLICY:
        properties |= {
            key: {"type": "array", "items": {"type": "string", "minLength": 1}, "description": text}
            for key, text in _LISTS.items()
        }
    return properties


def settings_of(stack: str, registry: Registry, folder: Path = FOLDER) -> PackSettings:
    """The settings of a stack: those of its file, or the strictest where it has none. Raises PackConfigError."""
    path = folder / f"{stack}.json"
    return read_settings(path, registry) if path.exists() else DEFAULTS


def read_settings(path: Path, registry: Registry) -> PackSettings:
    """Read a configuration file. Raises PackConfigError."""
    try:
        document: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise PackConfigError(message) from error
    except ValueError as error:
        message = f"{path}: is not JSON ({error})"
        raise PackConfigError(message) from error
    try:
        return parse_settings(document, registry)
    except PackConfigError as error:
        message = f"{path}: {error}"
        raise PackConfigError(message) from error


def parse_settings(document: object, registry: Registry) -> PackSettings:
    """Settings from the whole configuration of the pack. Raises PackConfigError."""
    members = _object(document, "the file")
    _known_keys(members, (RESOURCES_POLICY, STACK_POLICY), "", "policy")
    levels: dict[str, Level] = {}
    lists: dict[str, frozenset[str]] = {}
    for policy, value in members.items():
        properties = _object(value, policy)
        _known_keys(properties, schema(policy, registry), policy, "setting")
        levels |= _levels(properties.get("levels", {}), policy, registry)
        lists |= {key: _strings(properties[key], f"{policy}.{key}") for key in _LISTS if key in properties}
    return PackSettings(
        levels=levels,
        registries=_registries(lists["registries"]) if "registries" in lists else DEFAULTS.registries,
        remote_code=lists.get("remoteCode", DEFAULTS.remote_code),
    )


def _registries(listed: frozenset[str]) -> frozenset[str]:
    """`pinned` stands for the registries that the pins name, so that no list of them is kept a second time."""
    return (listed - {PINNED}) | DEFAULTS.registries if PINNED in listed else listed


def _levels(value: object, policy: str, registry: Registry) -> dict[str, Level]:
    place = f"{policy}.levels"
    return {rule_id: _level(text, rule_id, policy, registry) for rule_id, text in _object(value, place).items()}


def _level(text: object, rule_id: str, policy: str, registry: Registry) -> Level:
    place = f"{policy}.levels.{rule_id}"
    rule = registry.get(rule_id)
    if rule is None:
        _refuse(
            place, f"there is no such rule{_nearest(rule_id, (rule.id for rule in registry))}; see docs/policies.md"
        )
    if rule not in _rules_of(policy, registry):
        other = STACK_POLICY if policy == RESOURCES_POLICY else RESOURCES_POLICY
        _refuse(place, f"{rule_id} belongs to {other}; move the line there")
    if rule.must_stay_mandatory:
        _refuse(place, f"{rule_id} must stay mandatory; remove the line and change the object instead")
    if text not in [level.value for level in Level]:
        _refuse(place, f"must be one of {', '.join(level.value for level in Level)}")
    return Level(cast("str", text))


def _rules_of(policy: str, registry: Registry) -> list[Rule]:
    return [rule for rule in registry if (rule.scope == "resource") == (policy == RESOURCES_POLICY)]


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(place, "must be an object")
    return cast("Mapping[str, Any]", value)


def _strings(value: object, place: str) -> frozenset[str]:
    items: list[object] = cast("list[object]", value) if isinstance(value, list) else []
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in items):
        _refuse(place, "must be a list of texts")
    return frozenset(cast("list[str]", items))


def _known_keys(members: Mapping[str, Any], known: Iterable[str], place: str, noun: str) -> None:
    known = list(known)
    for key in members:
        if key not in known:
            _refuse(f"{place}.{key}".strip("."), f"there is no such {noun}{_nearest(key, known)}")


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f", did you mean {near[0]}?"
    return f"; there is {', '.join(known)}" if len(known) <= _MOST_LISTED else ""


def _refuse(place: str, problem: str) -> NoReturn:
    message = f"{place}: {problem}"
    raise PackConfigError(message)
