"""The storage driver of a k3s cluster: local disks, replicated volumes beside them, or none of the platform's own."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import STORAGE, PlatformNamespace
from components.charts import ChartSource
from components.gpu_cluster.k3s.add_ons import local_path, longhorn
from components.gpu_cluster.k3s.add_ons.local_path import LocalPathDriver, LocalPathDriverArgs, LocalPathPlan
from components.gpu_cluster.k3s.add_ons.longhorn import LonghornDriver, LonghornDriverArgs, LonghornPlan
from components.gpu_cluster.storage_classes import StorageClassPlan, StoragePlan

TYPE = "ai-platform:gpu_cluster:StorageDriver"

NAMESPACE = PlatformNamespace(
    name=STORAGE,
    level="privileged",
    reason="the storage driver's pods make folders and mount disks on the nodes as root",
)


@dataclass(frozen=True, kw_only=True)
class StorageDriverPlan:
    """`local` serves volumes on nodes' own disks, `replicated` (None without it) volumes that outlive a node."""

    local: LocalPathPlan
    replicated: LonghornPlan | None = None

    @property
    def classes(self) -> StoragePlan:
        """The storage classes by meaning that these drivers serve."""
        local = local_path.storage_class()
        retained = longhorn.replicated_class(self.replicated) if self.replicated else local
        shared = longhorn.shared_class(self.replicated) if self.replicated and self.replicated.shared else None
        return StoragePlan(
            # On the disks beside the GPUs in any case: replicas would fill and slow them for data that can be lost.
            fast=StorageClassPlan(name="platform-fast", create=local),
            retained=StorageClassPlan(name="platform-retained", create=retained),
            shared=StorageClassPlan(name="platform-shared", create=shared) if shared else None,
        )

    @property
    def host_packages(self) -> tuple[str, ...]:
        """Packages that every host needs."""
        return longhorn.HOST_PACKAGES if self.replicated else ()


@dataclass(frozen=True, kw_only=True)
class StorageDriverArgs:
    """`node_cidrs` are the addresses from which nodes reach pods."""

    plan: StorageDriverPlan
    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    node_cidrs: tuple[str, ...]


class StorageDriver(pulumi.ComponentResource):
    """The drivers that the plan names. Claims of the platform's classes are bound once `ready` exists."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: StorageDriverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        local = LocalPathDriver(
            f"{name}-local-path",
            LocalPathDriverArgs(
                plan=args.plan.local, namespace=NAMESPACE.name, cluster=args.cluster, platform=args.platform
            ),
            child,
        )
        self.ready = local.ready
        if args.plan.replicated:
            replicated = LonghornDriver(
                f"{name}-longhorn",
                LonghornDriverArgs(
                    plan=args.plan.replicated,
                    namespace=NAMESPACE.name,
                    cluster=args.cluster,
                    platform=args.platform,
                    charts=args.charts,
                    node_cidrs=args.node_cidrs,
                ),
                child,
            )
            self.ready = (*local.ready, *replicated.ready)
        self.register_outputs({"hostPackages": list(args.plan.host_packages)})
