"""A cluster in AWS, with buckets and databases of the cloud instead of own ones."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws
import pulumi_command as command
import pulumi_kubernetes as k8s

from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import SECURITY
from components.charts import ChartSource
from components.gpu_cluster.contract import GpuSoftware
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.arguments import (
    EksGpuClusterArgs,
    add_on_namespaces,
    cluster_name_of,
    databases,
    dns_endpoint,
    edge_surroundings,
    infrastructure_args,
    kubernetes_api,
    services_args,
)
from components.gpu_cluster.eks.auto_mode.auto_mode import AutoModePlan
from components.gpu_cluster.eks.auto_mode.auto_mode_installation import install_auto_mode
from components.gpu_cluster.eks.control_plane.control_plane import EksControlPlane
from components.gpu_cluster.eks.edge.installation import make_edge
from components.gpu_cluster.eks.edge.load_balancing import (
    LoadBalancerController,
    LoadBalancerControllerArgs,
)
from components.gpu_cluster.eks.identity import CREDENTIALS, PodIdentity
from components.gpu_cluster.eks.images.image_cache import EksImageCache, EksImageCacheArgs
from components.gpu_cluster.eks.infrastructure import EksInfrastructure
from components.gpu_cluster.eks.kubernetes import (
    auto_mode_storage_plan,
    kubeconfig_text,
    storage_plan,
)
from components.gpu_cluster.eks.nodes.karpenter import Karpenter, KarpenterArgs, scaled_pools
from components.gpu_cluster.eks.nodes.karpenter_policies import KarpenterScope
from components.gpu_cluster.eks.services.object_store import S3ObjectStores
from components.gpu_cluster.eks.services.services import EksServices
from components.gpu_cluster.eks.tags import made_by_aws
from components.gpu_cluster.storage_classes import create_storage_classes

TYPE = "ai-platform:gpu_cluster:EksGpuCluster"

CERT_MANAGER_ACCOUNT = "cert-manager"


class EksGpuCluster(pulumi.ComponentResource):
    """Makes the cluster. Nothing asks AWS while the program runs, so that a first preview needs no cluster."""

    handle: ClusterHandle
    gpu_software: GpuSoftware

    def __init__(self, name: str, args: EksGpuClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        cloud = aws.Provider(
            f"{name}-aws",
            region=args.region,
            allowed_account_ids=[args.account_id],
            default_tags={"tags": dict(args.tags)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._commands = command.Provider(f"{name}-commands", opts=pulumi.ResourceOptions(parent=self))
        in_cloud = pulumi.ResourceOptions(parent=self, providers=[cloud, self._commands])
        infrastructure = EksInfrastructure(f"{name}-infrastructure", infrastructure_args(args), in_cloud)
        self._infrastructure = infrastructure
        control_plane = infrastructure.control_plane
        data_key = infrastructure.keys.data
        # Deleted after everything inside the cluster, and before the nodes, access and network that its removal needs.
        nodes_are_gone = infrastructure.leftovers.removed(
            f"{name}-leftover-nodes", "nodes", after=(*control_plane.access, *infrastructure.ready), opts=in_cloud
        )
        provider = _kubernetes_provider(
            name, args, control_plane, pulumi.ResourceOptions(parent=self, depends_on=[nodes_are_gone])
        )
        self._tags = made_by_aws(args.environment, args.tags)
        plan = (auto_mode_storage_plan if args.auto_mode else storage_plan)(data_key.arn, self._tags)
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
        self._identity = identity
        dns = _allow_dns_challenges(f"{name}-cert-manager", args.hosted_zone_id, identity, in_cloud)
        services = EksServices(f"{name}-services", services_args(args, infrastructure, identity), in_cloud)
        self._edge = make_edge(
            f"{name}-edge", args.edge, edge_surroundings(args, infrastructure, services.access_logs), in_cloud
        )
        self._images = _image_cache(f"{name}-images", args, data_key.arn, in_cloud)
        pulls = self._allow_pulls("nodes", infrastructure.node_role)
        # Auto Mode runs a device plug-in of its own, out of sight.
        self.gpu_software = GpuSoftware(
            driver="host", device_plugin=args.auto_mode is None, reboot_for_partitions=args.auto_mode is None
        )
        self.handle = ClusterHandle(
            providers=(provider, cloud),
            ready=(*infrastructure.ready, *classes, *dns, *services.ready, *pulls),
            pools=args.pools,
            # The node image makes NVIDIA's the default runtime of GPU nodes.
            runtime_class=None,
            storage=plan.classes,
            load_balancer=self._edge.handle,
            issuer=args.issuer,
            registry=args.registry,
            kubernetes_api=kubernetes_api(args, infrastructure),
            dns=dns_endpoint(args),
            object_stores=S3ObjectStores(region=args.region, key_arn=data_key.arn, access_logs=services.access_logs),
            databases=databases(args, infrastructure),
            workload_identity=identity,
            namespaces=add_on_namespaces(args),
            metrics_sink=services.metrics_sink,
            credentials=CREDENTIALS,
        )
        self.register_outputs({"cluster": control_plane.cluster.name})

    def install_add_ons(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """Auto Mode: its nodes and the add-ons on them. Otherwise Karpenter, where it adds nodes to a pool."""
        add_ons = (
            self._install_auto_mode(self._args.auto_mode, platform, opts)
            if self._args.auto_mode
            else self._install_karpenter(platform, charts, opts)
        )
        # Deleted before any add-on and node: the cloud's own controllers remove what they made.
        load_balancers_are_gone = self._infrastructure.leftovers.removed(
            f"{self._name}-leftover-load-balancers",
            "load-balancers",
            after=(*platform.ready, *add_ons),
            opts=pulumi.ResourceOptions(parent=self, provider=self._commands),
        )
        return (*add_ons, load_balancers_are_gone)

    def open_to_clients(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        """The controller that registers the proxies' pods with the load balancer."""
        controller = LoadBalancerController(
            f"{self._name}-load-balancing",
            LoadBalancerControllerArgs(
                cluster=self.handle,
                platform=platform,
                charts=charts,
                identity=self._identity,
                edge=self._edge,
                cluster_name=cluster_name_of(self._args),
                region=self._args.region,
                vpc_id=self._infrastructure.network.vpc.id,
            ),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(parent=self)),
        )
        return controller.bindings

    def _allow_pulls(self, nodes: str, role: aws.iam.Role) -> tuple[pulumi.Resource, ...]:
        """Let nodes pull through the image cache, where there is one."""
        return (*self._images.ready, self._images.allow_pulls(nodes, role.name)) if self._images else ()

    def _install_karpenter(
        self, platform: PlatformContext, charts: ChartSource, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        args, infrastructure = self._args, self._infrastructure
        if not scaled_pools(args.pools, args.node_groups):
            return ()
        if not args.ami_release:
            message = f"{self._name}: Karpenter needs ami_release, or it replaces every node when a new image appears"
            raise ValueError(message)
        karpenter = Karpenter(
            f"{self._name}-karpenter",
            KarpenterArgs(
                scope=KarpenterScope(
                    account_id=args.account_id, region=args.region, cluster_name=cluster_name_of(args)
                ),
                cluster=self.handle,
                platform=platform,
                charts=charts,
                identity=self._identity,
                zones=args.network.zones,
                groups=args.node_groups,
                ami_release=args.ami_release,
                volume_key_arn=infrastructure.keys.data.arn,
                stack_tags=args.tags,
                efa=infrastructure.efa,
                limits=args.scaling,
            ),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(parent=self)),
        )
        return (*karpenter.ready, *self._allow_pulls("karpenter", karpenter.node_role))

    def _install_auto_mode(
        self, plan: AutoModePlan, platform: PlatformContext, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, ...]:
        return install_auto_mode(
            f"{self._name}-auto-mode",
            plan=plan,
            infrastructure=self._infrastructure,
            pools=self._args.pools,
            groups=self._args.node_groups,
            tags=self._tags,
            platform=platform,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(parent=self)),
        )


def _image_cache(
    name: str, args: EksGpuClusterArgs, key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> EksImageCache | None:
    if args.image_cache is None:
        return None
    return EksImageCache(
        name,
        EksImageCacheArgs(
            environment=args.environment,
            account_id=args.account_id,
            region=args.region,
            plan=args.image_cache,
            key_arn=key_arn,
            stack_tags=args.tags,
        ),
        opts,
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
