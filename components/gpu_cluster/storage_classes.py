"""Storage classes by meaning: names that exist already, or classes that the cluster component creates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels
from components.base.handles import StorageClasses

Meaning = Literal["fast", "retained", "shared"]


@dataclass(frozen=True, kw_only=True)
class NewStorageClass:
    """A class to create. `parameters` and `annotations` are the driver's own; `expandable` volumes can grow."""

    provisioner: str
    parameters: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    binding: Literal["Immediate", "WaitForFirstConsumer"] = "WaitForFirstConsumer"
    expandable: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class StorageClassPlan:
    """A class called `name`, created by `create` or, without it, present in the cluster."""

    name: str
    create: NewStorageClass | None = None


@dataclass(frozen=True, kw_only=True)
class StoragePlan:
    """The class of each meaning; `shared` is None where no driver serves it."""

    fast: StorageClassPlan
    retained: StorageClassPlan
    shared: StorageClassPlan | None = None

    @property
    def classes(self) -> StorageClasses:
        """The names, as the handle carries them."""
        return StorageClasses(
            fast=self.fast.name,
            retained=self.retained.name,
            shared=self.shared.name if self.shared else None,
        )

    def created(self) -> dict[Meaning, tuple[str, NewStorageClass]]:
        """Name and description of the classes to create."""
        plans: dict[Meaning, StorageClassPlan | None] = {
            "fast": self.fast,
            "retained": self.retained,
            "shared": self.shared,
        }
        return {meaning: (plan.name, plan.create) for meaning, plan in plans.items() if plan and plan.create}


def create_storage_classes(
    name: str, plan: StoragePlan, environment: str, opts: pulumi.ResourceOptions
) -> tuple[k8s.storage.v1.StorageClass, ...]:
    """Create the classes that `plan` asks for. Only `retained` keeps a volume whose claim is deleted.

    None is made the default: every claim of the platform names its class.
    """
    return tuple(
        k8s.storage.v1.StorageClass(
            f"{name}-storage-{meaning}",
            metadata={
                "name": class_name,
                "labels": labels.object_labels(class_name, "storage", environment),
                "annotations": dict(new.annotations),
            },
            provisioner=new.provisioner,
            parameters=dict(new.parameters),
            reclaim_policy="Retain" if meaning == "retained" else "Delete",
            volume_binding_mode=new.binding,
            allow_volume_expansion=new.expandable,
            opts=opts,
        )
        for meaning, (class_name, new) in plan.created().items()
    )
