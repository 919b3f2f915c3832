"""Pure builder of the NVIDIA GPU operator's values: which of its parts run, where, and on what terms.

What the nodes bring stays off. Four combinations occur:

| nodes bring | driver | toolkit | device plugin | pods name |
|---|---|---|---|---|
| driver and toolkit (own hosts) | off | off | on | the RuntimeClass |
| driver (own hosts, NRI) | off | on, as a plug-in of containerd | on | nothing |
| nothing (own hosts) | on | on | on | the RuntimeClass |
| driver, toolkit as default runtime (node image of a cloud) | off | off | on, off where the node has one | nothing |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.base import pins
from components.base.handles import ImageRegistry
from components.base.node_pools import GPU_TAINT, POOL_LABEL, NodePool
from components.gpu_cluster.contract import GpuSoftware
from components.gpu_cluster.operand_configs import NO_PARTITIONS, PLAIN, OperandConfig

TOLERATIONS = [{"key": GPU_TAINT.key, "operator": "Exists", "effect": GPU_TAINT.effect}]
PRIORITY = "system-node-critical"
"""Without device plugin and exporter a node's GPUs are lost to the cluster and to monitoring: they are evicted last."""
LONGEST_DRAIN_SECONDS = 1800
"""How long a model server may take to finish its streams before the driver under it is replaced."""


def gpu_operator_values(
    *,
    software: GpuSoftware,
    pools: Sequence[NodePool],
    registry: ImageRegistry,
    mig: OperandConfig | None,
    time_slicing: OperandConfig | None,
    metrics: OperandConfig,
) -> dict[str, Any]:
    """Values of the chart: what is on the nodes already stays off, everything else comes from the operator."""
    nvidia = registry.rewrite("nvcr.io/nvidia")
    return {
        # The chart's CRDs are resources of the program, so its own upgrade hook has nothing to do.
        "operator": {"repository": nvidia, "upgradeCRD": False},
        "validator": {"repository": nvidia},
        # The platform labels the namespace itself, with the level of Pod Security that these pods need.
        "psa": {"enabled": False},
        "cdi": {"enabled": True, "nriPluginEnabled": software.container_runtime == "nri"},
        "daemonsets": {"tolerations": TOLERATIONS, "priorityClassName": PRIORITY},
        "driver": _driver_values(software, nvidia),
        "toolkit": _toolkit_values(software, nvidia),
        "devicePlugin": _device_plugin_values(software, nvidia, time_slicing),
        "gfd": {"enabled": True, "repository": nvidia},
        # Slices keep their size in the resource's name, so that a model is placed on the size it was planned for.
        "mig": {"strategy": "mixed"},
        "migManager": _mig_manager_values(software, nvidia, mig),
        "dcgmExporter": {
            "enabled": True,
            "repository": f"{nvidia}/k8s",
            "config": {"create": False, "name": metrics.name},
            # The monitor is the observability component's: its CRD does not exist yet when this chart is installed.
            "serviceMonitor": {"enabled": False},
        },
        "nfd": {"enabled": True},
        "node-feature-discovery": _feature_discovery_values(pools, registry),
    }


def _driver_values(software: GpuSoftware, nvidia: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "enabled": software.driver == "operator",
        "repository": nvidia,
        "manager": {"repository": f"{nvidia}/cloud-native"},
    }
    if software.driver == "operator":
        values["version"] = pins.GPU_DRIVER
        values["upgradePolicy"] = {
            "autoUpgrade": True,
            "maxParallelUpgrades": 1,
            # Pods of models hold GPUs and have an emptyDir for shared memory: without both nothing would ever be moved.
            "gpuPodDeletion": {"force": False, "timeoutSeconds": LONGEST_DRAIN_SECONDS, "deleteEmptyDir": True},
        }
    return values


def _toolkit_values(software: GpuSoftware, nvidia: str) -> dict[str, Any]:
    by_plugin = software.container_runtime == "nri"
    values: dict[str, Any] = {
        "enabled": software.driver == "operator" or by_plugin,
        "repository": f"{nvidia}/k8s",
    }
    # The plug-in edits no configuration of containerd and needs no path of it.
    if values["enabled"] and not by_plugin and software.containerd_socket:
        values["env"] = [{"name": "CONTAINERD_SOCKET", "value": software.containerd_socket}]
    return values


def _device_plugin_values(software: GpuSoftware, nvidia: str, time_slicing: OperandConfig | None) -> dict[str, Any]:
    values: dict[str, Any] = {"enabled": software.device_plugin, "repository": nvidia}
    if time_slicing:
        values["config"] = {"create": False, "name": time_slicing.name, "default": PLAIN}
    return values


def _mig_manager_values(software: GpuSoftware, nvidia: str, mig: OperandConfig | None) -> dict[str, Any]:
    """Where the driver is the host's, the manager stops services of the host that hold GPUs by itself
    (`WITH_SHUTDOWN_HOST_GPU_CLIENTS` follows the driver, NVIDIA/gpu-operator `assets/state-mig-manager`).
    """
    values: dict[str, Any] = {"enabled": software.device_plugin, "repository": f"{nvidia}/cloud-native"}
    if mig:
        values["config"] = {"create": False, "name": mig.name, "default": NO_PARTITIONS}
    if software.reboot_for_partitions:
        values["env"] = [{"name": "WITH_REBOOT", "value": "true"}]
    return values


def _feature_discovery_values(pools: Sequence[NodePool], registry: ImageRegistry) -> dict[str, Any]:
    """Discovery runs on the nodes of GPU pools alone. The operator puts its operands where discovery found a GPU, so
    that they run nowhere else either.
    """
    names = sorted(pool.name for pool in pools if pool.role == "gpu")
    terms = [{"matchExpressions": [{"key": POOL_LABEL, "operator": "In", "values": names}]}]
    return {
        "image": {"repository": registry.rewrite("registry.k8s.io/nfd/node-feature-discovery")},
        "worker": {
            "tolerations": TOLERATIONS,
            "affinity": {
                "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
            },
        },
    }
