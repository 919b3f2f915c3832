"""GPU products: what their label says about memory and number formats.

Sources: `memory_gib` is what the CUDA driver hands to one process (`torch.cuda.get_device_properties().total_memory`,
a little below the total of `nvidia-smi`), rounded down; compute capability from NVIDIA's table "CUDA GPUs"; formats
from `get_min_capability` of vLLM's quantization methods; `most_per_node` from NVIDIA's qualified server catalogue
(SXM boards carry 8, cards with PCIe 10 at most); partitions from `mig`. State of 2026-08.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Literal

from components.base import mig
from components.base.mig import Slices
from components.base.node_pools import NodePool

WeightFormat = Literal["bf16", "fp16", "fp8", "int8", "awq", "gptq", "mxfp4"]
"""Number format of the weights while they are served."""

KvCacheFormat = Literal["auto", "fp8"]
"""Number format of the KV cache; `auto` is 16 bits."""

FORMAT_CAPABILITY: dict[WeightFormat, float] = {
    "bf16": 8.0,
    "fp16": 7.5,
    "fp8": 8.9,
    "int8": 7.5,
    "awq": 7.5,
    "gptq": 7.5,
    "mxfp4": 8.0,
}
"""Least compute capability that computes in a format. vLLM loads fp8 weights on older GPUs too, but only to convert
them back for every product: slower than bf16, so it is refused here."""

FP8_CAPABILITY = FORMAT_CAPABILITY["fp8"]

_MIG_PROFILE = re.compile(r"[1-7]g\.(\d+)gb")
_MIG_USABLE = 0.95
"""Share of a MIG profile's nominal gigabytes that a process gets: an H200's 1g.18gb holds 16.0 GiB, which is 0.955
(nvidia-smi mig -lgip); other profiles hold more."""


@dataclass(frozen=True, kw_only=True)
class GpuProduct:
    """One GPU model. `label` is the value of the node label `nvidia.com/gpu.product`.

    `most_per_node` is the largest number in one server that is sold, `mig` the most slices of a GPU by MIG profile,
    empty where the product cannot be partitioned.
    """

    label: str
    memory_gib: float
    compute_capability: float
    most_per_node: int = 10
    mig: Slices = field(default_factory=dict[str, int])

    def computes(self, weights: WeightFormat) -> bool:
        """Whether the GPU computes in the format `weights`."""
        return self.compute_capability >= FORMAT_CAPABILITY[weights]


class UnknownGpuError(Exception):
    """No GPU of that label is in the table. The message suggests one."""


_TABLE = (
    GpuProduct(label="Tesla-T4", memory_gib=14.5, compute_capability=7.5, most_per_node=20),
    GpuProduct(label="NVIDIA-A10", memory_gib=22.0, compute_capability=8.6),
    GpuProduct(label="NVIDIA-A10G", memory_gib=22.0, compute_capability=8.6, most_per_node=8),
    GpuProduct(label="NVIDIA-A30", memory_gib=23.5, compute_capability=8.0, mig=mig.A30),
    GpuProduct(label="NVIDIA-A40", memory_gib=44.3, compute_capability=8.6),
    GpuProduct(label="NVIDIA-RTX-A6000", memory_gib=47.3, compute_capability=8.6),
    # A server of two baseboards holds 16.
    GpuProduct(
        label="NVIDIA-A100-SXM4-40GB", memory_gib=39.3, compute_capability=8.0, most_per_node=16, mig=mig.A100_40GB
    ),
    GpuProduct(label="NVIDIA-A100-PCIE-40GB", memory_gib=39.3, compute_capability=8.0, mig=mig.A100_40GB),
    GpuProduct(
        label="NVIDIA-A100-SXM4-80GB", memory_gib=79.1, compute_capability=8.0, most_per_node=16, mig=mig.HOPPER_80GB
    ),
    GpuProduct(label="NVIDIA-A100-80GB-PCIe", memory_gib=79.1, compute_capability=8.0, mig=mig.HOPPER_80GB),
    GpuProduct(label="NVIDIA-GeForce-RTX-4090", memory_gib=23.5, compute_capability=8.9),
    GpuProduct(label="NVIDIA-L4", memory_gib=22.0, compute_capability=8.9),
    GpuProduct(label="NVIDIA-L40", memory_gib=44.3, compute_capability=8.9),
    GpuProduct(label="NVIDIA-L40S", memory_gib=44.3, compute_capability=8.9),
    GpuProduct(label="NVIDIA-RTX-6000-Ada-Generation", memory_gib=47.3, compute_capability=8.9),
    GpuProduct(
        label="NVIDIA-H100-80GB-HBM3", memory_gib=79.1, compute_capability=9.0, most_per_node=8, mig=mig.HOPPER_80GB
    ),
    GpuProduct(label="NVIDIA-H100-PCIe", memory_gib=79.1, compute_capability=9.0, mig=mig.HOPPER_80GB),
    GpuProduct(label="NVIDIA-H100-NVL", memory_gib=93.0, compute_capability=9.0, mig=mig.HOPPER_94GB),
    GpuProduct(label="NVIDIA-H200", memory_gib=139.7, compute_capability=9.0, most_per_node=8, mig=mig.H200),
    GpuProduct(label="NVIDIA-H200-NVL", memory_gib=139.7, compute_capability=9.0, mig=mig.H200),
    GpuProduct(label="NVIDIA-B200", memory_gib=178.3, compute_capability=10.0, most_per_node=8, mig=mig.B200),
    GpuProduct(
        label="NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition",
        memory_gib=94.9,
        compute_capability=12.0,
        mig=mig.RTX_PRO_6000,
    ),
)

GPU_PRODUCTS: dict[str, GpuProduct] = {product.label: product for product in _TABLE}


def find_gpu(label: str) -> GpuProduct:
    """The product labelled `label`. Raises UnknownGpuError naming the closest labels."""
    if label in GPU_PRODUCTS:
        return GPU_PRODUCTS[label]
    folded = {known.lower(): known for known in GPU_PRODUCTS}
    close = [known for text, known in folded.items() if label.lower() in text]
    close = close or [folded[match] for match in difflib.get_close_matches(label.lower(), folded, n=3, cutoff=0.4)]
    hint = f"did you mean {', '.join(close)}?" if close else f"known: {', '.join(sorted(GPU_PRODUCTS))}"
    message = f"no GPU is labelled {label!r}; {hint}"
    raise UnknownGpuError(message)


def memory_per_unit(pool: NodePool) -> float:
    """GiB that a pod gets with one unit of the pool's GPU resource: a GPU, a MIG slice, or a time-sliced share.

    Time slicing isolates no memory, so a share is what is left to each pod when all keep to theirs. What a stack file
    says of a GPU's memory is never believed beyond what the product has.
    """
    known = GPU_PRODUCTS.get(pool.product or "")
    whole = min(pool.memory_per_gpu_gib, known.memory_gib) if known else pool.memory_per_gpu_gib
    if pool.mig_profile:
        return min(whole, mig_memory_gib(pool.mig_profile))
    return whole / pool.time_slices


def mig_memory_gib(profile: str) -> float:
    """GiB that a process gets in a slice of `profile` (for example `1g.18gb`).

    Raises ValueError when `profile` is no MIG profile.
    """
    matched = _MIG_PROFILE.fullmatch(profile)
    if matched is None:
        message = f"{profile!r} is no MIG profile; write it like 1g.18gb"
        raise ValueError(message)
    return int(matched[1]) * 1e9 / 2**30 * _MIG_USABLE
