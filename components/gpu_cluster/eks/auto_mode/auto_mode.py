"""EKS Auto Mode inside the cluster: network policies switched on, the pools as NodePools, add-ons after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels
from components.base.eks_choices import AUTO_MODE_ADDONS
from components.base.handles import PlatformContext
from components.base.node_pools import NodePool
from components.gpu_cluster.eks.auto_mode import auto_mode_specs
from components.gpu_cluster.eks.auto_mode.auto_mode_specs import NodePlacement
from components.gpu_cluster.eks.control_plane.addons import EksAddonsArgs, EksClusterAddons
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup

TYPE = "ai-platform:gpu_cluster:EksAutoMode"

REMOVAL_LIMIT = "60m"
"""A node class stays until its last node is drained and gone; model servers finish their streams first."""


@dataclass(frozen=True, kw_only=True)
class AutoModePlan:
    """What the stack asks of Auto Mode. A node older than `node_max_age_hours` is replaced."""

    node_max_age_hours: int


@dataclass(frozen=True, kw_only=True)
class EksAutoModeArgs:
    """`groups` are keyed by pool name. `nodes_ready` is what nodes need in AWS: the way out, and leave to join."""

    platform: PlatformContext
    plan: AutoModePlan
    pools: tuple[NodePool, ...]
    groups: Mapping[str, EksNodeGroup]
    placement: NodePlacement
    nodes_ready: tuple[pulumi.Resource, ...]
    addons: EksAddonsArgs


class EksAutoMode(pulumi.ComponentResource):
    """Nodes that EKS makes, looks after and replaces. `ready` are the resources after which pods can run.

    Removed in the reverse order, so that the last node is gone before its role and its network are.
    """

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksAutoModeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        policies = k8s.core.v1.ConfigMap(
            f"{name}-network-policies",
            metadata=self._metadata("amazon-vpc-cni", namespace="kube-system"),
            data=auto_mode_specs.network_policy_switch(),
            opts=args.platform.child_options(self),
        )
        pools = tuple(pool for settings in args.pools for pool in self._pools(settings, policies))
        addons = EksClusterAddons(
            f"{name}-addons",
            EksAddonsArgs(
                environment=args.addons.environment,
                account_id=args.addons.account_id,
                region=args.addons.region,
                cluster_name=args.addons.cluster_name,
                volume_key_arn=args.addons.volume_key_arn,
                after=(*args.addons.after, *pools),
                versions=args.addons.versions,
            ),
            pulumi.ResourceOptions(parent=self),
            addons=AUTO_MODE_ADDONS,
        )
        self.ready = (policies, *pools, *addons.ready)
        self.register_outputs({"pools": [pool.name for pool in args.pools]})

    def _metadata(self, name: str, namespace: str | None = None) -> k8s.meta.v1.ObjectMetaArgs:
        return k8s.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=namespace,
            labels=labels.object_labels(name, "auto-mode", self._args.platform.environment),
        )

    def _pools(self, pool: NodePool, policies: pulumi.Resource) -> list[k8s.apiextensions.CustomResource]:
        args, group = self._args, self._args.groups[pool.name]
        node_class = k8s.apiextensions.CustomResource(
            f"{self._name}-{pool.name}-class",
            api_version=auto_mode_specs.NODE_CLASS_VERSION,
            kind="NodeClass",
            metadata=self._metadata(pool.name),
            spec=auto_mode_specs.node_class_spec(group, args.placement),
            opts=pulumi.ResourceOptions.merge(
                args.platform.child_options(self, policies, *args.nodes_ready),
                pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(delete=REMOVAL_LIMIT)),
            ),
        )
        specs = auto_mode_specs.node_pool_specs(
            pool,
            group,
            zones=tuple(args.placement.subnet_ids),
            max_age_hours=args.plan.node_max_age_hours,
        )
        return [
            k8s.apiextensions.CustomResource(
                f"{self._name}-{name}",
                api_version=auto_mode_specs.NODE_POOL_VERSION,
                kind="NodePool",
                metadata=self._metadata(name),
                spec=spec,
                opts=args.platform.child_options(self, node_class),
            )
            for name, spec in specs.items()
        ]
