"""Metadata of the data layer's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import labels
from components.base.namespaces import DATA

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict


def auto_named(name: str, component: str, environment: str) -> ObjectMetaArgsDict:
    """Metadata of an object that pods of the workload `name` read. Its own name follows its content, so that a change
    starts the pods anew."""
    return {"namespace": DATA, "labels": labels.object_labels(name, component, environment)}


def named(name: str, owner: str, component: str, environment: str) -> ObjectMetaArgsDict:
    """Metadata of an object that others address by `name`; it is labelled as part of the workload `owner`."""
    return {**auto_named(owner, component, environment), "name": name}
