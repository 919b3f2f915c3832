"""GPU instance types of AWS: what one node of them has.

Source: the instance types reference of Karpenter v1.14 (generated from EC2's `DescribeInstanceTypes`, 2026-08), product
labels from GPU feature discovery. Types with Arm processors are left out (the node image is x86-64), and so are those
with a part of a GPU (g6f, gr6f), which no scheduler can count.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """One EC2 instance type.

    `cpu` in virtual cores, `memory_gib` nominal in GiB. `product` as GPU feature discovery labels it, `gpus` in one
    instance; None and 0 without GPUs. `local_disks` says whether it has NVMe disks of its own, `efa_interfaces` how
    many network cards take an EFA interface (0: none, or a layout that is not described here).
    """

    cpu: int
    memory_gib: int
    product: str | None = None
    gpus: int = 0
    local_disks: bool = False
    efa_interfaces: int = 0


_T4 = "Tesla-T4"
_A10G = "NVIDIA-A10G"
_L4 = "NVIDIA-L4"
_L40S = "NVIDIA-L40S"
_RTX_PRO_6000 = "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition"
_A100_40 = "NVIDIA-A100-SXM4-40GB"
_A100_80 = "NVIDIA-A100-SXM4-80GB"
_H100 = "NVIDIA-H100-80GB-HBM3"
_H200 = "NVIDIA-H200"
_B200 = "NVIDIA-B200"
_B300 = "NVIDIA-B300-SXM6-AC"

# Type, product, GPUs, virtual cores, GiB, EFA interfaces. Each of them has NVMe disks. The network cards of p6 are laid
# out in another way than those of p4 and p5, and are not described.
_TABLE = (
    ("g4dn.xlarge", _T4, 1, 4, 16, 0),
    ("g4dn.2xlarge", _T4, 1, 8, 32, 0),
    ("g4dn.4xlarge", _T4, 1, 16, 64, 0),
    ("g4dn.8xlarge", _T4, 1, 32, 128, 1),
    ("g4dn.12xlarge", _T4, 4, 48, 192, 1),
    ("g4dn.16xlarge", _T4, 1, 64, 256, 1),
    ("g5.xlarge", _A10G, 1, 4, 16, 0),
    ("g5.2xlarge", _A10G, 1, 8, 32, 0),
    ("g5.4xlarge", _A10G, 1, 16, 64, 0),
    ("g5.8xlarge", _A10G, 1, 32, 128, 1),
    ("g5.12xlarge", _A10G, 4, 48, 192, 1),
    ("g5.16xlarge", _A10G, 1, 64, 256, 1),
    ("g5.24xlarge", _A10G, 4, 96, 384, 1),
    ("g5.48xlarge", _A10G, 8, 192, 768, 1),
    ("g6.xlarge", _L4, 1, 4, 16, 0),
    ("g6.2xlarge", _L4, 1, 8, 32, 0),
    ("g6.4xlarge", _L4, 1, 16, 64, 0),
    ("g6.8xlarge", _L4, 1, 32, 128, 1),
    ("g6.12xlarge", _L4, 4, 48, 192, 1),
    ("g6.16xlarge", _L4, 1, 64, 256, 1),
    ("g6.24xlarge", _L4, 4, 96, 384, 1),
    ("g6.48xlarge", _L4, 8, 192, 768, 1),
    ("gr6.4xlarge", _L4, 1, 16, 128, 0),
    ("gr6.8xlarge", _L4, 1, 32, 256, 1),
    ("g6e.xlarge", _L40S, 1, 4, 32, 0),
    ("g6e.2xlarge", _L40S, 1, 8, 64, 0),
    ("g6e.4xlarge", _L40S, 1, 16, 128, 0),
    ("g6e.8xlarge", _L40S, 1, 32, 256, 1),
    ("g6e.12xlarge", _L40S, 4, 48, 384, 1),
    ("g6e.16xlarge", _L40S, 1, 64, 512, 1),
    ("g6e.24xlarge", _L40S, 4, 96, 768, 2),
    ("g6e.48xlarge", _L40S, 8, 192, 1536, 4),
    ("g7e.2xlarge", _RTX_PRO_6000, 1, 8, 64, 0),
    ("g7e.4xlarge", _RTX_PRO_6000, 1, 16, 128, 0),
    ("g7e.8xlarge", _RTX_PRO_6000, 1, 32, 256, 1),
    ("g7e.12xlarge", _RTX_PRO_6000, 2, 48, 512, 1),
    ("g7e.24xlarge", _RTX_PRO_6000, 4, 96, 1024, 2),
    ("g7e.48xlarge", _RTX_PRO_6000, 8, 192, 2048, 4),
    ("p4d.24xlarge", _A100_40, 8, 96, 1152, 4),
    ("p4de.24xlarge", _A100_80, 8, 96, 1152, 4),
    ("p5.4xlarge", _H100, 1, 16, 256, 1),
    ("p5.48xlarge", _H100, 8, 192, 2048, 32),
    ("p5e.48xlarge", _H200, 8, 192, 2048, 32),
    ("p5en.48xlarge", _H200, 8, 192, 2048, 16),
    ("p6-b200.48xlarge", _B200, 8, 192, 2048, 0),
    ("p6-b300.48xlarge", _B300, 8, 192, 4096, 0),
)

GPU_INSTANCES: dict[str, InstanceType] = {
    name: InstanceType(
        cpu=cpu, memory_gib=memory, product=product, gpus=gpus, local_disks=True, efa_interfaces=interfaces
    )
    for name, product, gpus, cpu, memory, interfaces in _TABLE
}
