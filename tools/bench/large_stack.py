"""A large stack to measure with: a rendered one several times side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.base.labels import COMPONENT, NAME

Resource = dict[str, Any]


def repeated(resources: list[Resource], count: int) -> list[Resource]:
    """`count` resources with the mix of `resources`: whole copies, and of the last one every so many.

    Each copy has namespaces and objects of its own, and what names an object of the stack names that of its copy, as
    where several teams have a platform each. The same objects over and over would be nothing that exists: as many
    Services of one name in one namespace, and each route leading to all of them.
    """
    whole, rest = divmod(count, len(resources))
    names = frozenset(_names(resources))
    places = [(copy, place) for copy in range(whole) for place in range(len(resources))]
    places += [(whole, number * len(resources) // rest) for number in range(rest)]
    return [_copied(resources[place], copy, names) if copy else resources[place] for copy, place in places]


def _names(resources: list[Resource]) -> Iterator[str]:
    """Names and namespaces of Kubernetes objects, and the names by which selectors find their pods."""
    for resource in resources:
        metadata = resource["inputs"].get("metadata") if resource["type"].startswith("kubernetes:") else None
        if isinstance(metadata, dict):
            labels = metadata.get("labels") or {}
            yield from filter(None, (metadata.get("name"), metadata.get("namespace"), labels.get(NAME)))


def _copied(resource: Resource, copy: int, names: frozenset[str]) -> Resource:
    def own(urn: str) -> str:
        return f"{urn}-{copy}" if urn else ""

    return resource | {
        "urn": own(resource["urn"]),
        "name": own(resource["name"]),
        "parent": own(resource["parent"] or ""),
        "provider": own(resource["provider"] or ""),
        "dependsOn": [own(urn) for urn in resource["dependsOn"]],
        "inputs": _renamed(resource["inputs"], copy, names),
    }


def _renamed(value: Any, copy: int, names: frozenset[str]) -> Any:
    if isinstance(value, str):
        return f"{value}-{copy}" if value in names else value
    if isinstance(value, list):
        return [_renamed(item, copy, names) for item in value]
    if isinstance(value, dict):
        # What kind of component a pod is has the same word in every copy: rules know it by that.
        return {key: item if key == COMPONENT else _renamed(item, copy, names) for key, item in value.items()}
    return value
