"""k3s on hosts of one's own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pulumi
import pulumi_kubernetes as k8s

from components.base import pins
from components.base.handles import (
    CertificateIssuer,
    ClusterHandle,
    DatabaseFactory,
    ImageRegistry,
    LoadBalancer,
    ObjectStoreFactory,
    PlatformContext,
)
from components.base.node_pools import NodePool
from components.base.wiring import External
from components.charts import ChartSource
from components.gpu_cluster.contract import GpuSoftware
from components.gpu_cluster.k3s import hosts
from components.gpu_cluster.k3s.hosts import K3sHost, RegistryMirror
from components.gpu_cluster.k3s.installation import K3sInstallation, K3sInstallationArgs, SshLogin
from components.gpu_cluster.key_identity import KeyIdentity
from components.gpu_cluster.storage_classes import StoragePlan, create_storage_classes

TYPE = "ai-platform:gpu_cluster:K3sGpuCluster"


@dataclass(frozen=True, kw_only=True)
class K3sGpuClusterArgs:
    """`servers[0]` starts the cluster. `api_address` is where clients reach the API server, on port 6443."""

    environment: str
    kubernetes_version: str
    servers: tuple[K3sHost, ...]
    agents: tuple[K3sHost, ...]
    ssh: SshLogin
    api_address: str
    download_url: str
    registry_mirrors: tuple[RegistryMirror, ...]
    pools: tuple[NodePool, ...]
    storage: StoragePlan
    issuer: CertificateIssuer
    registry: ImageRegistry
    gpu_software: GpuSoftware
    protect_data: bool
    object_stores: ObjectStoreFactory
    databases: DatabaseFactory


class K3sGpuCluster(pulumi.ComponentResource):
    """Installs k3s and connects to it. Removing it from a stack leaves the hosts as they are.

    Raises ValueError for a Kubernetes version without a pinned release, or when no server is given.
    """

    handle: ClusterHandle
    gpu_software: GpuSoftware

    def __init__(self, name: str, args: K3sGpuClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        release = pins.K3S_RELEASES.get(args.kubernetes_version)
        if release is None or not args.servers:
            message = f"{name}: needs a server, and a Kubernetes version among {', '.join(sorted(pins.K3S_RELEASES))}"
            raise ValueError(message)
        installation = K3sInstallation(
            f"{name}-hosts",
            K3sInstallationArgs(
                release=release,
                download_url=args.download_url,
                servers=args.servers,
                agents=args.agents,
                api_address=args.api_address,
                registry_mirrors=args.registry_mirrors,
                ssh=args.ssh,
                host_driver=args.gpu_software.driver == "host",
                protect_data=args.protect_data,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        provider = k8s.Provider(
            f"{name}-kubernetes",
            kubeconfig=installation.kubeconfig,
            # Otherwise renewed certificates or another address would replace the provider and with it every object.
            cluster_identifier=f"{args.environment}-{name}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        classes = create_storage_classes(
            name, args.storage, args.environment, pulumi.ResourceOptions(parent=self, provider=provider)
        )
        self.gpu_software = replace(args.gpu_software, containerd_socket=hosts.CONTAINERD_SOCKET)
        self.handle = ClusterHandle(
            providers=(provider,),
            ready=(*installation.ready, *classes),
            pools=args.pools,
            runtime_class=hosts.RUNTIME_CLASS,
            storage=args.storage.classes,
            # The load balancer of k3s itself: the addresses of the nodes.
            load_balancer=LoadBalancer(address_kind="ip", annotations={}),
            issuer=args.issuer,
            registry=args.registry,
            kubernetes_api=External(name="kubernetes-api", cidrs=_api_cidrs(args)),
            object_stores=args.object_stores,
            databases=args.databases,
            workload_identity=KeyIdentity(),
        )
        self.register_outputs({"release": release})

    def install_add_ons(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """Nothing yet."""
        del platform, charts, opts
        return ()


def _api_cidrs(args: K3sGpuClusterArgs) -> tuple[str, ...]:
    addresses = sorted({args.api_address, *(server.address for server in args.servers)})
    return (*(f"{address}/32" for address in addresses), hosts.API_SERVICE_ADDRESS)
