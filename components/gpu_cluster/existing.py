"""A cluster that exists already, reached through a kubeconfig file. The simulated cluster is one of these."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

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
from components.gpu_cluster.key_identity import KeyIdentity
from components.gpu_cluster.kubeconfig import KubeconfigFile
from components.gpu_cluster.storage_classes import StoragePlan, create_storage_classes

TYPE = "ai-platform:gpu_cluster:ExistingGpuCluster"


@dataclass(frozen=True, kw_only=True)
class ExistingGpuClusterArgs:
    """`offline` says that nothing will connect, so that the kubeconfig need not exist yet (a render).

    `api_server_cidrs` are the API server's addresses as pods see them. `pools` describe the nodes; they must carry the
    labels of `registration_labels` and the taints of their pool.
    """

    environment: str
    kubeconfig: KubeconfigFile
    offline: bool
    pools: tuple[NodePool, ...]
    storage: StoragePlan
    load_balancer: LoadBalancer
    runtime_class: str | None
    issuer: CertificateIssuer
    registry: ImageRegistry
    api_server_cidrs: tuple[str, ...]
    gpu_software: GpuSoftware
    object_stores: ObjectStoreFactory
    databases: DatabaseFactory


class ExistingGpuCluster(pulumi.ComponentResource):
    """Connects to the cluster and creates the storage classes that it lacks.

    Raises KubeconfigError, before anything is registered, when the kubeconfig file or its context does not exist.
    """

    handle: ClusterHandle
    gpu_software: GpuSoftware

    def __init__(self, name: str, args: ExistingGpuClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not args.offline:
            args.kubeconfig.require()
        super().__init__(TYPE, name, None, opts)
        provider = k8s.Provider(
            f"{name}-kubernetes",
            # The path and not the content: credentials stay out of the state.
            kubeconfig=args.kubeconfig.path if args.offline else str(args.kubeconfig.location),
            context=args.kubeconfig.context,
            # Otherwise another path or server address would replace the provider and with it every object.
            cluster_identifier=f"{args.environment}-{name}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        classes = create_storage_classes(
            name, args.storage, args.environment, pulumi.ResourceOptions(parent=self, provider=provider)
        )
        self.gpu_software = args.gpu_software
        self.handle = ClusterHandle(
            providers=(provider,),
            ready=classes,
            pools=args.pools,
            runtime_class=args.runtime_class,
            storage=args.storage.classes,
            load_balancer=args.load_balancer,
            issuer=args.issuer,
            registry=args.registry,
            kubernetes_api=External(name="kubernetes-api", cidrs=args.api_server_cidrs),
            object_stores=args.object_stores,
            databases=args.databases,
            workload_identity=KeyIdentity(),
        )
        self.register_outputs({"pools": [pool.name for pool in args.pools]})

    def install_add_ons(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """Nothing: the cluster brings its own."""
        del platform, charts, opts
        return ()

    def open_to_clients(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """Nothing: the proxies' Service has an address as soon as it exists."""
        del platform, charts, opts
        return ()
