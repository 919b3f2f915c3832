"""Weights that are a folder of the server's pod: an image, or a volume that exists already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base.handles import ImageRegistry
from components.base.model_weights import MOUNT_PATH, ImageWeights, MountedWeights

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import VolumeArgsDict, VolumeMountArgsDict


def weights_volume(weights: MountedWeights, registry: ImageRegistry) -> VolumeArgsDict:
    """The volume with the weights."""
    if isinstance(weights, ImageWeights):
        return {"name": "weights", "image": {"reference": registry.rewrite(weights.reference)}}
    return {"name": "weights", "persistent_volume_claim": {"claim_name": weights.claim, "read_only": True}}


def weights_mount() -> VolumeMountArgsDict:
    """Where the server finds it."""
    return {"name": "weights", "mount_path": MOUNT_PATH, "read_only": True}
