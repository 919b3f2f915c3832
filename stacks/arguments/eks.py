"""Settings of a cluster in AWS → what its component is given."""

from __future__ import annotations

from components.gpu_cluster.eks.arguments import EksGpuClusterArgs
from components.gpu_cluster.eks.nodes.karpenter_specs import ScalingLimits
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup
from stacks.arguments.cluster import certificate_issuer
from stacks.arguments.eks_control_plane import auto_mode_plan, control_plane_plan, network_plan
from stacks.arguments.eks_edge import edge_plan, eks_registry, image_cache_plan
from stacks.arguments.eks_services import service_plan
from stacks.schema.cluster import EksClusterSettings, node_pools
from stacks.settings import PlatformSettings


def eks_args(settings: PlatformSettings, cluster: EksClusterSettings) -> EksGpuClusterArgs:
    """Everything that the cluster in AWS needs to know."""
    return EksGpuClusterArgs(
        environment=settings.environment,
        account_id=cluster.account_id,
        region=cluster.region,
        network=network_plan(cluster),
        control_plane=control_plane_plan(cluster),
        addon_versions=cluster.addon_versions,
        auto_mode=auto_mode_plan(cluster),
        ami_release=cluster.ami_release,
        pools=node_pools(cluster),
        node_groups={name: node_group(cluster, name) for name in cluster.node_groups},
        scaling=ScalingLimits(
            empty_minutes=cluster.karpenter.empty_minutes,
            node_days=cluster.karpenter.node_days,
            drain_minutes=cluster.karpenter.drain_minutes,
        ),
        edge=edge_plan(settings, cluster),
        image_cache=image_cache_plan(settings, cluster),
        hosted_zone_id=cluster.hosted_zone_id,
        database_instance_class=cluster.database_instance_class,
        services=service_plan(cluster),
        tags=cluster.tags,
        issuer=certificate_issuer(cluster.issuer, region=cluster.region, zone_id=cluster.hosted_zone_id or ""),
        registry=eks_registry(settings, cluster),
        protect_data=settings.protect_data,
    )


def node_group(cluster: EksClusterSettings, name: str) -> EksNodeGroup:
    """What the nodes of the pool called `name` are bought as."""
    group, (pool,) = cluster.node_groups[name], [pool for pool in cluster.pools if pool.name == name]
    instances = [instance for type_ in group.types if (instance := group.instance(type_))]
    return EksNodeGroup(
        instance_types=group.types,
        purchase=group.purchase,
        reservation_id=group.reservation_id,
        zone=group.availability_zone,
        root_volume_gib=group.root_volume_gib,
        cpu=max(instance.cpu for instance in instances),
        memory_gib=max(instance.memory_gib for instance in instances),
        local_disks=any(instance.local_disks for instance in instances),
        efa_interfaces=instances[0].efa_interfaces if group.efa else 0,
        scaled=cluster.node_plan.scaled(pool),
    )
