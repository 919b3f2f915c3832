"""Settings of network and control plane in AWS → what their components are given."""

from __future__ import annotations

from components.gpu_cluster.eks.auto_mode.auto_mode import AutoModePlan
from components.gpu_cluster.eks.control_plane.control_plane import ControlPlanePlan
from components.gpu_cluster.eks.network.network import NetworkPlan
from stacks.schema.cluster import EksClusterSettings


def network_plan(cluster: EksClusterSettings) -> NetworkPlan:
    """What the stack asks of the VPC."""
    return NetworkPlan(
        zones=cluster.availability_zones,
        vpc_cidr=cluster.vpc_cidr,
        service_cidr=cluster.service_cidr,
        connected_cidrs=cluster.connected_cidrs,
        transit_gateway_id=cluster.transit_gateway_id,
        nat_gateways=cluster.nat_gateways,
        interface_endpoints=cluster.interface_endpoints,
        log_days=cluster.log_retention_days,
    )


def control_plane_plan(cluster: EksClusterSettings) -> ControlPlanePlan:
    """What the stack asks of the control plane."""
    return ControlPlanePlan(
        kubernetes_version=cluster.kubernetes_version,
        admin_role_arns=cluster.admin_role_arns,
        viewer_role_arns=cluster.viewer_role_arns,
        public_cidrs=cluster.api_public_cidrs,
        private_cidrs=cluster.api_private_cidrs,
        log_days=cluster.log_retention_days,
        scaling_tier=cluster.control_plane_tier,
        extended_support=cluster.extended_support,
    )


def auto_mode_plan(cluster: EksClusterSettings) -> AutoModePlan | None:
    """What the stack asks of EKS Auto Mode, None where nodes are the platform's own."""
    if not cluster.auto_mode.enabled:
        return None
    return AutoModePlan(node_max_age_hours=cluster.auto_mode.node_max_age_hours)
