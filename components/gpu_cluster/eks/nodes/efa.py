"""The network of nodes that speak EFA: a security group that lets them talk to each other, and closeness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base.node_pools import NodePool
from components.gpu_cluster.eks.nodes.launch_templates import EfaNetwork
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EfaNetworks"

EFA_TAG = "ai-platform/efa"
"""Tag by which Karpenter finds the security group of nodes with EFA; its value names cluster and pool."""


@dataclass(frozen=True, kw_only=True)
class EfaNetworksArgs:
    """`groups` are keyed by pool name. `cluster_group_id` is the cluster's security group, which every node has."""

    environment: str
    cluster_name: str
    vpc_id: pulumi.Input[str]
    cluster_group_id: pulumi.Input[str]
    pools: tuple[NodePool, ...]
    groups: Mapping[str, EksNodeGroup]


class EfaNetworks(pulumi.ComponentResource):
    """One security group and one placement group for each pool with EFA; nothing where no pool has it."""

    def __init__(self, name: str, args: EfaNetworksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        pools = [pool.name for pool in args.pools if args.groups[pool.name].efa_interfaces]
        self._networks = {pool: self._network(pool) for pool in pools}
        self.register_outputs({"pools": sorted(pools)})

    def of(self, pool: str) -> EfaNetwork:
        """The network of a pool that has EFA. Raises KeyError for any other."""
        return self._networks[pool]

    def _network(self, pool: str) -> EfaNetwork:
        placement = aws.ec2.PlacementGroup(
            f"{self._name}-{pool}",
            strategy="cluster",
            tags=resource_tags(f"{self._name}-{pool}", self._args.environment),
            opts=self._child,
        )
        return EfaNetwork(
            security_group_ids=(self._args.cluster_group_id, self._security_group(pool).id),
            placement_group=placement.name,
        )

    def _security_group(self, pool: str) -> aws.ec2.SecurityGroup:
        """All traffic among its members. EFA needs both rules to name the group itself: an open range does not count
        (EC2 User Guide, "Prepare an EFA-enabled security group").
        """
        tags = resource_tags(f"{self._name}-{pool}-group", self._args.environment)
        group = aws.ec2.SecurityGroup(
            f"{self._name}-{pool}-group",
            description=f"EFA among the nodes of pool {pool}",
            vpc_id=self._args.vpc_id,
            tags=tags | {EFA_TAG: efa_group_tag(self._args.cluster_name, pool)},
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-{pool}-in",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            tags=tags,
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-{pool}-out",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            tags=tags,
            opts=self._child,
        )
        return group


def efa_group_tag(cluster_name: str, pool: str) -> str:
    """Value of the tag on the security group of a pool's nodes."""
    return f"{cluster_name}-{pool}"
