"""Settings of a k3s cluster → what its component is given."""

from __future__ import annotations

from components.charts import ChartSource
from components.gpu_cluster.k3s.cluster import K3sGpuClusterArgs
from components.gpu_cluster.k3s.hosts.host_commands import SshLogin
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from stacks.arguments.cluster import certificate_issuer, gpu_software, image_registry
from stacks.arguments.data import databases, object_stores
from stacks.arguments.k3s_add_ons import add_ons, storage_classes
from stacks.arguments.k3s_control_plane import cluster_plan, snapshot_access
from stacks.arguments.k3s_hosts import host_plan
from stacks.schema.cluster import AgentSettings, K3sClusterSettings, ServerSettings, node_pools
from stacks.secrets import Secrets
from stacks.settings import PlatformSettings


def k3s_args(
    settings: PlatformSettings, cluster: K3sClusterSettings, secrets: Secrets, charts: ChartSource
) -> K3sGpuClusterArgs:
    """Everything that the k3s cluster needs to know."""
    in_cluster = add_ons(cluster)
    return K3sGpuClusterArgs(
        environment=settings.environment,
        plan=cluster_plan(settings, cluster, tuple(_host(server, cluster) for server in cluster.servers)),
        agents=tuple(_host(agent, cluster) for agent in cluster.agents),
        ssh=SshLogin(user=cluster.ssh.user, port=cluster.ssh.port, private_key=secrets.ssh_private_key),
        download_url=cluster.download_url,
        air_gap=cluster.air_gap_images,
        host_plan=host_plan(cluster, packages=in_cluster.host_packages),
        pools=node_pools(cluster),
        storage=storage_classes(cluster),
        issuer=certificate_issuer(cluster.issuer),
        registry=image_registry(settings),
        gpu_software=gpu_software(cluster.gpu_operator),
        protect_data=settings.protect_data,
        object_stores=object_stores(settings.data),
        databases=databases(settings.data, charts),
        snapshot_access=snapshot_access(cluster, secrets),
        token_escrow=cluster.token_escrow.certificate if cluster.token_escrow else None,
        kubeconfig_revision=cluster.kubeconfig_revision,
        token_revision=cluster.token_revision,
        add_ons=in_cluster,
    )


def _host(host: ServerSettings | AgentSettings, cluster: K3sClusterSettings) -> K3sHost:
    pools = {pool.name: pool for pool in node_pools(cluster)}
    pool = pools[host.pool] if host.pool else None
    return K3sHost(name=host.name, address=host.address, host_key=host.host_key, pool=pool)
