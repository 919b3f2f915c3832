"""What an EC2 instance type has, whatever its family, and whether a pool of nodes fits on it."""

from __future__ import annotations

import re

from components.base.gpu_instances import GPU_INSTANCES, InstanceType

_GPU_FAMILY = re.compile(r"(p|g|gr)\d+[a-z0-9-]*\.[a-z0-9]+")
"""Families with NVIDIA GPUs; `inf` and `trn` are other accelerators."""
_ARM_FAMILY = re.compile(r"(a1|[a-z]+\d+gd?[a-z]*)\.[a-z0-9]+")
"""Families with Graviton processors: a `g` right after the generation (m7g, c7gn, g5g)."""
_ARM_GPU_FAMILY = re.compile(r"(g5g|p6e-gb\d+)\.[a-z0-9]+")

_SIZES = {
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "12xlarge": 48,
    "16xlarge": 64,
    "24xlarge": 96,
}
"""Virtual cores by size; the same in each family below."""

_GIB_PER_CORE = {"c": 2, "m": 4, "r": 8}
SYSTEM_FAMILIES = (
    *("m5", "m6i", "m6a", "m7i", "m7a", "m8i", "m8a"),
    *("c6i", "c6a", "c7i", "c7a", "c8i"),
    *("r6i", "r6a", "r7i", "r7a", "r8i"),
)
"""Common x86-64 families without GPUs and without disks of their own (EC2 `DescribeInstanceTypes`, 2026-08)."""

SYSTEM_INSTANCES: dict[str, InstanceType] = {
    f"{family}.{size}": InstanceType(cpu=cores, memory_gib=cores * _GIB_PER_CORE[family[0]])
    for family in SYSTEM_FAMILIES
    for size, cores in _SIZES.items()
}


def find_instance(name: str) -> InstanceType | None:
    """What an instance type has, None where neither table lists it."""
    return GPU_INSTANCES.get(name) or SYSTEM_INSTANCES.get(name)


def has_gpus(name: str) -> bool:
    """Whether an instance type belongs to a family with NVIDIA GPUs, also where no table lists it."""
    return _GPU_FAMILY.fullmatch(name) is not None


def is_arm(name: str) -> bool:
    """Whether an instance type has Arm processors, for which the node image is not made."""
    if has_gpus(name):
        return _ARM_GPU_FAMILY.fullmatch(name) is not None
    return _ARM_FAMILY.fullmatch(name) is not None


def instance_shortfall(
    name: str, instance: InstanceType, *, product: str | None, gpus: int, cpu: int, memory_gib: int
) -> str | None:
    """How a node of `instance` falls short of what its pool promises, None when it fits.

    `product` and `gpus` must agree exactly, `cpu` (cores) and `memory_gib` are at most what the instance has: capacity
    checks count on them.
    """
    if (instance.product, instance.gpus) != (product, gpus):
        return f"{name} has {_gpus(instance.product, instance.gpus)}, the pool says {_gpus(product, gpus)}"
    if cpu > instance.cpu:
        return f"{name} has {instance.cpu} cores, the pool says cpu: {cpu}"
    if memory_gib > instance.memory_gib:
        return f"{name} has {instance.memory_gib} GiB of memory, the pool says memoryGib: {memory_gib}"
    return None


def _gpus(product: str | None, count: int) -> str:
    return f"{count} x {product}" if count else "no GPU"
