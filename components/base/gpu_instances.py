"""GPU instance types of AWS: what one node of them has.

Source: EC2 instance type pages and the EKS GPU AMI notes, state of 2026-08. Memory is what a node reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_GPU_FAMILY = re.compile(r"(p|g|gr)\d+[a-z0-9-]*\.[a-z0-9]+")
"""Families with NVIDIA GPUs; `inf` and `trn` are other accelerators."""


@dataclass(frozen=True, kw_only=True)
class GpuInstance:
    """`product` as GPU feature discovery labels it, `gpus` in one instance, `local_disks` whether it has NVMe."""

    product: str
    gpus: int
    local_disks: bool = True


GPU_INSTANCES: dict[str, GpuInstance] = {
    "g5.12xlarge": GpuInstance(product="NVIDIA-A10G", gpus=4),
    "g5.48xlarge": GpuInstance(product="NVIDIA-A10G", gpus=8),
    "g6.12xlarge": GpuInstance(product="NVIDIA-L4", gpus=4),
    "g6.48xlarge": GpuInstance(product="NVIDIA-L4", gpus=8),
    "g6e.xlarge": GpuInstance(product="NVIDIA-L40S", gpus=1),
    "g6e.2xlarge": GpuInstance(product="NVIDIA-L40S", gpus=1),
    "g6e.12xlarge": GpuInstance(product="NVIDIA-L40S", gpus=4),
    "g6e.24xlarge": GpuInstance(product="NVIDIA-L40S", gpus=4),
    "g6e.48xlarge": GpuInstance(product="NVIDIA-L40S", gpus=8),
    "p4d.24xlarge": GpuInstance(product="NVIDIA-A100-SXM4-40GB", gpus=8),
    "p4de.24xlarge": GpuInstance(product="NVIDIA-A100-SXM4-80GB", gpus=8),
    "p5.48xlarge": GpuInstance(product="NVIDIA-H100-80GB-HBM3", gpus=8),
    "p5e.48xlarge": GpuInstance(product="NVIDIA-H200", gpus=8),
    "p5en.48xlarge": GpuInstance(product="NVIDIA-H200", gpus=8),
}


def has_gpus(instance_type: str) -> bool:
    """Whether an instance type belongs to a family with NVIDIA GPUs, also where this table does not list it."""
    return _GPU_FAMILY.fullmatch(instance_type) is not None


def mismatch(instance_type: str, product: str | None, gpus: int) -> str | None:
    """How `instance_type` differs from a pool with `gpus` GPUs of `product`, None when it fits or is not listed."""
    known = GPU_INSTANCES.get(instance_type)
    if known is None or (known.product, known.gpus) == (product, gpus):
        return None
    return f"{instance_type} has {known.gpus} x {known.product}, the pool says {gpus} x {product}"
