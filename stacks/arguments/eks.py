"""Settings of a cluster in AWS → what its component is given."""

from __future__ import annotations

from components.gpu_cluster.eks.cluster import EksGpuClusterArgs
from components.gpu_cluster.eks.nodes import EksNodeGroup
from stacks.arguments.cluster import certificate_issuer, image_registry
from stacks.schema.cluster import EksClusterSettings, NodeGroupSettings, node_pools
from stacks.settings import PlatformSettings


def eks_args(settings: PlatformSettings, cluster: EksClusterSettings) -> EksGpuClusterArgs:
    """Everything that the cluster in AWS needs to know."""
    return EksGpuClusterArgs(
        environment=settings.environment,
        account_id=cluster.account_id,
        region=cluster.region,
        availability_zones=cluster.availability_zones,
        vpc_cidr=cluster.vpc_cidr,
        kubernetes_version=cluster.kubernetes_version,
        ami_release=cluster.ami_release,
        admin_role_arns=cluster.admin_role_arns,
        api_public_cidrs=cluster.api_public_cidrs,
        pools=node_pools(cluster),
        node_groups={name: _node_group(group) for name, group in cluster.node_groups.items()},
        load_balancer_scheme=cluster.load_balancer_scheme,
        hosted_zone_id=cluster.hosted_zone_id,
        database_instance_class=cluster.database_instance_class,
        issuer=certificate_issuer(cluster.issuer, region=cluster.region, zone_id=cluster.hosted_zone_id or ""),
        registry=image_registry(settings),
        protect_data=settings.protect_data,
    )


def _node_group(group: NodeGroupSettings) -> EksNodeGroup:
    return EksNodeGroup(
        instance_type=group.instance_type,
        purchase=group.purchase,
        reservation_id=group.reservation_id,
        zone=group.availability_zone,
        root_volume_gib=group.root_volume_gib,
    )
