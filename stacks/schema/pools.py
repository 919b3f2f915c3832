"""Node pools: one shape for servers in a rack, instances in a cloud and simulated nodes."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from components.base.gpu_hardware import hardware_problem
from components.base.node_pools import NodePool
from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel
from stacks.schema.pool_price import PoolPriceSettings

_MIG_PROFILE = re.compile(r"(?P<compute>[1-7])g\.(?P<memory>[0-9]+)gb")
_LONGEST_NAME = 26
"""Leaves room for what is named after a pool: an EKS node group `cluster-infrastructure-nodes-<name>-<7 digits>` has at
most 63 characters."""
_COMPUTE_SLICES = 7
"""An H100, H200, B200 or A100 has seven compute slices (NVIDIA MIG User Guide, "Partitioning")."""
_ROUNDING = 1.05
"""Profile names round: 3g.71gb twice is 142, on a GPU that reports 140.4 GiB."""


class NodeCountSettings(SettingsModel):
    """How many nodes a pool has. `min` equals `max` where nothing scales it."""

    min: int = Field(ge=0)
    """Nodes that are always there."""
    max: PositiveInt
    """Nodes that there may be at most; GPU quotas and capacity checks use it."""

    @model_validator(mode="after")
    def _ordered(self) -> NodeCountSettings:
        if self.min > self.max:
            message = f"min ({self.min}) is more than max ({self.max}): swap them"
            raise ValueError(message)
        return self


class MigSettings(SettingsModel):
    """Partitions every GPU of a pool into equal slices with memory of their own."""

    profile: Annotated[str, Field(pattern=f"^{_MIG_PROFILE.pattern}$")]
    """MIG profile, for example `1g.18gb` on an H200."""
    slices: Annotated[int, Field(ge=1, le=_COMPUTE_SLICES)]
    """Slices of that profile on one GPU."""

    @model_validator(mode="after")
    def _fits_compute(self) -> MigSettings:
        needed = self.slices * self._size("compute")
        if needed > _COMPUTE_SLICES:
            most = _COMPUTE_SLICES // self._size("compute")
            message = f"{self.slices} slices of {self.profile} need {needed} of {_COMPUTE_SLICES}: use at most {most}"
            raise ValueError(message)
        return self

    @property
    def memory_gb(self) -> int:
        """Memory of all slices of one GPU, by the profile's name."""
        return self.slices * self._size("memory")

    def _size(self, part: Literal["compute", "memory"]) -> int:
        matched = _MIG_PROFILE.fullmatch(self.profile)
        return int(matched[part]) if matched else 0


class SharingSettings(SettingsModel):
    """Shares every GPU of a pool among several pods by time slicing, without memory isolation."""

    time_slices: Annotated[int, Field(ge=2, le=48)]
    """Pods that one GPU takes at once."""


class PoolSettings(SettingsModel):
    """A group of equal nodes."""

    name: DnsLabel
    """Value of the node label `ai-platform/pool`, and what `models[].gpu.pool` names."""
    role: Literal["system", "gpu"]
    """`system` pools take everything without a GPU; `gpu` pools are tainted for pods that ask for one."""
    cpu: PositiveInt
    """Cores of one node."""
    memory_gib: PositiveInt
    """Main memory of one node in GiB."""
    nodes: NodeCountSettings
    """Number of nodes."""
    product: Annotated[str, Field(pattern=r"^[A-Za-z0-9][-A-Za-z0-9_.]{0,61}[A-Za-z0-9]$")] | None = None
    """Value of the label `nvidia.com/gpu.product`, for example `NVIDIA-L40S`."""
    gpus_per_node: int = Field(ge=0, default=0)
    """GPUs in one node."""
    memory_per_gpu_gib: float = Field(ge=0, default=0)
    """Memory of one whole GPU in GiB, as `nvidia-smi` reports it."""
    unlisted_hardware: bool = False
    """true: product, GPUs per node or memory are not in the platform's table of GPUs and are taken as written here. For
    GPUs that are newer than the platform."""
    mig: MigSettings | None = None
    """Partition every GPU; excludes `sharing`."""
    sharing: SharingSettings | None = None
    """Share every GPU; excludes `mig`."""
    local_disk_gib: PositiveInt | None = None
    """Disk of one node in GiB on which the kubelet works (`/var/lib/kubelet`): copies of weights with
    `weights.delivery: node-cache` lie there. null: not known, such copies are not checked against it."""
    price: PoolPriceSettings | None = None
    """What an hour of a node costs, from which the price of tokens follows. null: in AWS the list price of the instance
    type."""

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        if len(name) > _LONGEST_NAME:
            message = f"{name!r} has {len(name)} characters: use at most {_LONGEST_NAME}"
            raise ValueError(message)
        return name

    @model_validator(mode="after")
    def _consistent(self) -> PoolSettings:
        problem = self._gpu_problem() if self.role == "gpu" else self._system_problem()
        if problem:
            raise ValueError(problem)
        return self

    def _system_problem(self) -> str | None:
        given = [
            key
            for key, value in (
                ("product", self.product),
                ("gpusPerNode", self.gpus_per_node),
                ("memoryPerGpuGib", self.memory_per_gpu_gib),
                ("unlistedHardware", self.unlisted_hardware),
                ("mig", self.mig),
                ("sharing", self.sharing),
            )
            if value
        ]
        return f"{given[0]} is for GPU pools: remove it or set role: gpu" if given else None

    def _gpu_problem(self) -> str | None:
        for key, value in (
            ("product", self.product),
            ("gpusPerNode", self.gpus_per_node),
            ("memoryPerGpuGib", self.memory_per_gpu_gib),
        ):
            if not value:
                return f"a pool with role: gpu needs {key}"
        if self.mig and self.sharing:
            return "mig and sharing exclude each other: set one of them to null"
        return self._hardware_problem() or (self._slice_problem(self.mig) if self.mig else None)

    def _hardware_problem(self) -> str | None:
        contradiction = hardware_problem(
            product=self.product or "",
            gpus_per_node=self.gpus_per_node,
            memory_per_gpu_gib=self.memory_per_gpu_gib,
            mig_profile=self.mig.profile if self.mig else None,
            mig_slices=self.mig.slices if self.mig else 0,
        )
        if not self.unlisted_hardware:
            return contradiction
        if contradiction is None:
            # Left in place it would hide the next mistake.
            return f"unlistedHardware: the table knows {self.gpus_per_node} x {self.product}: remove it"
        return None

    def _slice_problem(self, mig: MigSettings) -> str | None:
        if mig.memory_gb > self.memory_per_gpu_gib * _ROUNDING:
            return (
                f"mig: {mig.slices} slices of {mig.profile} need {mig.memory_gb} GB, "
                f"the GPU has {self.memory_per_gpu_gib:g} GiB: use fewer slices or a smaller profile"
            )
        return None

    def as_pool(self) -> NodePool:
        """The pool as components see it."""
        return NodePool(
            name=self.name,
            role=self.role,
            cpu=self.cpu,
            memory_gib=self.memory_gib,
            min_nodes=self.nodes.min,
            max_nodes=self.nodes.max,
            product=self.product,
            gpus_per_node=self.gpus_per_node,
            memory_per_gpu_gib=self.memory_per_gpu_gib,
            mig_profile=self.mig.profile if self.mig else None,
            mig_slices=self.mig.slices if self.mig else 0,
            time_slices=self.sharing.time_slices if self.sharing else 1,
            local_disk_gib=self.local_disk_gib,
        )
