"""The NVIDIA software of the GPU nodes: driver where it is missing, device plugin, feature discovery, metrics.

Composed after the namespaces, because the operator lives in one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels, peers, pins
from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import GPU_OPERATOR
from components.base.operator_objects import DCGM_EXPORTER_LABELS
from components.base.wiring import Wiring, Workload
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.gpu_cluster.contract import GpuSoftware
from components.gpu_cluster.gpu_operator import gpu_operator_values
from components.gpu_cluster.operand_configs import OperandConfig, metrics_config, mig_config, time_slicing_config

TYPE = "ai-platform:gpu_cluster:GpuStack"

DCGM_EXPORTER = Workload.selecting(GPU_OPERATOR, "dcgm-exporter", DCGM_EXPORTER_LABELS)
DCGM_PORT = 9400
DRIVER = Workload.selecting(GPU_OPERATOR, "driver", {"app": "nvidia-driver-daemonset"})
API_CLIENTS = (
    Workload.selecting(GPU_OPERATOR, "gpu-operator", {"app": "gpu-operator"}),
    Workload.selecting(GPU_OPERATOR, "node-feature-discovery", {"app.kubernetes.io/name": "node-feature-discovery"}),
    Workload.selecting(GPU_OPERATOR, "device-plugin", {"app": "nvidia-device-plugin-daemonset"}),
    Workload.selecting(GPU_OPERATOR, "feature-discovery", {"app": "gpu-feature-discovery"}),
    Workload.selecting(GPU_OPERATOR, "mig-manager", {"app": "nvidia-mig-manager"}),
    Workload.selecting(GPU_OPERATOR, "validator", {"app": "nvidia-operator-validator"}),
)
"""Operands that read nodes or report to the API server (NVIDIA/gpu-operator, `assets/*/0500_daemonset.yaml`)."""


@dataclass(frozen=True, kw_only=True)
class GpuStackArgs:
    """`software` is the cluster component's `gpu_software`."""

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    software: GpuSoftware


class GpuStack(pulumi.ComponentResource):
    """The GPU operator with the partitioning and sharing that the pools ask for.

    Creates nothing where the cluster brings an operator of its own or has no GPU pool.
    """

    def __init__(self, name: str, args: GpuStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        pools = args.cluster.pools
        installed = args.software.install and any(pool.role == "gpu" for pool in pools)
        if installed:
            mig, time_slicing, metrics = mig_config(pools), time_slicing_config(pools), metrics_config()
            configs = [
                self._config_map(name, config, args.platform) for config in (mig, time_slicing, metrics) if config
            ]
            PinnedChart(
                f"{name}-operator",
                PinnedChartArgs(
                    pin=pins.GPU_OPERATOR_CHART,
                    namespace=GPU_OPERATOR,
                    values=gpu_operator_values(
                        software=args.software,
                        pools=pools,
                        registry=args.cluster.registry,
                        mig=mig,
                        time_slicing=time_slicing,
                        metrics=metrics,
                    ),
                    source=args.charts,
                ),
                args.platform.child_options(self, *configs),
            )
            _allow_connections(args.platform.wiring, args.cluster, args.software)
        self.register_outputs({"installed": installed})

    def _config_map(self, name: str, config: OperandConfig, platform: PlatformContext) -> k8s.core.v1.ConfigMap:
        return k8s.core.v1.ConfigMap(
            f"{name}-{config.prefix}",
            metadata={
                # Explicit: the operator addresses it by name. The name changes with the content.
                "name": config.name,
                "namespace": GPU_OPERATOR,
                "labels": labels.object_labels(config.prefix, "gpu-operator", platform.environment),
            },
            data=dict(config.data),
            opts=platform.child_options(self),
        )


def _allow_connections(wiring: Wiring, cluster: ClusterHandle, software: GpuSoftware) -> None:
    clients = (*API_CLIENTS, DRIVER) if software.driver == "operator" else API_CLIENTS
    for workload in clients:
        wiring.allow(workload, cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
    if software.driver == "operator":
        # The driver container builds kernel modules with packages of the node's distribution.
        wiring.allow(DRIVER, peers.INTERNET, 80, 443)
    wiring.allow(peers.PROMETHEUS, DCGM_EXPORTER, DCGM_PORT)
