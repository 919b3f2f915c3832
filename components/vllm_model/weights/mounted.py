"""Weights that are a folder of the server's pod: an image, or a volume that exists already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base.handles import ImageRegistry
from components.base.model_weights import MOUNT_PATH, ImageWeights, MountedWeights

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import VolumeArgsDict, VolumeMountArgsDict

VOLUME = "weights"


def weights_volume(weights: MountedWeights, registry: ImageRegistry) -> VolumeArgsDict:
    """The volume with the weights."""
    if isinstance(weights, ImageWeights):
        return {"name": VOLUME, "image": {"reference": registry.rewrite(weights.reference)}}
    return {"name": VOLUME, "persistent_volume_claim": {"claim_name": weights.claim, "read_only": True}}


def weights_mount(*, read_only: bool = True) -> VolumeMountArgsDict:
    """Where the pod finds it. Only what copies weights may write."""
    return {"name": VOLUME, "mount_path": MOUNT_PATH, "read_only": read_only}
