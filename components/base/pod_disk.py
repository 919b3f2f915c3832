"""What a model server's pod takes of its node's disk."""

from __future__ import annotations

from math import ceil

from components.base.adapters import adapter_file_gib
from components.base.memory_terms import checkpoint_gib
from components.base.model_weights import ImageWeights, StoredWeights, VolumeWeights, Weights
from components.base.serving import Serving

_MARGIN = 1.1
"""What an architecture record does not count (encoders, adapters of quantization), and the file system's own needs."""
_ADAPTER_VERSIONS = 3
"""Versions of an adapter on the disk: the one that runs, the one before it, and the one that is being copied."""
_OTHER_GIB = 35
"""What else a pod writes: caches (20) and temporary files (5, both `vllm_model/server/volumes.py`), and logs."""


def copy_gib(weights: StoredWeights, serving: Serving) -> int:
    """Size of a copy of the weights on a node's disk."""
    return weights.handling.volume_gib or ceil(checkpoint_gib(serving) * _MARGIN) + 1


def adapter_volume_gib(serving: Serving, adapters: int) -> int:
    """Size of the folder with so many adapters."""
    if not adapters:
        return 0
    each = adapter_file_gib(serving.architecture, serving.adapter_rank)
    return ceil(each * adapters * _ADAPTER_VERSIONS) + 1


def pod_disk_gib(weights: Weights, serving: Serving, adapters: int) -> int:
    """What a pod requests of its node's disk; 0 where it copies no weights there, and needs little."""
    if isinstance(weights, (ImageWeights, VolumeWeights)) or weights.handling.delivery != "node-cache":
        return 0
    return copy_gib(weights, serving) + adapter_volume_gib(serving, adapters) + _OTHER_GIB
