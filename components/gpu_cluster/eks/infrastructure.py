"""Everything of a cluster that lives in AWS, in an order in which it can be made and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base.node_pools import NodePool
from components.gpu_cluster.eks.auto_mode.auto_mode import AutoModePlan
from components.gpu_cluster.eks.auto_mode.auto_nodes import EksAutoNodes, EksAutoNodesArgs
from components.gpu_cluster.eks.control_plane.addons import EksAddonsArgs, EksClusterAddons, EksNodeAddons
from components.gpu_cluster.eks.control_plane.control_plane import (
    ControlPlanePlan,
    EksControlPlane,
    EksControlPlaneArgs,
)
from components.gpu_cluster.eks.control_plane.keys import EksKeys, EksKeysArgs
from components.gpu_cluster.eks.network.network import EksNetwork, EksNetworkArgs, NetworkPlan
from components.gpu_cluster.eks.nodes.efa import EfaNetworks, EfaNetworksArgs
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup
from components.gpu_cluster.eks.nodes.nodes import EksNodes, EksNodesArgs
from components.gpu_cluster.eks.removal import Leftovers

TYPE = "ai-platform:gpu_cluster:EksInfrastructure"


@dataclass(frozen=True, kw_only=True)
class EksInfrastructureArgs:
    """`node_groups` are keyed by pool name, `addon_versions` by add-on. With `auto_mode` EKS makes the nodes itself."""

    environment: str
    account_id: str
    region: str
    cluster_name: str
    network: NetworkPlan
    control_plane: ControlPlanePlan
    addon_versions: Mapping[str, str]
    auto_mode: AutoModePlan | None
    ami_release: str | None
    pools: tuple[NodePool, ...]
    node_groups: Mapping[str, EksNodeGroup]
    tags: Mapping[str, str]
    protect: bool


class EksInfrastructure(pulumi.ComponentResource):
    """Keys, network, control plane, add-ons and nodes. `ready` are the resources after which pods can run.

    With Auto Mode nodes and the add-ons on them are objects of the cluster: `auto_nodes` is what they need in AWS, and
    `ready` says only that they can be made. It is None otherwise. `node_role` is the role of all nodes but Karpenter's.
    """

    keys: EksKeys
    network: EksNetwork
    control_plane: EksControlPlane
    efa: EfaNetworks
    leftovers: Leftovers
    auto_nodes: EksAutoNodes | None
    node_role: aws.iam.Role
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksInfrastructureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.leftovers = Leftovers(cluster_name=args.cluster_name, account_id=args.account_id, region=args.region)
        self.keys = EksKeys(
            f"{name}-keys",
            EksKeysArgs(
                environment=args.environment,
                account_id=args.account_id,
                region=args.region,
                cluster_name=args.cluster_name,
                protect=args.protect,
            ),
            self._child,
        )
        self.network = EksNetwork(
            f"{name}-network",
            EksNetworkArgs(
                environment=args.environment,
                account_id=args.account_id,
                cluster_name=args.cluster_name,
                region=args.region,
                plan=args.network,
                log_key_arn=self.keys.cluster.arn,
            ),
            self._child,
        )
        # Deleted after nodes and control plane, before the network that leftover interfaces would hold.
        self._network_is_free = self.leftovers.removed(
            f"{name}-leftover-interfaces",
            "interfaces",
            after=[self.network.vpc, *self.network.private_subnets.values()],
            opts=self._child,
        )
        self.control_plane = self._control_plane()
        self.efa = self._efa()
        self.auto_nodes = self._auto_nodes() if args.auto_mode else None
        self.ready = (
            (*self.control_plane.access, *self.network.ready, *self.auto_nodes.ready)
            if self.auto_nodes
            else self._managed_nodes()
        )
        self.register_outputs({"cluster": self.control_plane.cluster.name})

    def _control_plane(self) -> EksControlPlane:
        args = self._args
        return EksControlPlane(
            f"{self._name}-control-plane",
            EksControlPlaneArgs(
                environment=args.environment,
                account_id=args.account_id,
                region=args.region,
                cluster_name=args.cluster_name,
                vpc_id=self.network.vpc.id,
                subnet_ids=tuple(subnet.id for subnet in self.network.private_subnets.values()),
                service_cidr=args.network.service_cidr,
                key=self.keys.cluster,
                volume_key_arn=self.keys.data.arn,
                plan=args.control_plane,
                auto_mode=args.auto_mode is not None,
                protect=args.protect,
            ),
            pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[self._network_is_free])),
        )

    def _efa(self) -> EfaNetworks:
        args = self._args
        return EfaNetworks(
            f"{self._name}-efa",
            EfaNetworksArgs(
                environment=args.environment,
                cluster_name=args.cluster_name,
                vpc_id=self.network.vpc.id,
                cluster_group_id=self.control_plane.cluster.vpc_config.cluster_security_group_id,
                pools=args.pools,
                groups=args.node_groups,
            ),
            self._child,
        )

    def _managed_nodes(self) -> tuple[pulumi.Resource, ...]:
        node_addons = EksNodeAddons(
            f"{self._name}-node-addons", self.addon_args(self.control_plane.access), self._child
        ).ready
        nodes = self._nodes(node_addons)
        self.node_role = nodes.role
        after = (*self.network.ready, *node_addons, *nodes.system)
        addons = EksClusterAddons(f"{self._name}-addons", self.addon_args(after), self._child).ready
        return (*node_addons, *nodes.all, *addons)

    def _auto_nodes(self) -> EksAutoNodes:
        nodes = EksAutoNodes(
            f"{self._name}-auto-nodes",
            EksAutoNodesArgs(
                environment=self._args.environment,
                name=self._args.cluster_name,
                cluster_name=self.control_plane.cluster.name,
            ),
            self._child,
        )
        self.node_role = nodes.role
        return nodes

    def addon_args(self, after: tuple[pulumi.Resource, ...]) -> EksAddonsArgs:
        """What add-ons need to know, installed once `after` exists."""
        return EksAddonsArgs(
            environment=self._args.environment,
            account_id=self._args.account_id,
            region=self._args.region,
            cluster_name=self.control_plane.cluster.name,
            volume_key_arn=self.keys.data.arn,
            after=after,
            versions=self._args.addon_versions,
        )

    def _nodes(self, node_addons: tuple[pulumi.Resource, ...]) -> EksNodes:
        args = self._args
        return EksNodes(
            f"{self._name}-nodes",
            EksNodesArgs(
                environment=args.environment,
                cluster_name=self.control_plane.cluster.name,
                kubernetes_version=args.control_plane.kubernetes_version,
                ami_release=args.ami_release,
                volume_key_arn=self.keys.data.arn,
                stack_tags=args.tags,
                pools=args.pools,
                groups=args.node_groups,
                efa=self.efa,
                subnet_ids={zone: subnet.id for zone, subnet in self.network.private_subnets.items()},
                ready=(*self.network.ready, *node_addons),
            ),
            self._child,
        )
