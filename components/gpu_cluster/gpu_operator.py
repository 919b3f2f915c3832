"""Pure builders of the NVIDIA GPU operator's configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from components.base.handles import ImageRegistry
from components.base.node_pools import GPU_RESOURCE, NodePool
from components.gpu_cluster.contract import GpuSoftware
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


def gpu_operator_values(
    *,
    software: GpuSoftware,
    registry: ImageRegistry,
    mig: OperandConfig | None,
    time_slicing: OperandConfig | None,
) -> dict[str, Any]:
    """Values of the chart: what is on the nodes already stays off, everything else comes from the operator."""
    nvidia = registry.rewrite("nvcr.io/nvidia")
    by_operator = software.driver == "operator"
    toolkit: dict[str, Any] = {"enabled": by_operator, "repository": f"{nvidia}/k8s"}
    if by_operator and software.containerd_socket:
        toolkit["env"] = [{"name": "CONTAINERD_SOCKET", "value": software.containerd_socket}]
    values: dict[str, Any] = {
        # The chart's CRDs are resources of the program, so its own upgrade hook has nothing to do.
        "operator": {"repository": nvidia, "upgradeCRD": False},
        "validator": {"repository": nvidia},
        "cdi": {"enabled": True},
        "driver": {
            "enabled": by_operator,
            "repository": nvidia,
            "manager": {"repository": f"{nvidia}/cloud-native"},
        },
        "toolkit": toolkit,
        "devicePlugin": {"repository": nvidia},
        "gfd": {"repository": nvidia},
        # Slices keep their size in the resource's name, so that a model is placed on the size it was planned for.
        "mig": {"strategy": "mixed"},
        "migManager": {"repository": f"{nvidia}/cloud-native"},
        # The monitor is the observability component's: its CRD does not exist yet when this chart is installed.
        "dcgmExporter": {"repository": f"{nvidia}/k8s", "serviceMonitor": {"enabled": False}},
        "node-feature-discovery": {
            "image": {"repository": registry.rewrite("registry.k8s.io/nfd/node-feature-discovery")}
        },
    }
    if mig:
        values["migManager"]["config"] = {"create": False, "name": mig.name, "default": NO_PARTITIONS}
    if time_slicing:
        values["devicePlugin"]["config"] = {"create": False, "name": time_slicing.name, "default": PLAIN}
    return values
