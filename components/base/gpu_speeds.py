"""How fast GPUs read their memory and multiply, for estimates of throughput.

Source: NVIDIA's data sheets of each product, dense numbers (half of those "with sparsity"), state of 2026-08. The A10G
is AWS's variant of the A10 (data sheet "NVIDIA A10G"). Numbers are per whole GPU.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GpuSpeed:
    """`bandwidth_gb` in GB (10**9 bytes) a second; `half_tflops` and `fp8_tflops` in 10**12 operations a second, of
    tensor cores with 16-bit and 8-bit numbers. `fp8_tflops` is None where there is no fp8."""

    bandwidth_gb: float
    half_tflops: float
    fp8_tflops: float | None = None


GPU_SPEEDS: dict[str, GpuSpeed] = {
    "Tesla-T4": GpuSpeed(bandwidth_gb=320, half_tflops=65),
    "NVIDIA-A10": GpuSpeed(bandwidth_gb=600, half_tflops=125),
    "NVIDIA-A10G": GpuSpeed(bandwidth_gb=600, half_tflops=70),
    "NVIDIA-A30": GpuSpeed(bandwidth_gb=933, half_tflops=165),
    "NVIDIA-A40": GpuSpeed(bandwidth_gb=696, half_tflops=150),
    "NVIDIA-RTX-A6000": GpuSpeed(bandwidth_gb=768, half_tflops=155),
    "NVIDIA-A100-SXM4-40GB": GpuSpeed(bandwidth_gb=1555, half_tflops=312),
    "NVIDIA-A100-PCIE-40GB": GpuSpeed(bandwidth_gb=1555, half_tflops=312),
    "NVIDIA-A100-SXM4-80GB": GpuSpeed(bandwidth_gb=2039, half_tflops=312),
    "NVIDIA-A100-80GB-PCIe": GpuSpeed(bandwidth_gb=1935, half_tflops=312),
    # Half of the rate with 16-bit accumulation, which language models do not use.
    "NVIDIA-GeForce-RTX-4090": GpuSpeed(bandwidth_gb=1008, half_tflops=165, fp8_tflops=330),
    "NVIDIA-L4": GpuSpeed(bandwidth_gb=300, half_tflops=121, fp8_tflops=242),
    "NVIDIA-L40": GpuSpeed(bandwidth_gb=864, half_tflops=181, fp8_tflops=362),
    "NVIDIA-L40S": GpuSpeed(bandwidth_gb=864, half_tflops=362, fp8_tflops=733),
    "NVIDIA-RTX-6000-Ada-Generation": GpuSpeed(bandwidth_gb=960, half_tflops=364, fp8_tflops=728),
    "NVIDIA-H100-80GB-HBM3": GpuSpeed(bandwidth_gb=3350, half_tflops=989, fp8_tflops=1979),
    "NVIDIA-H100-PCIe": GpuSpeed(bandwidth_gb=2000, half_tflops=756, fp8_tflops=1513),
    "NVIDIA-H100-NVL": GpuSpeed(bandwidth_gb=3900, half_tflops=835, fp8_tflops=1671),
    "NVIDIA-H200": GpuSpeed(bandwidth_gb=4800, half_tflops=989, fp8_tflops=1979),
    "NVIDIA-H200-NVL": GpuSpeed(bandwidth_gb=4800, half_tflops=835, fp8_tflops=1671),
    "NVIDIA-B200": GpuSpeed(bandwidth_gb=8000, half_tflops=2250, fp8_tflops=4500),
    "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition": GpuSpeed(bandwidth_gb=1597, half_tflops=500, fp8_tflops=1000),
}
"""By the node label `nvidia.com/gpu.product`."""
