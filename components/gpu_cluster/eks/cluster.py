"""A cluster in AWS, with buckets and databases of the cloud instead of own ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from components.base.handles import CertificateIssuer, ClusterHandle, ImageRegistry, PlatformContext
from components.base.namespaces import SECURITY
from components.base.node_pools import NodePool
from components.base.wiring import External
from components.charts import ChartSource
from components.gpu_cluster.contract import GpuSoftware
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.control_plane import EksControlPlane
from components.gpu_cluster.eks.database import RdsDatabases
from components.gpu_cluster.eks.identity import CREDENTIALS, PodIdentity
from components.gpu_cluster.eks.infrastructure import EksInfrastructure, EksInfrastructureArgs
from components.gpu_cluster.eks.kubernetes import Scheme, kubeconfig_text, load_balancer, storage_plan
from components.gpu_cluster.eks.nodes import EksNodeGroup
from components.gpu_cluster.eks.object_store import S3ObjectStores
from components.gpu_cluster.storage_classes import create_storage_classes

TYPE = "ai-platform:gpu_cluster:EksGpuCluster"

API_SERVICE_ADDRESS = "172.20.0.1/32"
"""First address of the service range: the Service `kubernetes`. The network plug-in judges a connection before that
address is translated."""
CERT_MANAGER_ACCOUNT = "cert-manager"


@dataclass(frozen=True, kw_only=True)
class EksGpuClusterArgs:
    """`node_groups` are keyed by pool name. `hosted_zone_id` is the Route 53 zone in which cert-manager proves names,
    or None. Everything is made in `account_id`; credentials of another account are refused.
    """

    environment: str
    account_id: str
    region: str
    availability_zones: tuple[str, ...]
    vpc_cidr: str
    kubernetes_version: str
    ami_release: str | None
    admin_role_arns: tuple[str, ...]
    api_public_cidrs: tuple[str, ...]
    pools: tuple[NodePool, ...]
    node_groups: Mapping[str, EksNodeGroup]
    load_balancer_scheme: Scheme
    hosted_zone_id: str | None
    database_instance_class: str
    issuer: CertificateIssuer
    registry: ImageRegistry
    protect_data: bool


class EksGpuCluster(pulumi.ComponentResource):
    """Makes the cluster. Nothing asks AWS while the program runs, so that a first preview shows everything."""

    handle: ClusterHandle
    gpu_software: GpuSoftware

    def __init__(self, name: str, args: EksGpuClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        cloud = aws.Provider(
            f"{name}-aws",
            region=args.region,
            allowed_account_ids=[args.account_id],
            opts=pulumi.ResourceOptions(parent=self),
        )
        in_cloud = pulumi.ResourceOptions(parent=self, providers=[cloud])
        infrastructure = EksInfrastructure(f"{name}-infrastructure", _infrastructure_args(args), in_cloud)
        control_plane = infrastructure.control_plane
        data_key = infrastructure.keys.data
        provider = _kubernetes_provider(name, args, control_plane, pulumi.ResourceOptions(parent=self))
        plan = storage_plan(data_key.arn)
        classes = create_storage_classes(
            name,
            plan,
            args.environment,
            pulumi.ResourceOptions(parent=self, provider=provider, depends_on=list(infrastructure.ready)),
        )
        identity = PodIdentity(
            environment=args.environment,
            account_id=args.account_id,
            region=args.region,
            cluster_name=control_plane.cluster.name,
            key_arn=data_key.arn,
        )
        dns = _allow_dns_challenges(f"{name}-cert-manager", args.hosted_zone_id, identity, in_cloud)
        self.gpu_software = GpuSoftware(driver="host")
        self.handle = ClusterHandle(
            providers=(provider, cloud),
            ready=(*infrastructure.ready, *classes, *dns),
            pools=args.pools,
            # The node image makes NVIDIA's the default runtime of GPU nodes.
            runtime_class=None,
            storage=plan.classes,
            load_balancer=load_balancer(args.load_balancer_scheme),
            issuer=args.issuer,
            registry=args.registry,
            kubernetes_api=_kubernetes_api(infrastructure),
            object_stores=S3ObjectStores(region=args.region, key_arn=data_key.arn),
            databases=_databases(infrastructure, args.database_instance_class),
            workload_identity=identity,
            credentials=CREDENTIALS,
        )
        self.register_outputs({"cluster": control_plane.cluster.name})

    def install_add_ons(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """Nothing yet."""
        del platform, charts, opts
        return ()


def _infrastructure_args(args: EksGpuClusterArgs) -> EksInfrastructureArgs:
    return EksInfrastructureArgs(
        environment=args.environment,
        account_id=args.account_id,
        region=args.region,
        availability_zones=args.availability_zones,
        vpc_cidr=args.vpc_cidr,
        cluster_name=f"ai-platform-{args.environment}",
        kubernetes_version=args.kubernetes_version,
        ami_release=args.ami_release,
        admin_role_arns=args.admin_role_arns,
        api_public_cidrs=args.api_public_cidrs,
        pools=args.pools,
        node_groups=args.node_groups,
        protect=args.protect_data,
    )


def _kubernetes_provider(
    name: str, args: EksGpuClusterArgs, control_plane: EksControlPlane, opts: pulumi.ResourceOptions
) -> k8s.Provider:
    cluster = control_plane.cluster
    kubeconfig = pulumi.Output.all(cluster.name, cluster.endpoint, cluster.certificate_authority.data).apply(
        lambda known: kubeconfig_text(
            name=known[0], endpoint=known[1], certificate_authority=known[2], region=args.region
        )
    )
    return k8s.Provider(
        f"{name}-kubernetes",
        kubeconfig=kubeconfig,
        # Otherwise a changed endpoint would replace the provider and with it every object.
        cluster_identifier=f"{args.environment}-{name}",
        # Everything in the cluster hangs off the access entries: deleted first, they would lock the engine out.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(control_plane.access))),
    )


def _kubernetes_api(infrastructure: EksInfrastructure) -> External:
    subnets = tuple(zone.private for zone in infrastructure.network.layout)
    return External(name="kubernetes-api", cidrs=(*subnets, API_SERVICE_ADDRESS))


def _databases(infrastructure: EksInfrastructure, instance_class: str) -> RdsDatabases:
    network = infrastructure.network
    return RdsDatabases(
        vpc_id=network.vpc.id,
        subnet_ids=tuple(subnet.id for subnet in network.data_subnets.values()),
        data_cidrs=tuple(zone.data for zone in network.layout),
        client_group_id=infrastructure.control_plane.cluster.vpc_config.cluster_security_group_id,
        key_arn=infrastructure.keys.data.arn,
        instance_class=instance_class,
    )


def _allow_dns_challenges(
    name: str, hosted_zone_id: str | None, identity: PodIdentity, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Resource, ...]:
    if hosted_zone_id is None:
        return ()
    pod_role = identity.role_of(name, namespace=SECURITY, service_account=CERT_MANAGER_ACCOUNT, opts=opts)
    access = aws.iam.RolePolicy(
        f"{name}-dns",
        role=pod_role.role.name,
        policy=json.dumps(policy_documents.dns_challenges(hosted_zone_id)),
        opts=opts,
    )
    return (pod_role.association, access)
