"""What a cluster in AWS is given, and what each of its parts is given of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.base.handles import CertificateIssuer, ImageRegistry
from components.base.namespaces import PlatformNamespace
from components.base.node_pools import NodePool
from components.base.peers import CLUSTER_DNS, INTERNET
from components.base.wiring import Endpoint, External
from components.gpu_cluster.eks.auto_mode.auto_mode import AutoModePlan
from components.gpu_cluster.eks.control_plane.control_plane import ControlPlanePlan
from components.gpu_cluster.eks.edge.installation import EdgeSurroundings
from components.gpu_cluster.eks.edge.load_balancing import (
    LOAD_BALANCING,
)
from components.gpu_cluster.eks.edge.plan import EdgePlan
from components.gpu_cluster.eks.identity import PodIdentity
from components.gpu_cluster.eks.images.image_cache import ImageCachePlan
from components.gpu_cluster.eks.infrastructure import EksInfrastructure, EksInfrastructureArgs
from components.gpu_cluster.eks.kubernetes import (
    address_in,
)
from components.gpu_cluster.eks.network.network import NetworkPlan
from components.gpu_cluster.eks.nodes import karpenter_specs
from components.gpu_cluster.eks.nodes.karpenter import scaled_pools
from components.gpu_cluster.eks.nodes.karpenter_specs import ScalingLimits
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup
from components.gpu_cluster.eks.services.access_logs import EksAccessLogs
from components.gpu_cluster.eks.services.database import RdsDatabases
from components.gpu_cluster.eks.services.database_instance import RdsPlace
from components.gpu_cluster.eks.services.services import EksServicesArgs, ServiceNetwork, ServicePlan

METRICS_ENDPOINT = "aps-workspaces"


@dataclass(frozen=True, kw_only=True)
class EksGpuClusterArgs:
    """`node_groups` are keyed by pool name. `hosted_zone_id` is the Route 53 zone in which cert-manager proves names,
    or None. Everything is made in `account_id`; credentials of another account are refused. `edge` is how clients
    enter. `registry` says which images come out of `image_cache`, where there is one. `services` is what the stack asks
    of the managed services around the cluster, `tags` go on every resource beside the platform's own.
    """

    environment: str
    account_id: str
    region: str
    network: NetworkPlan
    control_plane: ControlPlanePlan
    addon_versions: Mapping[str, str]
    auto_mode: AutoModePlan | None
    ami_release: str | None
    pools: tuple[NodePool, ...]
    node_groups: Mapping[str, EksNodeGroup]
    edge: EdgePlan
    image_cache: ImageCachePlan | None
    hosted_zone_id: str | None
    database_instance_class: str
    services: ServicePlan
    tags: Mapping[str, str]
    scaling: ScalingLimits
    issuer: CertificateIssuer
    registry: ImageRegistry
    protect_data: bool


def cluster_name_of(args: EksGpuClusterArgs) -> str:
    """Name of the cluster in AWS, and first part of the names of what belongs to it."""
    return f"ai-platform-{args.environment}"


def add_on_namespaces(args: EksGpuClusterArgs) -> tuple[PlatformNamespace, ...]:
    """Namespaces of the add-ons that the cluster needs inside itself."""
    scaled = scaled_pools(args.pools, args.node_groups)
    return (LOAD_BALANCING, karpenter_specs.NAMESPACE) if scaled else (LOAD_BALANCING,)


def edge_surroundings(
    args: EksGpuClusterArgs, infrastructure: EksInfrastructure, access_logs: EksAccessLogs
) -> EdgeSurroundings:
    """What the way of clients to the gateway stands on."""
    return EdgeSurroundings(
        environment=args.environment,
        account_id=args.account_id,
        region=args.region,
        cluster_name=cluster_name_of(args),
        hosted_zone_id=args.hosted_zone_id,
        infrastructure=infrastructure,
        access_logs=access_logs,
        protect=args.protect_data,
    )


def infrastructure_args(args: EksGpuClusterArgs) -> EksInfrastructureArgs:
    """What keys, network, control plane, add-ons and nodes are given."""
    return EksInfrastructureArgs(
        environment=args.environment,
        account_id=args.account_id,
        region=args.region,
        cluster_name=cluster_name_of(args),
        network=args.network,
        control_plane=args.control_plane,
        addon_versions=args.addon_versions,
        auto_mode=args.auto_mode,
        ami_release=args.ami_release,
        pools=args.pools,
        node_groups=args.node_groups,
        tags=args.tags,
        protect=args.protect_data,
    )


def kubernetes_api(args: EksGpuClusterArgs, infrastructure: EksInfrastructure) -> External:
    """Its endpoints, and the Service `kubernetes`: a connection is judged before that address is translated."""
    subnets = tuple(zone.private for zone in infrastructure.network.layout)
    return External(name="kubernetes-api", cidrs=(*subnets, address_in(args.network.service_cidr, 1)))


def dns_endpoint(args: EksGpuClusterArgs) -> Endpoint:
    """Auto Mode answers DNS on every node, at the address of a Service without pods that a policy could select."""
    if args.auto_mode is None:
        return CLUSTER_DNS
    return External(name="cluster-dns", cidrs=(address_in(args.network.service_cidr, 10),))


def services_args(args: EksGpuClusterArgs, infrastructure: EksInfrastructure, identity: PodIdentity) -> EksServicesArgs:
    """What the managed services beside the cluster are given."""
    network = infrastructure.network
    return EksServicesArgs(
        environment=args.environment,
        account_id=args.account_id,
        region=args.region,
        cluster_name=cluster_name_of(args),
        keys=infrastructure.keys,
        network=ServiceNetwork(
            vpc_id=network.vpc.id,
            subnet_ids=tuple(subnet.id for subnet in network.private_subnets.values()),
            metrics=_metrics_service(args, infrastructure),
        ),
        identity=identity,
        plan=args.services,
        protect=args.protect_data,
    )


def _metrics_service(args: EksGpuClusterArgs, infrastructure: EksInfrastructure) -> External:
    """Its interface endpoint has an address in each private subnet; without one it answers on public addresses."""
    if METRICS_ENDPOINT not in args.network.interface_endpoints:
        return INTERNET
    return External(name="metrics-service", cidrs=tuple(zone.private for zone in infrastructure.network.layout))


def databases(args: EksGpuClusterArgs, infrastructure: EksInfrastructure) -> RdsDatabases:
    """The factory of PostgreSQL databases, in the network's data subnets."""
    network, keys = infrastructure.network, infrastructure.keys
    return RdsDatabases(
        place=RdsPlace(
            account_id=args.account_id,
            vpc_id=network.vpc.id,
            subnet_ids=tuple(subnet.id for subnet in network.data_subnets.values()),
            client_group_id=infrastructure.control_plane.cluster.vpc_config.cluster_security_group_id,
            data_key_arn=keys.data.arn,
            log_key_arn=keys.cluster.arn,
            instance_class=args.database_instance_class,
        ),
        plan=args.services.database,
        data_cidrs=tuple(zone.data for zone in network.layout),
    )
