"""The one place where the kinds of cluster are told apart."""

from __future__ import annotations

from typing import assert_never

import pulumi

from components.base.handles import LoadBalancer
from components.charts import ChartSource
from components.gpu_cluster.contract import GpuCluster
from components.gpu_cluster.eks import EksGpuCluster, EksGpuClusterArgs
from components.gpu_cluster.eks_nodes import EksNodeGroup
from components.gpu_cluster.existing import ExistingGpuCluster, ExistingGpuClusterArgs
from components.gpu_cluster.k3s import K3sGpuCluster, K3sGpuClusterArgs
from components.gpu_cluster.k3s_hosts import K3sHost, RegistryMirror
from components.gpu_cluster.k3s_install import SshLogin
from components.gpu_cluster.kubeconfig import KubeconfigFile
from stacks.arguments.cluster import certificate_issuer, gpu_software, image_registry, storage_plan
from stacks.arguments.data import databases, object_stores
from stacks.schema.cluster import (
    AgentSettings,
    EksClusterSettings,
    ExistingClusterSettings,
    K3sClusterSettings,
    NodeGroupSettings,
    ServerSettings,
    node_pools,
)
from stacks.secrets import PROJECT, Secrets
from stacks.settings import PlatformSettings

NAME = "cluster"


def create_cluster(
    settings: PlatformSettings, secrets: Secrets, charts: ChartSource, opts: pulumi.ResourceOptions
) -> GpuCluster:
    """The cluster that the stack names. Everything above sees its handle alone."""
    match settings.cluster:
        case ExistingClusterSettings() as cluster:
            return ExistingGpuCluster(NAME, _existing_args(settings, cluster, charts), opts)
        case K3sClusterSettings() as cluster:
            return K3sGpuCluster(NAME, _k3s_args(settings, cluster, secrets, charts), opts)
        case EksClusterSettings() as cluster:
            return EksGpuCluster(NAME, _eks_args(settings, cluster), opts)
        case other:  # pyright: ignore[reportUnnecessaryComparison] # a fourth kind would make it necessary
            assert_never(other)


def _existing_args(
    settings: PlatformSettings, cluster: ExistingClusterSettings, charts: ChartSource
) -> ExistingGpuClusterArgs:
    return ExistingGpuClusterArgs(
        environment=settings.environment,
        kubeconfig=KubeconfigFile(path=cluster.kubeconfig, context=cluster.context),
        # Set by render, which contacts nothing: the simulated cluster of a rehearsal need not exist yet.
        offline=pulumi.Config(PROJECT).get_bool("offline") or False,
        pools=node_pools(cluster),
        storage=storage_plan(cluster.storage),
        load_balancer=LoadBalancer(
            address_kind=cluster.load_balancer.address_kind,
            annotations=cluster.load_balancer.annotations,
            load_balancer_class=cluster.load_balancer.load_balancer_class,
        ),
        runtime_class=cluster.runtime_class,
        issuer=certificate_issuer(cluster.issuer),
        registry=image_registry(settings),
        api_server_cidrs=cluster.api_server_cidrs,
        gpu_software=gpu_software(cluster.gpu_operator),
        object_stores=object_stores(settings.data),
        databases=databases(settings.data, charts),
    )


def _k3s_args(
    settings: PlatformSettings, cluster: K3sClusterSettings, secrets: Secrets, charts: ChartSource
) -> K3sGpuClusterArgs:
    return K3sGpuClusterArgs(
        environment=settings.environment,
        kubernetes_version=cluster.kubernetes_version,
        servers=tuple(_host(server, cluster) for server in cluster.servers),
        agents=tuple(_host(agent, cluster) for agent in cluster.agents),
        ssh=SshLogin(user=cluster.ssh.user, port=cluster.ssh.port, private_key=secrets.ssh_private_key),
        api_address=cluster.api_address or cluster.servers[0].address,
        download_url=cluster.download_url,
        registry_mirrors=tuple(
            RegistryMirror(registry=mirror.registry, endpoints=mirror.endpoints) for mirror in cluster.registry_mirrors
        ),
        pools=node_pools(cluster),
        storage=storage_plan(cluster.storage),
        issuer=certificate_issuer(cluster.issuer),
        registry=image_registry(settings),
        gpu_software=gpu_software(cluster.gpu_operator),
        protect_data=settings.protect_data,
        object_stores=object_stores(settings.data),
        databases=databases(settings.data, charts),
    )


def _host(host: ServerSettings | AgentSettings, cluster: K3sClusterSettings) -> K3sHost:
    pools = {pool.name: pool for pool in node_pools(cluster)}
    pool = pools[host.pool] if host.pool else None
    return K3sHost(name=host.name, address=host.address, host_key=host.host_key, pool=pool)


def _eks_args(settings: PlatformSettings, cluster: EksClusterSettings) -> EksGpuClusterArgs:
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
