"""The node pools of a cluster: one shape for servers in a rack, instances in a cloud and simulated nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

GPU_RESOURCE = "nvidia.com/gpu"
"""Extended resource that the NVIDIA device plugin advertises."""

GPU_TAINT_KEY = "nvidia.com/gpu"
"""Taint of every GPU node on every substrate, so that only pods that ask for a GPU land there."""

POOL_LABEL = "ai-platform/pool"
"""Label set at registration. Scheduling uses it and not `nvidia.com/gpu.product`, which appears only after feature
discovery ran, so that an autoscaled pool at zero nodes can still be matched."""

GPU_RESOURCE_PREFIXES = ("nvidia.com/gpu", "nvidia.com/mig-")
GPU_NODE_KEYS = (POOL_LABEL, "ai-platform/role", "node.kubernetes.io/instance-type")
GPU_NODE_KEY_PREFIXES = ("nvidia.com/", "karpenter.k8s.aws/instance-gpu-")
"""Node labels that tell GPU nodes from others: the platform's own, and those of feature discovery and Karpenter."""

_SIMULATED_DISK_GIB = 800
"""Disk of a simulated node whose pool states none."""

Role = Literal["system", "gpu"]


@dataclass(frozen=True, kw_only=True)
class Taint:
    """One node taint, as Kubernetes spells it."""

    key: str
    value: str
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


GPU_TAINT = Taint(key=GPU_TAINT_KEY, value="true", effect="NoSchedule")


@dataclass(frozen=True, kw_only=True)
class NodePool:
    """A group of equal nodes.

    `cpu` is in cores, `memory_gib` and `memory_per_gpu_gib` in GiB (2**30 bytes), `min_nodes` and `max_nodes` in nodes.
    `product` is the value of the `nvidia.com/gpu.product` label, None on a system pool. `mig_profile` (for example
    `1g.18gb`) partitions every GPU of the pool into `mig_slices` slices; `time_slices` shares each GPU among that
    many pods without memory isolation. `local_disk_gib` is the disk in GiB on which a node's kubelet works (images,
    logs, emptyDirs), None where nobody said it.
    """

    name: str
    role: Role
    cpu: int
    memory_gib: int
    min_nodes: int
    max_nodes: int
    product: str | None = None
    gpus_per_node: int = 0
    memory_per_gpu_gib: float = 0.0
    mig_profile: str | None = None
    mig_slices: int = 0
    time_slices: int = 1
    local_disk_gib: int | None = None

    @property
    def resource(self) -> str:
        """Extended resource that a pod of this pool requests (MIG strategy `mixed`)."""
        return f"nvidia.com/mig-{self.mig_profile}" if self.mig_profile else GPU_RESOURCE

    @property
    def units_per_node(self) -> int:
        """Schedulable units of `resource` on one node."""
        return self.gpus_per_node * (self.mig_slices if self.mig_profile else self.time_slices)

    @property
    def labels(self) -> dict[str, str]:
        """Labels that the platform itself sets when a node of this pool registers."""
        return {POOL_LABEL: self.name, "ai-platform/role": self.role}

    @property
    def taints(self) -> tuple[Taint, ...]:
        """Taints of every node of this pool."""
        return (GPU_TAINT,) if self.role == "gpu" else ()

    @property
    def discovered_labels(self) -> dict[str, str]:
        """Labels that GPU feature discovery adds on a real node (product, count, memory in MiB)."""
        if self.role != "gpu" or self.product is None:
            return {}
        labels = {
            "nvidia.com/gpu.present": "true",
            "nvidia.com/gpu.product": self.product,
            "nvidia.com/gpu.count": str(self.gpus_per_node),
            "nvidia.com/gpu.memory": str(int(self.memory_per_gpu_gib * 1024)),
        }
        if self.mig_profile:
            labels |= {"nvidia.com/mig.strategy": "mixed", "nvidia.com/mig.config": f"all-{self.mig_profile}"}
        return labels

    @property
    def capacity(self) -> dict[str, str]:
        """Node capacity in Kubernetes quantities."""
        amounts = {
            "cpu": str(self.cpu),
            "memory": f"{self.memory_gib}Gi",
            "pods": "110",
            "ephemeral-storage": f"{self.local_disk_gib or _SIMULATED_DISK_GIB}Gi",
        }
        if self.role == "gpu":
            amounts[self.resource] = str(self.units_per_node)
        return amounts
