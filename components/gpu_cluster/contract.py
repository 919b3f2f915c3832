"""What every implementation of the cluster offers to the composition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import pulumi

from components.base.handles import ClusterHandle, PlatformContext
from components.charts import ChartSource


@dataclass(frozen=True, kw_only=True)
class GpuSoftware:
    """Who brings the GPU software of the nodes.

    `install` is False where the cluster has a GPU operator already. `driver` is `host` where driver and container
    toolkit are part of the node's image or packages, `operator` where the operator installs both. `containerd_socket`
    is the path of containerd's socket on the node where it is not the usual one.

    `container_runtime` is how GPUs get into containers: by NVIDIA's runtime, or by a plug-in of containerd (`nri`),
    with which pods name no RuntimeClass. `device_plugin` is False where the nodes bring device plugin and partitioning
    themselves. `reboot_for_partitions` lets a node restart where its GPUs cannot be reset to be partitioned, as in
    virtual machines with passed-through A100s.
    """

    install: bool = True
    driver: Literal["host", "operator"] = "host"
    containerd_socket: str | None = None
    container_runtime: Literal["runtime-class", "nri"] = "runtime-class"
    device_plugin: bool = True
    reboot_for_partitions: bool = False


class GpuCluster(Protocol):
    """A cluster of any kind: the handle for everything above, and what the GPU operator must know of the nodes."""

    handle: ClusterHandle
    gpu_software: GpuSoftware

    def install_add_ons(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """Install what this kind of cluster needs inside itself, in the namespaces that its handle names.

        Called once, after the namespaces exist. Returns what must exist before pods of the platform are created:
        drivers of volumes, addresses of load balancers, providers of nodes.
        """
        ...

    def open_to_clients(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """Install what brings clients to the edge proxies, as far as the proxies' Service does not do it.

        Called once, after certificates can be asked for, which `install_add_ons` cannot. Returns what must exist before
        the proxies are created.
        """
        ...
