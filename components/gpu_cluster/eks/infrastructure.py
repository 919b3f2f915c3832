"""Everything of a cluster that lives in AWS, in an order in which it can be made and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.base.node_pools import NodePool
from components.gpu_cluster.eks.addons import EksAddonsArgs, EksClusterAddons, EksNodeAddons
from components.gpu_cluster.eks.control_plane import EksControlPlane, EksControlPlaneArgs
from components.gpu_cluster.eks.keys import EksKeys, EksKeysArgs
from components.gpu_cluster.eks.network import EksNetwork, EksNetworkArgs
from components.gpu_cluster.eks.nodes import EksNodeGroup, EksNodes, EksNodesArgs

TYPE = "ai-platform:gpu_cluster:EksInfrastructure"

SERVICE_CIDR = "172.20.0.0/16"


@dataclass(frozen=True, kw_only=True)
class EksInfrastructureArgs:
    """`node_groups` are keyed by pool name. `api_public_cidrs` may reach the API server from outside the VPC."""

    environment: str
    account_id: str
    region: str
    availability_zones: tuple[str, ...]
    vpc_cidr: str
    cluster_name: str
    kubernetes_version: str
    ami_release: str | None
    admin_role_arns: tuple[str, ...]
    api_public_cidrs: tuple[str, ...]
    pools: tuple[NodePool, ...]
    node_groups: Mapping[str, EksNodeGroup]
    protect: bool


class EksInfrastructure(pulumi.ComponentResource):
    """Keys, network, control plane, add-ons and nodes. `ready` are the resources after which pods can run."""

    keys: EksKeys
    network: EksNetwork
    control_plane: EksControlPlane
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksInfrastructureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
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
                vpc_cidr=args.vpc_cidr,
                zones=args.availability_zones,
                log_key_arn=self.keys.cluster.arn,
            ),
            self._child,
        )
        self.control_plane = self._control_plane()
        node_addons = EksNodeAddons(
            f"{name}-node-addons", self._addon_args(self.control_plane.access), self._child
        ).ready
        nodes = self._nodes(node_addons)
        addons = EksClusterAddons(f"{name}-addons", self._addon_args((*node_addons, *nodes.system)), self._child).ready
        self.ready = (*node_addons, *nodes.all, *addons)
        self.register_outputs({"cluster": self.control_plane.cluster.name})

    def _control_plane(self) -> EksControlPlane:
        args = self._args
        return EksControlPlane(
            f"{self._name}-control-plane",
            EksControlPlaneArgs(
                environment=args.environment,
                cluster_name=args.cluster_name,
                kubernetes_version=args.kubernetes_version,
                subnet_ids=tuple(subnet.id for subnet in self.network.private_subnets.values()),
                service_cidr=SERVICE_CIDR,
                key=self.keys.cluster,
                public_cidrs=args.api_public_cidrs,
                admin_role_arns=args.admin_role_arns,
                protect=args.protect,
            ),
            self._child,
        )

    def _addon_args(self, after: tuple[pulumi.Resource, ...]) -> EksAddonsArgs:
        return EksAddonsArgs(
            environment=self._args.environment,
            account_id=self._args.account_id,
            cluster_name=self.control_plane.cluster.name,
            volume_key_arn=self.keys.data.arn,
            after=after,
        )

    def _nodes(self, node_addons: tuple[pulumi.Resource, ...]) -> EksNodes:
        args = self._args
        return EksNodes(
            f"{self._name}-nodes",
            EksNodesArgs(
                environment=args.environment,
                cluster_name=self.control_plane.cluster.name,
                kubernetes_version=args.kubernetes_version,
                ami_release=args.ami_release,
                pools=args.pools,
                groups=args.node_groups,
                subnet_ids={zone: subnet.id for zone, subnet in self.network.private_subnets.items()},
                ready=(*self.network.routes, *node_addons),
            ),
            self._child,
        )
