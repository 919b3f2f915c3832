"""The objects of a rendered stack as the cluster is given them, and those that an earlier run left behind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.render.api_groups import group_of
from tools.render.graph import RenderedStack
from tools.render.manifests import manifest
from tools.simulator.kubectl import FIELD_MANAGER, Kubectl

Manifest = dict[str, Any]

LABEL = "ai-platform/applied-from"
"""Label that a rehearsal puts on what it applies, so that the next one finds what is gone from the stack."""


@dataclass(frozen=True, kw_only=True, order=True)
class Address:
    """Where an object lives. The version is left out: one object is served under all versions of its group."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


def address_of(item: Mapping[str, Any]) -> Address:
    """Address of an object."""
    metadata = item["metadata"]
    return Address(
        group=group_of(item), kind=item["kind"], namespace=metadata.get("namespace", ""), name=metadata["name"]
    )


def labelled_manifests(rendered: RenderedStack) -> list[Manifest]:
    """All objects of the stack in clear text, labelled. For the API server only, never for a file."""
    return [_labelled(manifest(resource, clear_text=True), rendered.stack) for resource in rendered.objects]


def _labelled(document: Manifest, stack: str) -> Manifest:
    metadata = document["metadata"]
    return document | {"metadata": metadata | {"labels": (metadata.get("labels") or {}) | {LABEL: stack}}}


def applied_objects(kubectl: Kubectl, stack: str) -> dict[Address, Manifest]:
    """Every object in the cluster that carries the label of `stack`, with managed fields, without its data."""
    kinds = kubectl.run("api-resources", "--verbs=list,delete", "--output=name").lines
    kinds = tuple(sorted({kind for kind in kinds if not kind.startswith(_NEVER_LABELLED)}))
    arguments = ("--all-namespaces", f"--selector={LABEL}={stack}", "--output=json", "--show-managed-fields")
    found = json.loads(kubectl.run("get", ",".join(kinds), *arguments).stdout)["items"]
    # Events and endpoint slices copy the labels of what they belong to.
    return {address_of(item): item for item in found if not item["metadata"].get("ownerReferences")}


_NEVER_LABELLED = ("events", "endpoints", "endpointslices", "componentstatuses", "podmetrics", "nodemetrics")


def changed_by_us(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an apply between the two changed the object.

    The time at which this program's fields last changed tells, but for objects that a controller applies a status to:
    the API server then notes a new time on the next apply, although nothing is new (seen at 1.36 with
    ValidatingAdmissionPolicies). Where an object counts its generations, one of those or the metadata has to differ
    too.
    """
    if _applied_at(before) == _applied_at(after):
        return False
    if not after["metadata"].get("generation"):
        return True
    return _declared(before["metadata"]) != _declared(after["metadata"])


def _applied_at(item: Mapping[str, Any]) -> str:
    entries: Iterable[Mapping[str, Any]] = item["metadata"].get("managedFields") or []
    return max((entry.get("time", "") for entry in entries if entry.get("manager") == FIELD_MANAGER), default="")


def _declared(metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    return metadata.get("generation"), metadata.get("labels"), metadata.get("annotations")
