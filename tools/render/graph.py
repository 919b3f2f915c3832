"""The rendered stack as plain data: resources, wiring, and which component each resource belongs to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.base.labels import CAPABILITIES
from policies.graph import VERSION
from tools.render import answers, wire
from tools.render.monitor import STACK_TYPE, RecordedResource
from tools.render.replacing import replace_file

_OWN = "ai-platform:"
_WIRING_TYPE = "ai-platform:network_isolation:NetworkIsolation"


@dataclass(frozen=True, kw_only=True)
class RenderedStack:
    """A stack after rendering. `resources` are sorted by URN; `outputs` are the stack's exports, redacted."""

    project: str
    stack: str
    resources: tuple[RecordedResource, ...]
    outputs: Mapping[str, Any]

    def component(self, resource: RecordedResource) -> str:
        """Folder of the topmost platform component above `resource`, or `stack` for what stands outside any."""
        for token in resource.urn.split("::")[2].split("$"):
            if token.startswith(_OWN):
                return token.split(":")[1]
        return "stack"

    @property
    def objects(self) -> tuple[RecordedResource, ...]:
        """The Kubernetes API objects."""
        return tuple(resource for resource in self.resources if answers.is_kubernetes_object(resource.type))

    @property
    def charts(self) -> tuple[RecordedResource, ...]:
        """The pinned charts, whether they are deployed or left out."""
        return tuple(resource for resource in self.resources if resource.type == "ai-platform:charts:PinnedChart")

    @property
    def wiring(self) -> list[dict[str, Any]]:
        """Edges that the network isolation component recorded."""
        for resource in self.resources:
            if resource.type == _WIRING_TYPE:
                return list(resource.inputs["edges"])
        return []

    def as_graph(self) -> dict[str, Any]:
        """The content of graph.json, secrets redacted."""
        return {
            "version": VERSION,
            "project": self.project,
            "stack": self.stack,
            "resources": [self._entry(resource) for resource in self.resources],
            "wiring": self.wiring,
        }

    def _entry(self, resource: RecordedResource) -> dict[str, Any]:
        return {
            "urn": resource.urn,
            "type": resource.type,
            "name": resource.name,
            "inputs": wire.redacted(resource.inputs),
            "parent": "" if f"::{STACK_TYPE}::" in resource.parent else resource.parent,
            "provider": resource.provider,
            "dependsOn": list(resource.depends_on),
            "protect": resource.protect,
            "retainOnDelete": resource.retain_on_delete,
            "ignoreChanges": list(resource.ignore_changes),
            "aliases": list(resource.aliases),
            "component": self.component(resource),
            "capabilities": _capabilities(resource.inputs),
            "secretPaths": sorted(wire.secret_paths(resource.inputs)),
        }


def _capabilities(inputs: Mapping[str, Any]) -> list[str]:
    annotations = (inputs.get("metadata") or {}).get("annotations") or {}
    text = annotations.get(CAPABILITIES) or (inputs.get("tags") or {}).get(CAPABILITIES) or ""
    return sorted(text.split())


def write_graph(rendered: RenderedStack, path: Path) -> None:
    """Write graph.json: sorted keys, so that two renders of one stack are the same bytes."""
    replace_file(path, json.dumps(rendered.as_graph(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def by_component(rendered: RenderedStack, resources: Iterable[RecordedResource]) -> dict[str, list[RecordedResource]]:
    """Group resources by component, in the order of their first resource."""
    groups: dict[str, list[RecordedResource]] = {}
    for resource in resources:
        groups.setdefault(rendered.component(resource), []).append(resource)
    return groups
