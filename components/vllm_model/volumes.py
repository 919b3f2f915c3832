"""Volumes of the server's pod, and where they are mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base.handles import ImageRegistry
from components.base.model_weights import MOUNT_PATH, ImageWeights, VolumeWeights, Weights
from components.base.pod_sizes import PodSize
from components.vllm_model.environment import CACHE, TEMPORARY

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import VolumeArgsDict, VolumeMountArgsDict

_CACHE_SIZE = "20Gi"
"""Compiled kernels and graphs, configuration and tokenizer; weights are never in it."""
_TEMPORARY_SIZE = "5Gi"


def volumes(weights: Weights, size: PodSize, registry: ImageRegistry) -> list[VolumeArgsDict]:
    """Writable caches, shared memory where several processes use GPUs, and weights that are mounted."""
    found: list[VolumeArgsDict] = [
        {"name": "cache", "empty_dir": {"size_limit": _CACHE_SIZE}},
        {"name": "temporary", "empty_dir": {"size_limit": _TEMPORARY_SIZE}},
    ]
    if size.shared_memory_gib:
        shared: VolumeArgsDict = {
            "name": "shared-memory",
            "empty_dir": {"medium": "Memory", "size_limit": f"{size.shared_memory_gib}Gi"},
        }
        found.append(shared)
    match weights:
        case ImageWeights():
            found.append({"name": "weights", "image": {"reference": registry.rewrite(weights.reference)}})
        case VolumeWeights():
            found.append(
                {"name": "weights", "persistent_volume_claim": {"claim_name": weights.claim, "read_only": True}}
            )
        case _:
            pass
    return found


def mounts(weights: Weights, size: PodSize) -> list[VolumeMountArgsDict]:
    """Mounts of `volumes`, in the same order."""
    found: list[VolumeMountArgsDict] = [
        {"name": "cache", "mount_path": CACHE},
        {"name": "temporary", "mount_path": TEMPORARY},
    ]
    if size.shared_memory_gib:
        found.append({"name": "shared-memory", "mount_path": "/dev/shm"})  # noqa: S108 # where NCCL looks for it
    if isinstance(weights, (ImageWeights, VolumeWeights)):
        found.append({"name": "weights", "mount_path": MOUNT_PATH, "read_only": True})
    return found
