"""k3s on hosts of one's own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pulumi
import pulumi_kubernetes as k8s

from components.base import pins
from components.base.handles import (
    AccessKey,
    CertificateIssuer,
    ClusterHandle,
    DatabaseFactory,
    ImageRegistry,
    ObjectStoreFactory,
    PlatformContext,
)
from components.base.node_pools import NodePool
from components.base.wiring import External
from components.charts import ChartSource
from components.gpu_cluster.contract import GpuSoftware
from components.gpu_cluster.k3s.add_ons import load_balancer
from components.gpu_cluster.k3s.add_ons.add_ons import AddOnsPlan, AddOnsSurroundings, NodeFacts, install
from components.gpu_cluster.k3s.control_plane.snapshots import create_snapshot_secret
from components.gpu_cluster.k3s.hosts import hosts
from components.gpu_cluster.k3s.hosts.host_commands import SshLogin
from components.gpu_cluster.k3s.hosts.host_plan import HostPlan
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from components.gpu_cluster.k3s.hosts.installation import K3sInstallation, K3sInstallationArgs
from components.gpu_cluster.k3s.plan import K3sClusterPlan
from components.gpu_cluster.key_identity import KeyIdentity
from components.gpu_cluster.storage_classes import StoragePlan, create_storage_classes

TYPE = "ai-platform:gpu_cluster:K3sGpuCluster"


@dataclass(frozen=True, kw_only=True)
class K3sGpuClusterArgs:
    """`plan` names the servers. `snapshot_access` is the key of its snapshot store and set exactly when there is one.
    `token_escrow` is the certificate (PEM) that the server token is sealed to, None for no copy. Another
    `kubeconfig_revision` reads the kubeconfig again, a higher `token_revision` draws new tokens.
    """

    environment: str
    plan: K3sClusterPlan
    agents: tuple[K3sHost, ...]
    ssh: SshLogin
    download_url: str
    air_gap: bool
    host_plan: HostPlan
    pools: tuple[NodePool, ...]
    storage: StoragePlan
    issuer: CertificateIssuer
    registry: ImageRegistry
    gpu_software: GpuSoftware
    protect_data: bool
    object_stores: ObjectStoreFactory
    databases: DatabaseFactory
    add_ons: AddOnsPlan
    snapshot_access: AccessKey | None = None
    token_escrow: str | None = None
    kubeconfig_revision: int = 1
    token_revision: int = 1


class K3sGpuCluster(pulumi.ComponentResource):
    """Installs k3s and connects to it. Removing it from a stack leaves the hosts as they are while data is protected.

    Raises ValueError for a Kubernetes version without a pinned release, when no server is given, or for a snapshot
    store without its key.
    """

    handle: ClusterHandle
    gpu_software: GpuSoftware

    def __init__(self, name: str, args: K3sGpuClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        release, plan = _release(name, args), args.plan
        installation = K3sInstallation(
            f"{name}-hosts",
            K3sInstallationArgs(
                release=release,
                download_url=args.download_url,
                air_gap=args.air_gap,
                plan=plan,
                agents=args.agents,
                host_plan=args.host_plan,
                ssh=args.ssh,
                protect_data=args.protect_data,
                token_escrow=args.token_escrow,
                kubeconfig_revision=args.kubeconfig_revision,
                token_revision=args.token_revision,
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
        inside = pulumi.ResourceOptions(parent=self, provider=provider)
        classes = create_storage_classes(name, args.storage, args.environment, inside)
        if args.snapshot_access:
            create_snapshot_secret(name, plan.snapshots, args.snapshot_access, args.environment, inside)
        self.gpu_software = replace(args.gpu_software, containerd_socket=hosts.CONTAINERD_SOCKET)
        self.handle = ClusterHandle(
            providers=(provider,),
            ready=(*installation.ready, *classes),
            pools=args.pools,
            runtime_class=hosts.RUNTIME_CLASS if args.gpu_software.container_runtime == "runtime-class" else None,
            storage=args.storage.classes,
            load_balancer=load_balancer.HANDLE,
            issuer=args.issuer,
            registry=args.registry,
            kubernetes_api=External(name="kubernetes-api", cidrs=_api_cidrs(plan)),
            object_stores=args.object_stores,
            databases=args.databases,
            workload_identity=KeyIdentity(),
            namespaces=args.add_ons.namespaces,
            excepted_roles=args.add_ons.excepted_roles,
            recovery={"sealedServerToken": installation.sealed_token} if installation.sealed_token else {},
        )
        self._name, self._add_ons, self._nodes = name, args.add_ons, _node_facts(args, release)
        self.register_outputs({"release": release})

    def install_add_ons(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """The load balancer, the storage driver and the upgrade controller, as the arguments have them."""
        surroundings = AddOnsSurroundings(cluster=self.handle, platform=platform, charts=charts)
        parent = pulumi.ResourceOptions(parent=self)
        return install(self._name, self._add_ons, self._nodes, surroundings, pulumi.ResourceOptions.merge(opts, parent))

    def open_to_clients(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """Nothing: the proxies' Service has an address as soon as it exists."""
        del platform, charts, opts
        return ()


def _release(name: str, args: K3sGpuClusterArgs) -> str:
    """The release of k3s, once the plan was checked."""
    release = pins.K3S_RELEASES.get(args.plan.kubernetes_version)
    if release is None or not args.plan.servers:
        message = f"{name}: needs a server, and a Kubernetes version among {', '.join(sorted(pins.K3S_RELEASES))}"
        raise ValueError(message)
    if (args.plan.snapshots.store is None) != (args.snapshot_access is None):
        message = f"{name}: snapshot_access is the key of plan.snapshots.store: give both or neither"
        raise ValueError(message)
    return release


def _node_facts(args: K3sGpuClusterArgs, release: str) -> NodeFacts:
    return NodeFacts(
        release=release,
        addresses=tuple(host.address for host in (*args.plan.servers, *args.agents)),
        pod_cidr=args.plan.network.pod_cidr,
        servers=len(args.plan.servers),
    )


def _api_cidrs(plan: K3sClusterPlan) -> tuple[str, ...]:
    return tuple(f"{address}/32" for address in (*plan.api_addresses, plan.network.api_service_address))
