"""Volumes of every server's pod, and where they are mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base.pod_sizes import PodSize
from components.vllm_model.environment import CACHE, TEMPORARY

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import VolumeArgsDict, VolumeMountArgsDict

_CACHE_SIZE = "20Gi"
"""Compiled kernels and graphs, configuration and tokenizer; weights are never in it."""
_TEMPORARY_SIZE = "5Gi"


def volumes(size: PodSize) -> list[VolumeArgsDict]:
    """Writable caches, and shared memory where several processes use GPUs."""
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
    return found


def mounts(size: PodSize) -> list[VolumeMountArgsDict]:
    """Mounts of `volumes`, in the same order."""
    found: list[VolumeMountArgsDict] = [
        {"name": "cache", "mount_path": CACHE},
        {"name": "temporary", "mount_path": TEMPORARY},
    ]
    if size.shared_memory_gib:
        found.append({"name": "shared-memory", "mount_path": "/dev/shm"})  # noqa: S108 # where NCCL looks for it
    return found
