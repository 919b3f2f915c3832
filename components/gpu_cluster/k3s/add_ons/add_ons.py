"""What a k3s cluster needs inside itself: addresses for its Services, a storage driver, upgrades of its nodes."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import PlatformNamespace
from components.charts import ChartSource
from components.gpu_cluster.k3s.add_ons import load_balancer, local_path_specs, storage_driver, upgrades
from components.gpu_cluster.k3s.add_ons.load_balancer import ServiceLoadBalancer, ServiceLoadBalancerArgs
from components.gpu_cluster.k3s.add_ons.load_balancer_specs import LoadBalancerPlan
from components.gpu_cluster.k3s.add_ons.storage_driver import StorageDriver, StorageDriverArgs, StorageDriverPlan
from components.gpu_cluster.k3s.add_ons.upgrade_plans import UpgradePlan
from components.gpu_cluster.k3s.add_ons.upgrades import NodeUpgrades, NodeUpgradesArgs


@dataclass(frozen=True, kw_only=True)
class AddOnsPlan:
    """`storage` is None where somebody else brings the storage driver, `upgrades` where nodes are upgraded by hand."""

    load_balancer: LoadBalancerPlan
    storage: StorageDriverPlan | None
    upgrades: UpgradePlan | None

    @property
    def namespaces(self) -> tuple[PlatformNamespace, ...]:
        """The namespaces that the add-ons run in."""
        return (
            load_balancer.NAMESPACE,
            *([storage_driver.NAMESPACE] if self.storage else []),
            *([upgrades.NAMESPACE] if self.upgrades else []),
        )

    @property
    def excepted_roles(self) -> frozenset[str]:
        """ClusterRoles that may do by exception what no other may: make volumes on disks of the nodes."""
        return frozenset({local_path_specs.NAME} if self.storage else set[str]())

    @property
    def host_packages(self) -> tuple[str, ...]:
        """Packages of the distribution that every host needs for the add-ons."""
        return self.storage.host_packages if self.storage else ()


@dataclass(frozen=True, kw_only=True)
class NodeFacts:
    """What the add-ons must know of the nodes: the release that they should run, the addresses of all hosts, the
    addresses of pods (a CIDR range), and the number of servers.
    """

    release: str
    addresses: tuple[str, ...]
    pod_cidr: str
    servers: int

    @property
    def node_cidrs(self) -> tuple[str, ...]:
        """The hosts' own addresses, as ranges."""
        return tuple(f"{address}/32" for address in sorted(set(self.addresses)))


@dataclass(frozen=True, kw_only=True)
class AddOnsSurroundings:
    """What all add-ons are given."""

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource


def install(
    name: str, plan: AddOnsPlan, nodes: NodeFacts, surroundings: AddOnsSurroundings, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Resource, ...]:
    """Install what `plan` names. Returns what pods with volumes and Services with addresses must wait for."""
    cluster, platform, charts = surroundings.cluster, surroundings.platform, surroundings.charts
    ready: list[pulumi.Resource] = []
    if plan.storage:
        driver = StorageDriver(
            f"{name}-storage-driver",
            StorageDriverArgs(
                plan=plan.storage,
                cluster=cluster,
                platform=platform,
                charts=charts,
                # A node reaches pods of other nodes with an address of its own share of the pod range.
                node_cidrs=(*nodes.node_cidrs, nodes.pod_cidr),
            ),
            opts,
        )
        ready += driver.ready
    addresses = ServiceLoadBalancer(
        f"{name}-load-balancer",
        ServiceLoadBalancerArgs(
            plan=plan.load_balancer, cluster=cluster, platform=platform, charts=charts, node_cidrs=nodes.node_cidrs
        ),
        opts,
    )
    if plan.upgrades:
        NodeUpgrades(
            f"{name}-upgrades",
            NodeUpgradesArgs(
                plan=plan.upgrades, release=nodes.release, servers=nodes.servers, cluster=cluster, platform=platform
            ),
            opts,
        )
    return (*ready, *addresses.ready)
