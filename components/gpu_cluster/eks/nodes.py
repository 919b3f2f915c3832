"""Managed node groups: one a pool, with the pool's labels and taints, hardened metadata access and local disks."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.base.gpu_instances import GPU_INSTANCES
from components.base.node_pools import NodePool
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags
from components.gpu_cluster.node_labels import registration_labels

TYPE = "ai-platform:gpu_cluster:EksNodes"

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore")
TAINT_EFFECTS = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}

Purchase = Literal["on-demand", "spot", "reservation"]


@dataclass(frozen=True, kw_only=True)
class EksNodeGroup:
    """What the nodes of one pool are bought as. `zone` is None for all zones; only a `reservation` has its id."""

    instance_type: str
    purchase: Purchase
    reservation_id: str | None
    zone: str | None
    root_volume_gib: int


@dataclass(frozen=True, kw_only=True)
class EksNodesArgs:
    """`subnet_ids` are keyed by zone, `groups` by pool name. `ready` must exist before a node starts: routes out of the
    subnets and the network add-on.
    """

    environment: str
    cluster_name: pulumi.Input[str]
    kubernetes_version: str
    ami_release: str | None
    pools: tuple[NodePool, ...]
    groups: Mapping[str, EksNodeGroup]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    ready: tuple[pulumi.Resource, ...]


class EksNodes(pulumi.ComponentResource):
    """`system` are the groups of untainted nodes, on which add-ons run; `all` includes the GPU groups."""

    system: tuple[aws.eks.NodeGroup, ...]
    all: tuple[aws.eks.NodeGroup, ...]

    def __init__(self, name: str, args: EksNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._role, attachments = self._node_role()
        after = [*args.ready, *attachments]
        groups = {pool.name: self._group(pool, args.groups[pool.name], after) for pool in args.pools}
        self.all = tuple(groups.values())
        self.system = tuple(groups[pool.name] for pool in args.pools if pool.role == "system")
        self.register_outputs({"groups": sorted(groups)})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._name}-{suffix}", self._args.environment)

    def _node_role(self) -> tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]]:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{self._name}-role",
            assume_role_policy=json.dumps(policy_documents.service_trust("ec2.amazonaws.com")),
            tags=self._tags("role"),
            opts=child,
        )
        attachments = [
            aws.iam.RolePolicyAttachment(
                f"{self._name}-role-{policy}",
                role=role.name,
                policy_arn=f"arn:aws:iam::aws:policy/{policy}",
                opts=child,
            )
            for policy in NODE_POLICIES
        ]
        return role, attachments

    def _group(self, pool: NodePool, group: EksNodeGroup, after: list[pulumi.Resource]) -> aws.eks.NodeGroup:
        args = self._args
        template = aws.ec2.LaunchTemplate(
            f"{self._name}-{pool.name}-template",
            launch_template_args(group, self._tags(pool.name)),
            pulumi.ResourceOptions(parent=self),
        )
        zones = [group.zone] if group.zone else list(args.subnet_ids)
        return aws.eks.NodeGroup(
            f"{self._name}-{pool.name}",
            cluster_name=args.cluster_name,
            node_role_arn=self._role.arn,
            subnet_ids=[args.subnet_ids[zone] for zone in zones],
            version=args.kubernetes_version,
            release_version=args.ami_release,
            ami_type="AL2023_x86_64_NVIDIA" if pool.role == "gpu" else "AL2023_x86_64_STANDARD",
            capacity_type="SPOT" if group.purchase == "spot" else "ON_DEMAND",
            scaling_config={"desired_size": pool.min_nodes, "min_size": pool.min_nodes, "max_size": pool.max_nodes},
            labels=registration_labels(pool),
            taints=[
                {"key": taint.key, "value": taint.value, "effect": TAINT_EFFECTS[taint.effect]} for taint in pool.taints
            ],
            # A number and not $Latest, which shows a difference on every run.
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            # DEFAULT starts new nodes before it ends old ones, and there is rarely a spare GPU instance to be had.
            update_config={"max_unavailable": 1, "update_strategy": "MINIMAL" if pool.role == "gpu" else "DEFAULT"},
            node_repair_config={"enabled": True},
            tags=self._tags(pool.name),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=after,
                # Between minimum and maximum somebody else decides: an autoscaler, or an operator by hand.
                ignore_changes=["scalingConfig.desiredSize"] if pool.min_nodes != pool.max_nodes else [],
            ),
        )


def launch_template_args(group: EksNodeGroup, tags: dict[str, str]) -> aws.ec2.LaunchTemplateArgs:
    """Launch template of one pool: encrypted disk, no way for pods to the node's credentials, local disks joined."""
    known = GPU_INSTANCES.get(group.instance_type)
    root = aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
        volume_type="gp3", volume_size=group.root_volume_gib, encrypted="true", delete_on_termination="true"
    )
    return aws.ec2.LaunchTemplateArgs(
        instance_type=group.instance_type,
        block_device_mappings=[aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name="/dev/xvda", ebs=root)],
        # One hop ends at the node: the answer of the metadata service never arrives in a pod.
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags) for kind in ("instance", "volume")
        ],
        update_default_version=True,
        user_data=base64.b64encode(_local_disks().encode()).decode() if known and known.local_disks else None,
        capacity_reservation_specification=_reservation(group.reservation_id) if group.reservation_id else None,
        tags=tags,
    )


def _reservation(reservation_id: str) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs:
    target = aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
        capacity_reservation_id=reservation_id
    )
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(capacity_reservation_target=target)


def _local_disks() -> str:
    """User data that joins the instance's NVMe disks to one volume for images, logs and weights.

    Without it pods share 17 GiB of ephemeral storage, less than one image of the model server.
    """
    return "\n".join(
        [
            "MIME-Version: 1.0",
            'Content-Type: multipart/mixed; boundary="BOUNDARY"',
            "",
            "--BOUNDARY",
            "Content-Type: application/node.eks.aws",
            "",
            "apiVersion: node.eks.aws/v1alpha1",
            "kind: NodeConfig",
            "spec:",
            "  instance:",
            "    localStorage:",
            "      strategy: RAID0",
            "",
            "--BOUNDARY--",
            "",
        ]
    )
