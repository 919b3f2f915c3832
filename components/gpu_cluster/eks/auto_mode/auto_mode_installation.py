"""From a cluster in AWS to what its Auto Mode is given."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.base.handles import PlatformContext
from components.base.node_pools import NodePool
from components.gpu_cluster.eks.auto_mode.auto_mode import AutoModePlan, EksAutoMode, EksAutoModeArgs
from components.gpu_cluster.eks.auto_mode.auto_mode_specs import NodePlacement
from components.gpu_cluster.eks.infrastructure import EksInfrastructure
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup


def install_auto_mode(
    name: str,
    *,
    plan: AutoModePlan,
    infrastructure: EksInfrastructure,
    pools: tuple[NodePool, ...],
    groups: Mapping[str, EksNodeGroup],
    tags: Mapping[str, str],
    platform: PlatformContext,
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Resource, ...]:
    """Install Auto Mode's objects and return what pods wait for. `tags` go on what EKS makes.

    Raises ValueError where the cluster was made without Auto Mode.
    """
    nodes = infrastructure.auto_nodes
    if nodes is None:
        message = f"{name}: the cluster was made without Auto Mode"
        raise ValueError(message)
    network, cluster = infrastructure.network, infrastructure.control_plane.cluster
    auto_mode = EksAutoMode(
        name,
        EksAutoModeArgs(
            platform=platform,
            plan=plan,
            pools=pools,
            groups=groups,
            placement=NodePlacement(
                subnet_ids={zone: subnet.id for zone, subnet in network.private_subnets.items()},
                security_group_id=cluster.vpc_config.cluster_security_group_id,
                role_name=nodes.role.name,
                volume_key_arn=infrastructure.keys.data.arn,
                tags=tags,
            ),
            nodes_ready=(*network.ready, *nodes.ready),
            addons=infrastructure.addon_args(infrastructure.ready),
        ),
        opts,
    )
    return auto_mode.ready
