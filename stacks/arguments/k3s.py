"""Settings of a k3s cluster → what its component is given."""

from __future__ import annotations

from components.charts import ChartSource
from components.gpu_cluster.k3s.cluster import K3sGpuClusterArgs
from components.gpu_cluster.k3s.hosts import K3sHost, RegistryMirror
from components.gpu_cluster.k3s.installation import SshLogin
from stacks.arguments.cluster import certificate_issuer, gpu_software, image_registry, storage_plan
from stacks.arguments.data import databases, object_stores
from stacks.schema.cluster import AgentSettings, K3sClusterSettings, ServerSettings, node_pools
from stacks.secrets import Secrets
from stacks.settings import PlatformSettings


def k3s_args(
    settings: PlatformSettings, cluster: K3sClusterSettings, secrets: Secrets, charts: ChartSource
) -> K3sGpuClusterArgs:
    """Everything that the k3s cluster needs to know."""
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
