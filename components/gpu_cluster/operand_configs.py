"""ConfigMaps that operands of the GPU operator read: partitions, sharing, metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from components.base.node_pools import GPU_RESOURCE, NodePool
from components.gpu_cluster.node_labels import mig_config_name

NO_PARTITIONS = "all-disabled"
PLAIN = "default"


@dataclass(frozen=True, kw_only=True)
class OperandConfig:
    """A ConfigMap for one operand. The name follows the content: the operator rolls an operand only when it is told
    another name, never when a ConfigMap changes (NVIDIA GPU operator documentation, "GPU time-slicing").
    """

    prefix: str
    data: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of the ConfigMap."""
        content = yaml.safe_dump(dict(self.data))
        return f"{self.prefix}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def mig_config(pools: Iterable[NodePool]) -> OperandConfig | None:
    """Partitionings of the MIG manager, None where no pool is partitioned."""
    configs: dict[str, Any] = {
        mig_config_name(pool.mig_profile): [
            {"devices": "all", "mig-enabled": True, "mig-devices": {pool.mig_profile: pool.mig_slices}}
        ]
        for pool in pools
        if pool.mig_profile
    }
    if not configs:
        return None
    configs[NO_PARTITIONS] = [{"devices": "all", "mig-enabled": False}]
    text = yaml.safe_dump({"version": "v1", "mig-configs": configs})
    return OperandConfig(prefix="mig-partitions", data={"config.yaml": text})


def time_slicing_config(pools: Iterable[NodePool]) -> OperandConfig | None:
    """Configurations of the device plugin by pool, None where no pool shares its GPUs."""
    shared = {pool.name: _device_plugin_config(pool.time_slices) for pool in pools if pool.time_slices > 1}
    if not shared:
        return None
    return OperandConfig(prefix="time-slicing", data={PLAIN: _device_plugin_config(1), **shared})


def _device_plugin_config(slices: int) -> str:
    config: dict[str, Any] = {"version": "v1", "flags": {"migStrategy": "mixed"}}
    if slices > 1:
        config["sharing"] = {
            "timeSlicing": {
                # Two slices of one GPU are no more memory or compute than one; asking for two is a mistake.
                "failRequestsGreaterThanOne": True,
                "resources": [{"name": GPU_RESOURCE, "replicas": slices}],
            }
        }
    return yaml.safe_dump(config)


METRICS: tuple[tuple[str, str, str], ...] = (
    ("DCGM_FI_DEV_SM_CLOCK", "gauge", "SM clock in MHz."),
    ("DCGM_FI_DEV_MEM_CLOCK", "gauge", "Memory clock in MHz."),
    ("DCGM_FI_DEV_GPU_TEMP", "gauge", "GPU temperature in C."),
    ("DCGM_FI_DEV_MEMORY_TEMP", "gauge", "Memory temperature in C."),
    ("DCGM_FI_DEV_POWER_USAGE", "gauge", "Power draw in W."),
    ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "counter", "Energy since boot in mJ."),
    ("DCGM_FI_DEV_POWER_VIOLATION", "counter", "Time throttled for power in microseconds."),
    ("DCGM_FI_DEV_THERMAL_VIOLATION", "counter", "Time throttled for heat in microseconds."),
    ("DCGM_FI_DEV_GPU_UTIL", "gauge", "GPU utilization in percent."),
    ("DCGM_FI_DEV_MEM_COPY_UTIL", "gauge", "Memory utilization in percent."),
    ("DCGM_FI_DEV_FB_FREE", "gauge", "Free GPU memory in MiB."),
    ("DCGM_FI_DEV_FB_USED", "gauge", "Used GPU memory in MiB."),
    ("DCGM_FI_DEV_XID_ERRORS", "gauge", "Last XID error."),
    ("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", "counter", "Double-bit memory errors since the driver was loaded."),
    ("DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", "counter", "Memory rows remapped for correctable errors."),
    ("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "counter", "Memory rows remapped for uncorrectable errors."),
    ("DCGM_FI_DEV_ROW_REMAP_FAILURE", "gauge", "Whether remapping of memory rows failed."),
    ("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "counter", "PCIe retries."),
    ("DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", "counter", "NVLink traffic of all lanes."),
    ("DCGM_FI_DRIVER_VERSION", "label", "Driver version."),
    # Counters of the profiler. GPUs without them (GeForce) leave these lines out by themselves.
    ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "gauge", "Share of time in which any engine is active; also of a MIG slice."),
    ("DCGM_FI_PROF_SM_ACTIVE", "gauge", "Share of cycles in which an SM has work."),
    ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "gauge", "Share of cycles in which tensor cores are active."),
    ("DCGM_FI_PROF_DRAM_ACTIVE", "gauge", "Share of cycles in which GPU memory is read or written."),
    ("DCGM_FI_PROF_PCIE_TX_BYTES", "gauge", "Bytes per second sent over PCIe."),
    ("DCGM_FI_PROF_PCIE_RX_BYTES", "gauge", "Bytes per second received over PCIe."),
)
"""Fields of DCGM that are exported, with their type and description (NVIDIA/dcgm-exporter, `etc/*.csv`)."""


def metrics_config() -> OperandConfig:
    """What the DCGM exporter exports. Named here and not left to the image, so that an upgrade of the exporter takes no
    metric away from the alerts.
    """
    lines = [", ".join(metric) for metric in METRICS]
    return OperandConfig(prefix="gpu-metrics", data={"dcgm-metrics.csv": "\n".join(lines) + "\n"})
