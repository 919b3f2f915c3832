"""Karpenter: adds nodes to pools when pods wait for one, and takes them away again, between minimum and maximum."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from components.base import labels, peers, pins
from components.base.handles import ClusterHandle, PlatformContext
from components.base.node_pools import NodePool
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.gpu_cluster.eks.identity import PodIdentity
from components.gpu_cluster.eks.nodes import karpenter_policies, karpenter_specs
from components.gpu_cluster.eks.nodes.efa import EfaNetworks
from components.gpu_cluster.eks.nodes.interruption_queue import InterruptionQueue, InterruptionQueueArgs
from components.gpu_cluster.eks.nodes.karpenter_policies import KarpenterScope
from components.gpu_cluster.eks.nodes.karpenter_specs import NodeClassInputs, ScalingLimits
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup
from components.gpu_cluster.eks.nodes.nodes import node_role
from components.gpu_cluster.eks.tags import made_by_aws, resource_tags

TYPE = "ai-platform:gpu_cluster:Karpenter"

REPLICAS = 2
"""One leads, the other takes over; they never share a node, so it is one where there is one fixed node."""
REMOVAL_TIMEOUT = "90m"
"""Longer than a pool takes to drain and to end all of its nodes."""


@dataclass(frozen=True, kw_only=True)
class KarpenterArgs:
    """`groups` are keyed by pool name; only those that are scaled concern Karpenter. `ami_release` pins the image of
    their nodes, `volume_key_arn` encrypts their disks, `stack_tags` go on everything that AWS makes for them.
    """

    scope: KarpenterScope
    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    identity: PodIdentity
    zones: tuple[str, ...]
    groups: Mapping[str, EksNodeGroup]
    ami_release: str
    volume_key_arn: pulumi.Input[str]
    stack_tags: Mapping[str, str]
    efa: EfaNetworks
    limits: ScalingLimits


class Karpenter(pulumi.ComponentResource):
    """`ready` are the node pools: pods that are made after them find their nodes.

    On the way down the engine deletes a NodePool first and waits for its nodes, while the controller, its permissions
    and the fixed nodes that it runs on are still there.
    """

    node_role: aws.iam.Role
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: KarpenterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._queue_name = f"{args.scope.cluster_name}-interruptions"
        role, admitted = self._nodes_role()
        self.node_role = role
        controller = self._controller(role)
        _allow_connections(args)
        self.ready = tuple(
            self._node_pool(pool, role, (*admitted, controller))
            for pool in args.cluster.pools
            if args.groups[pool.name].added_nodes(pool)
        )
        self.register_outputs({"pools": [pool.name for pool in scaled_pools(args.cluster.pools, args.groups)]})

    def _nodes_role(self) -> tuple[aws.iam.Role, tuple[pulumi.Resource, ...]]:
        """A role apart from that of the fixed nodes: EKS admits theirs by itself, and one role has one entry."""
        args = self._args
        role, attachments = node_role(f"{self._name}-nodes", args.platform.environment, self._child)
        entry = aws.eks.AccessEntry(
            f"{self._name}-nodes-entry",
            cluster_name=args.identity.cluster_name,
            principal_arn=role.arn,
            type="EC2_LINUX",
            tags=resource_tags(f"{self._name}-nodes-entry", args.platform.environment),
            opts=self._child,
        )
        return role, (*attachments, entry)

    def _controller(self, role: aws.iam.Role) -> PinnedChart:
        args = self._args
        queue = InterruptionQueue(
            f"{self._name}-interruptions",
            InterruptionQueueArgs(environment=args.platform.environment, queue_name=self._queue_name),
            self._child,
        )
        granted = self._grants(role, queue)
        priorities = [
            k8s.flowcontrol.v1.FlowSchema(
                f"{self._name}-{schema}",
                metadata={
                    "name": schema,
                    "labels": labels.object_labels(schema, "karpenter", args.platform.environment),
                },
                spec=spec,
                opts=self._child,
            )
            for schema, spec in karpenter_specs.flow_schema_specs().items()
        ]
        definitions = PinnedChart(
            f"{self._name}-definitions",
            PinnedChartArgs(
                pin=pins.KARPENTER_CRD_CHART,
                namespace=karpenter_specs.NAMESPACE.name,
                values={},
                source=args.charts,
            ),
            args.platform.child_options(self),
        )
        fixed = sum(args.groups[pool.name].fixed_nodes(pool)[0] for pool in args.cluster.pools if pool.role == "system")
        return PinnedChart(
            f"{self._name}-controller",
            PinnedChartArgs(
                pin=pins.KARPENTER_CHART,
                namespace=karpenter_specs.NAMESPACE.name,
                values=karpenter_specs.karpenter_values(
                    cluster_name=args.scope.cluster_name,
                    queue_name=self._queue_name,
                    region=args.scope.region,
                    registry=args.cluster.registry,
                    replicas=min(REPLICAS, max(fixed, 1)),
                ),
                source=args.charts,
                # They are the resources of the other chart.
                skip_crds=True,
            ),
            # A pod that starts before it is granted something never gets it.
            args.platform.child_options(self, definitions, *granted, *queue.ready, *priorities),
        )

    def _grants(self, role: aws.iam.Role, queue: InterruptionQueue) -> tuple[pulumi.Resource, ...]:
        args, scope = self._args, self._args.scope
        pod_role = args.identity.role_of(
            f"{self._name}-controller",
            namespace=karpenter_specs.NAMESPACE.name,
            service_account=karpenter_specs.NAME,
            opts=self._child,
        )
        documents = {
            "node-lifecycle": json.dumps(karpenter_policies.node_lifecycle(scope)),
            "discovery": json.dumps(karpenter_policies.discovery(scope)),
            "instance-profiles": role.arn.apply(
                lambda arn: json.dumps(karpenter_policies.instance_profiles(scope, arn))
            ),
            "interruptions": queue.queue.arn.apply(lambda arn: json.dumps(karpenter_policies.interruptions(arn))),
            "node-disks": pulumi.Output.from_input(args.volume_key_arn).apply(
                lambda arn: json.dumps(karpenter_policies.node_disks(scope, arn))
            ),
        }
        policies = [
            aws.iam.RolePolicy(
                f"{self._name}-controller-{use}", role=pod_role.role.name, policy=document, opts=self._child
            )
            for use, document in documents.items()
        ]
        return (pod_role.association, *policies)

    def _node_pool(
        self, pool: NodePool, role: aws.iam.Role, after: tuple[pulumi.Resource, ...]
    ) -> k8s.apiextensions.CustomResource:
        args, group = self._args, self._args.groups[pool.name]
        inputs = NodeClassInputs(
            cluster_name=args.scope.cluster_name,
            role_name=role.name,
            volume_key_arn=args.volume_key_arn,
            ami_release=args.ami_release,
            tags=made_by_aws(args.platform.environment, args.stack_tags),
        )
        efa = args.efa.of(pool.name) if group.efa_interfaces else None
        node_class = k8s.apiextensions.CustomResource(
            f"{self._name}-{pool.name}-class",
            api_version=karpenter_specs.NODE_CLASS_API,
            kind="EC2NodeClass",
            metadata=self._metadata(pool),
            spec=karpenter_specs.node_class_spec(pool, group, inputs, efa),
            opts=self._removed_in_time(*after),
        )
        return k8s.apiextensions.CustomResource(
            f"{self._name}-{pool.name}-nodes",
            api_version=karpenter_specs.NODE_POOL_API,
            kind="NodePool",
            metadata=self._metadata(pool),
            spec=karpenter_specs.node_pool_spec(
                pool, group, node_class=pool.name, zones=args.zones, limits=args.limits
            ),
            opts=self._removed_in_time(node_class),
        )

    def _metadata(self, pool: NodePool) -> k8s.meta.v1.ObjectMetaArgsDict:
        return {
            "name": pool.name,
            "labels": labels.object_labels(pool.name, "karpenter", self._args.platform.environment),
            # NodeClaims name their NodePool as an owner whose deletion they block: the engine, which deletes in the
            # foreground, sees the NodePool until the last instance has ended.
            "annotations": {"pulumi.com/deletionPropagationPolicy": "foreground"},
        }

    def _removed_in_time(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(
            self._args.platform.child_options(self, *after),
            pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(delete=REMOVAL_TIMEOUT)),
        )


def scaled_pools(pools: tuple[NodePool, ...], groups: Mapping[str, EksNodeGroup]) -> tuple[NodePool, ...]:
    """The pools to which Karpenter adds nodes."""
    return tuple(pool for pool in pools if groups[pool.name].added_nodes(pool))


def _allow_connections(args: KarpenterArgs) -> None:
    wiring, controller = args.platform.wiring, karpenter_specs.WORKLOAD
    wiring.allow(controller, args.cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
    # Services of AWS: those with an endpoint in the VPC, and the price list, which has none.
    wiring.allow(controller, peers.INTERNET, 443)
    args.cluster.allow_credentials(wiring, controller)
    wiring.allow(peers.PROMETHEUS, controller, karpenter_specs.METRICS_PORT)
