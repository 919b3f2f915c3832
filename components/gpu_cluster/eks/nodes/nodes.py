"""Managed node groups: the fixed nodes of each pool, with the pool's labels and taints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base.node_pools import NodePool
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.nodes.efa import EfaNetworks
from components.gpu_cluster.eks.nodes.launch_templates import EfaNetwork, launch_template_args
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup, Purchase
from components.gpu_cluster.eks.tags import made_by_aws, resource_tags
from components.gpu_cluster.node_labels import registration_labels

TYPE = "ai-platform:gpu_cluster:EksNodes"

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore")
TAINT_EFFECTS = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}
CAPACITY_TYPES: dict[Purchase, str] = {
    "on-demand": "ON_DEMAND",
    "spot": "SPOT",
    "reservation": "ON_DEMAND",
    "capacity-block": "CAPACITY_BLOCK",
}


@dataclass(frozen=True, kw_only=True)
class EksNodesArgs:
    """`subnet_ids` are keyed by zone, `groups` by pool name. `volume_key_arn` encrypts the nodes' disks, `stack_tags`
    go on them. `ready` must exist before a node starts: routes out of the subnets and the network add-on.
    """

    environment: str
    cluster_name: pulumi.Input[str]
    kubernetes_version: str
    ami_release: str | None
    volume_key_arn: pulumi.Input[str]
    stack_tags: Mapping[str, str]
    pools: tuple[NodePool, ...]
    groups: Mapping[str, EksNodeGroup]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    efa: EfaNetworks
    ready: tuple[pulumi.Resource, ...]


class EksNodes(pulumi.ComponentResource):
    """`system` are the groups of untainted nodes, on which add-ons run; `all` includes the GPU groups.

    A pool that Karpenter scales from zero has no group.
    """

    role: aws.iam.Role
    system: tuple[aws.eks.NodeGroup, ...]
    all: tuple[aws.eks.NodeGroup, ...]

    def __init__(self, name: str, args: EksNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self.role, attachments = node_role(f"{name}-role", args.environment, pulumi.ResourceOptions(parent=self))
        after = [*args.ready, *attachments]
        groups = {
            pool.name: self._group(pool, args.groups[pool.name], after)
            for pool in args.pools
            if args.groups[pool.name].fixed_nodes(pool)[1]
        }
        self.all = tuple(groups.values())
        self.system = tuple(groups[pool.name] for pool in args.pools if pool.role == "system" and pool.name in groups)
        self.register_outputs({"groups": sorted(groups)})

    def _group(self, pool: NodePool, group: EksNodeGroup, after: list[pulumi.Resource]) -> aws.eks.NodeGroup:
        args, tags = self._args, resource_tags(f"{self._name}-{pool.name}", self._args.environment)
        template = aws.ec2.LaunchTemplate(
            f"{self._name}-{pool.name}-template",
            launch_template_args(
                pool,
                group,
                key_arn=args.volume_key_arn,
                efa=self._efa(pool, group),
                tags=made_by_aws(args.environment, args.stack_tags) | tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        zones = [group.zone] if group.zone else list(args.subnet_ids)
        smallest, largest = group.fixed_nodes(pool)
        return aws.eks.NodeGroup(
            f"{self._name}-{pool.name}",
            cluster_name=args.cluster_name,
            node_role_arn=self.role.arn,
            subnet_ids=[args.subnet_ids[zone] for zone in zones],
            version=args.kubernetes_version,
            release_version=args.ami_release,
            ami_type="AL2023_x86_64_NVIDIA" if pool.role == "gpu" else "AL2023_x86_64_STANDARD",
            capacity_type=CAPACITY_TYPES[group.purchase],
            instance_types=list(group.instance_types) if len(group.instance_types) > 1 else None,
            scaling_config={"desired_size": smallest, "min_size": smallest, "max_size": largest},
            labels=registration_labels(pool),
            taints=[
                {"key": taint.key, "value": taint.value, "effect": TAINT_EFFECTS[taint.effect]} for taint in pool.taints
            ],
            # A number and not $Latest, which shows a difference on every run.
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            # DEFAULT starts new nodes before it ends old ones, and there is rarely a spare GPU instance to be had.
            update_config={"max_unavailable": 1, "update_strategy": "MINIMAL" if pool.role == "gpu" else "DEFAULT"},
            node_repair_config={"enabled": True},
            tags=tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=after,
                # Between minimum and maximum an operator decides, for example when a capacity block begins and ends.
                ignore_changes=["scalingConfig.desiredSize"] if smallest != largest else [],
            ),
        )

    def _efa(self, pool: NodePool, group: EksNodeGroup) -> EfaNetwork | None:
        return self._args.efa.of(pool.name) if group.efa_interfaces else None


def node_role(
    name: str, environment: str, opts: pulumi.ResourceOptions
) -> tuple[aws.iam.Role, tuple[aws.iam.RolePolicyAttachment, ...]]:
    """A role for nodes: join the cluster, pull images, be reached over Session Manager. Pods have their own roles."""
    role = aws.iam.Role(
        name,
        assume_role_policy=json.dumps(policy_documents.service_trust("ec2.amazonaws.com")),
        tags=resource_tags(name, environment),
        opts=opts,
    )
    attachments = tuple(
        aws.iam.RolePolicyAttachment(
            f"{name}-{policy}", role=role.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}", opts=opts
        )
        for policy in NODE_POLICIES
    )
    return role, attachments
