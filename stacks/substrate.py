"""The one place where the kinds of cluster are told apart."""

from __future__ import annotations

import os
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

SSH_AGENT = "SSH_AUTH_SOCK"
"""Environment variable that names the socket of an SSH agent."""


def require_access(settings: PlatformSettings, secrets: Secrets) -> None:
    """Raise pulumi.RunError where the cluster cannot be reached for want of a key, before anything is registered."""
    login_needed = isinstance(settings.cluster, K3sClusterSettings) and not _offline()
    if login_needed and secrets.ssh_private_key is None and not os.environ.get(SSH_AGENT):
        message = (
            f"{PROJECT}:sshPrivateKey: no SSH key for the hosts: set it (pulumi config set --secret "
            f"{PROJECT}:sshPrivateKey < key file), or load the key into an SSH agent ({SSH_AGENT} is not set)"
        )
        raise pulumi.RunError(message)


def _offline() -> bool:
    """Set by render, which contacts nothing: the simulated cluster of a rehearsal need not exist yet."""
    return pulumi.Config(PROJECT).get_bool("offline") or False


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
        offline=_offline(),
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
