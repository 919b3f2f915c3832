"""The edge in the network of a cluster: which subnets hold the load balancer, and whom it may reach."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks.edge.edge import EksEdge, EksEdgeArgs
from components.gpu_cluster.eks.edge.plan import EdgePlace, EdgePlan
from components.gpu_cluster.eks.infrastructure import EksInfrastructure
from components.gpu_cluster.eks.kubernetes import Scheme
from components.gpu_cluster.eks.network.network import EksNetwork
from components.gpu_cluster.eks.services.access_logs import EksAccessLogs


@dataclass(frozen=True, kw_only=True)
class EdgeSurroundings:
    """What the cluster knows of itself. `hosted_zone_id` is the Route 53 zone of the public names, or None."""

    environment: str
    account_id: str
    region: str
    cluster_name: str
    hosted_zone_id: str | None
    infrastructure: EksInfrastructure
    access_logs: EksAccessLogs
    protect: bool


def make_edge(name: str, plan: EdgePlan, around: EdgeSurroundings, opts: pulumi.ResourceOptions) -> EksEdge:
    """The load balancer of `plan`, in front of the nodes."""
    infrastructure = around.infrastructure
    subnets, cidrs = _subnets(infrastructure.network, plan.scheme)
    place = EdgePlace(
        environment=around.environment,
        account_id=around.account_id,
        region=around.region,
        cluster_name=around.cluster_name,
        vpc_id=infrastructure.network.vpc.id,
        subnet_ids=tuple(subnet.id for subnet in subnets),
        subnet_cidrs=cidrs,
        routes=infrastructure.network.ready,
        # Every node is in this group, whoever made it, and pods share the addresses of their node.
        proxies_group_id=infrastructure.control_plane.cluster.vpc_config.cluster_security_group_id,
        hosted_zone_id=around.hosted_zone_id,
        log_key_arn=infrastructure.keys.cluster.arn,
        access_logs=around.access_logs,
        protect=around.protect,
    )
    return EksEdge(name, EksEdgeArgs(plan=plan, place=place), opts)


def _subnets(network: EksNetwork, scheme: Scheme) -> tuple[tuple[aws.ec2.Subnet, ...], tuple[str, ...]]:
    if scheme == "internal":
        return tuple(network.private_subnets.values()), tuple(zone.private for zone in network.layout)
    return tuple(network.public_subnets.values()), tuple(zone.public for zone in network.layout)
