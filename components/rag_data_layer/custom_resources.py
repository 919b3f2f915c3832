"""Custom resources of the data namespace: one shape for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels
from components.base.namespaces import DATA

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict


_COMPONENT = "database"


@dataclass(frozen=True, kw_only=True)
class CustomObject:
    """One custom resource. `name` is its own name, by which others and operators address it."""

    api_version: str
    kind: str
    name: str
    spec: Mapping[str, Any]
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])


def metadata(name: str, owner: str, environment: str, extra: Mapping[str, str] | None = None) -> ObjectMetaArgsDict:
    """Metadata of an object of the database `owner`, with `extra` labels."""
    own = labels.object_labels(owner, _COMPONENT, environment) | dict(extra or {})
    return {"name": name, "namespace": DATA, "labels": own}


def create(
    logical_name: str, item: CustomObject, *, owner: str, environment: str, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Create `item`, labelled as part of the database `owner`."""
    return k8s.apiextensions.CustomResource(
        logical_name,
        api_version=item.api_version,
        kind=item.kind,
        metadata={**metadata(item.name, owner, environment), "annotations": dict(item.annotations)},
        spec=dict(item.spec),
        opts=opts,
    )
