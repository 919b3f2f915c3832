"""Portable objects: what is the same on every substrate, brought into one form and compared by digest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from components.base.capabilities.resources import kind_of
from tools.parity.network_policies import without_addresses
from tools.parity.substitutions import SUBSTITUTIONS, Substitution, pattern_of

CHART = "ai-platform:charts:PinnedChart"
_HASHED = re.compile(r"-[0-9a-f]{8}$")
_HASHED_KINDS = frozenset({"ConfigMap", "Secret", "Job"})
_BUCKET = re.compile(r"s3://[a-z0-9-]*?(models|backups|documents)(?=/|$)")
_ADD_ONS = re.compile(r", r'(?:karpenter|load-balancer|storage|upgrades)'")
"""Namespaces of a substrate's add-ons in the list of those whose pods may use the node (admission policies)."""
_ADD_ON_ROLES = "(request.kind.kind in ['ClusterRole'] && dyn(object).metadata.name in [r'local-path-provisioner']) || "
"""What lets the roles of a substrate's add-ons through (admission policies)."""
_DOCUMENTS: Mapping[str, Callable[[str], Any]] = {".json": json.loads, ".yaml": yaml.safe_load, ".yml": yaml.safe_load}


@dataclass(frozen=True)
class PortableObject:
    """One object in canonical form. `used` are the substitutions that left something of it out."""

    name: str
    urn: str
    content: Any
    used: frozenset[Substitution] = field(default_factory=frozenset)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form."""
        return hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()


class Canonical:
    """Brings the objects of one graph into canonical form. The stack's own names are replaced in all texts."""

    def __init__(self, graph: Mapping[str, Any], models: frozenset[str]) -> None:
        """`models` are those that only one of the two stacks declares."""
        self._models = models
        resources = cast("list[dict[str, Any]]", graph["resources"])
        self._hashed = {
            name: _HASHED.sub("-<content>", name)
            for resource in resources
            if (name := _metadata(resource).get("name"))
            and kind_name(resource) in _HASHED_KINDS
            and _HASHED.search(name)
        }
        domain = _domain(resources)
        self._replaced: list[tuple[str, str]] = [(domain, "<domain>")] if domain else []

    def objects(self, resources: Iterable[Mapping[str, Any]]) -> dict[str, PortableObject]:
        """The objects by name. Two objects of one name keep both: the second gets a number."""
        found: dict[str, PortableObject] = {}
        for resource in resources:
            item = self._object(resource)
            name, number = item.name, 1
            while name in found:
                number += 1
                name = f"{item.name} ({number})"
            found[name] = item
        return found

    def _object(self, resource: Mapping[str, Any]) -> PortableObject:
        name = object_name(resource)
        entries = [entry for entry in SUBSTITUTIONS if entry.applies_to(name)]
        used: set[Substitution] = set()
        inputs = (
            without_addresses(name, resource["inputs"], self._models)
            if kind_name(resource) == "NetworkPolicy"
            else resource["inputs"]
        )
        content = self._plain(inputs, "", entries, used)
        return PortableObject(name, resource["urn"], {"protect": resource.get("protect"), **content}, frozenset(used))

    def _plain(self, value: Any, path: str, entries: list[Substitution], used: set[Substitution]) -> Any:
        if isinstance(value, str):
            document = _document(value, path)
            return self._text(value) if document is None else self._plain(document, path, entries, used)
        if isinstance(value, list):
            value = _by_name(cast("list[Any]", value))
        if isinstance(value, dict):
            return self._members(cast("dict[str, Any]", value), path, entries, used)
        if isinstance(value, list):
            return [
                self._plain(item, f"{path}.{index}", entries, used)
                for index, item in enumerate(cast("list[Any]", value))
            ]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def _members(self, value: dict[str, Any], path: str, entries: list[Substitution], used: set[Substitution]) -> Any:
        kept: dict[str, Any] = {}
        for key, item in value.items():
            place = f"{path}.{key}" if path else str(key)
            entry = next((entry for entry in entries if pattern_of(entry.paths).fullmatch(place)), None)
            if entry:
                used.add(entry)
            elif item is not None:
                kept[self._text(str(key))] = self._plain(item, place, entries, used)
        return kept

    def _text(self, text: str) -> str:
        if text in self._hashed:
            return self._hashed[text]
        for old, new in self._replaced:
            text = text.replace(old, new)
        return _ADD_ONS.sub("", _BUCKET.sub(r"s3://<\1>", text)).removeprefix(_ADD_ON_ROLES)


def object_name(resource: Mapping[str, Any]) -> str:
    """`Kind namespace/name` or `Kind name`, without the hash of contents at the end."""
    if resource["type"] == CHART:
        return f"Chart {resource['inputs'].get('namespace')}/{resource['inputs'].get('chart')}"
    metadata = _metadata(resource)
    kind = kind_name(resource)
    name = str(metadata.get("name") or resource["name"])
    name = _HASHED.sub("", name) if kind in _HASHED_KINDS else name
    return f"{kind} {metadata['namespace']}/{name}" if metadata.get("namespace") else f"{kind} {name}"


def kind_name(resource: Mapping[str, Any]) -> str:
    """Kind of a Kubernetes object without its group and version, empty for other resources."""
    return kind_of(resource["type"]).rpartition(":")[2] if resource["type"].startswith("kubernetes:") else ""


def differing(left: Any, right: Any, path: str = "") -> list[str]:
    """The paths at which two canonical forms differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        one, two = cast("dict[str, Any]", left), cast("dict[str, Any]", right)
        return [
            found
            for key in sorted({*one, *two})
            for found in differing(one.get(key), two.get(key), f"{path}.{key}" if path else key)
        ]
    if isinstance(left, list) and isinstance(right, list):
        many, others = cast("list[Any]", left), cast("list[Any]", right)
        if len(many) == len(others):
            return [
                found
                for index, (one, two) in enumerate(zip(many, others, strict=True))
                for found in differing(one, two, f"{path}[{index}]")
            ]
    return [] if left == right else [path]


def _metadata(resource: Mapping[str, Any]) -> dict[str, Any]:
    metadata = resource["inputs"].get("metadata")
    return cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {}


def _domain(resources: Iterable[Mapping[str, Any]]) -> str:
    """The domain of the stack: what follows `api.` in the host name of the route of keys."""
    for resource in resources:
        if object_name(resource) == "HTTPRoute gateway/api-keys" if kind_name(resource) == "HTTPRoute" else False:
            for host in resource["inputs"].get("spec", {}).get("hostnames") or ():
                return str(host).partition(".")[2]
    return ""


def _by_name(items: list[Any]) -> Any:
    """A list whose members all have names of their own, as an object by name; any other list as it is."""
    names = [cast("dict[str, Any]", item).get("name") for item in items if isinstance(item, dict)]
    named = bool(names) and len(names) == len(items) and all(isinstance(name, str) for name in names)
    return dict(zip(cast("list[str]", names), items, strict=True)) if named and len(set(names)) == len(names) else items


def _document(text: str, path: str) -> Any:
    """What a file of a ConfigMap holds, None for anything else."""
    if not path.startswith("data."):
        return None
    load = next((load for suffix, load in _DOCUMENTS.items() if path.endswith(suffix)), None)
    try:
        document = load(text) if load else None
    except (ValueError, yaml.YAMLError):
        return None
    return document if isinstance(document, (dict, list)) else None
