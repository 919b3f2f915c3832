"""Copies of the weights outside of the object store: on each server's node, or on a volume that all nodes mount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.base.model_weights import MOUNT_PATH, StoredWeights, copied_folder
from components.base.pod_disk import copy_gib
from components.base.pod_security import resources
from components.base.serving import Serving
from components.vllm_model.weights.mounted import VOLUME, weights_mount
from components.vllm_model.weights.programs import program_container

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvVarArgsDict,
        PersistentVolumeClaimSpecArgsDict,
        VolumeArgsDict,
    )


def shared_volume_gib(weights: StoredWeights, serving: Serving) -> int:
    """Size of a shared volume: a new checkpoint is copied while servers still read the one before."""
    return weights.handling.volume_gib or 2 * copy_gib(weights, serving)


def copied_path(weights: StoredWeights) -> str:
    """The model's path: the folder that the copy has once it is whole."""
    return f"{MOUNT_PATH}/{copied_folder(weights)}"


def fetch_variables(weights: StoredWeights, volume_gib: int) -> dict[str, str]:
    """Variables of the program that copies."""
    return {"WEIGHTS_TARGET": copied_path(weights), "VOLUME_GIB": str(volume_gib)}


def node_cache_volume(volume_gib: int) -> VolumeArgsDict:
    """An emptyDir: it lies on the disk that the kubelet uses, which is the NVMe array on nodes that have one, and goes
    with the pod."""
    return {"name": VOLUME, "empty_dir": {"size_limit": f"{volume_gib}Gi"}}


def fetch_container(
    image: str, environment: list[EnvVarArgsDict], *, node_disk_gib: int | None = None
) -> ContainerArgsDict:
    """The container that copies. `node_disk_gib` is what the whole pod takes of its node's own disk.

    The pod's request and limit of node disk are the largest of its init containers' and the sum of the others', so that
    this one's cover everything that the pod writes.
    """
    disk = f"{node_disk_gib}Gi" if node_disk_gib else None
    return program_container(
        name="fetch-weights",
        program="fetch_weights",
        image=image,
        environment=environment,
        size=resources(cpu="2", cpu_limit="8", memory="2Gi", disk=disk),
        mounts=(weights_mount(read_only=False),),
    )


def claim_spec(storage_class: str, volume_gib: int) -> PersistentVolumeClaimSpecArgsDict:
    """The claim of a shared volume."""
    return {
        "access_modes": ["ReadWriteMany"],
        "storage_class_name": storage_class,
        "resources": {"requests": {"storage": f"{volume_gib}Gi"}},
    }


def claimed_volume(claim: pulumi.Input[str], *, read_only: bool) -> VolumeArgsDict:
    """The shared volume in a pod."""
    return {"name": VOLUME, "persistent_volume_claim": {"claim_name": claim, "read_only": read_only}}
