"""Partitions of NVIDIA GPUs: which profiles a product has, and how many slices of each one GPU holds.

Source: NVIDIA Multi-Instance GPU User Guide, "Supported GPUs" and "Supported MIG Profiles", and the partitionings that
the GPU operator knows (NVIDIA/gpu-operator, `assets/state-mig-manager/0400_configmap.yaml`), state of 2026-08. Profiles
with media extensions (`+me`) or graphics (`+gfx`) are left out: a model server needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping

Slices = Mapping[str, int]
"""Most slices of a GPU, by profile."""

_SEVENTHS = (("1g", 7), ("1g", 4), ("2g", 3), ("3g", 2), ("4g", 1), ("7g", 1))
"""Compute slices and number of every profile of a GPU with seven of them, smallest first; a `1g` with twice the memory
comes second."""


def _sevenths(*memory_gb: int) -> Slices:
    return {f"{compute}.{memory}gb": most for (compute, most), memory in zip(_SEVENTHS, memory_gb, strict=True)}


A30: Slices = {"1g.6gb": 4, "2g.12gb": 2, "4g.24gb": 1}
A100_40GB = _sevenths(5, 10, 10, 20, 20, 40)
HOPPER_80GB = _sevenths(10, 20, 20, 40, 40, 80)
"""Also the A100 with 80 GB."""
HOPPER_94GB = _sevenths(12, 24, 24, 47, 47, 94)
H200 = _sevenths(18, 35, 35, 71, 71, 141)
B200 = _sevenths(23, 45, 45, 90, 90, 180)
RTX_PRO_6000: Slices = {"1g.24gb": 4, "2g.48gb": 2, "4g.96gb": 1}
