"""The one place where the kinds of cluster are told apart."""

from __future__ import annotations

from typing import assert_never

import pulumi

from components.base.handles import LoadBalancer
from components.charts import ChartSource
from components.gpu_cluster.contract import GpuCluster
from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.gpu_cluster.existing import ExistingGpuCluster, ExistingGpuClusterArgs
from components.gpu_cluster.k3s.cluster import K3sGpuCluster
from components.gpu_cluster.kubeconfig import KubeconfigFile
from stacks.arguments.cluster import certificate_issuer, gpu_software, image_registry, storage_plan
from stacks.arguments.data import databases, object_stores
from stacks.arguments.eks import eks_args
from stacks.arguments.k3s import k3s_args
from stacks.schema.cluster import (
    EksClusterSettings,
    ExistingClusterSettings,
    K3sClusterSettings,
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
            return K3sGpuCluster(NAME, k3s_args(settings, cluster, secrets, charts), opts)
        case EksClusterSettings() as cluster:
            return EksGpuCluster(NAME, eks_args(settings, cluster), opts)
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
