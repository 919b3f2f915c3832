"""Pure builders of launch templates: hardened metadata access, encrypted disk, local disks, EFA, kind of purchase."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.base.node_pools import NodePool
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup

ROOT_DEVICE = "/dev/xvda"

IMAGE_COLLECTION = {"imageGCHighThresholdPercent": 75, "imageGCLowThresholdPercent": 60}
"""Kubelet configuration of GPU nodes. Images share the disk with cached weights: unused ones go while there is still
room, not at kubelet's default of 85 %, where a second model's weights meet the threshold at which pods are evicted."""

_EFA_DEVICE_INDEX = 1


@dataclass(frozen=True, kw_only=True)
class EfaNetwork:
    """What nodes with EFA need beside the interfaces: security groups and a placement group's name."""

    security_group_ids: tuple[pulumi.Input[str], ...]
    placement_group: pulumi.Input[str]


def launch_template_args(
    pool: NodePool,
    group: EksNodeGroup,
    *,
    key_arn: pulumi.Input[str],
    efa: EfaNetwork | None,
    tags: Mapping[str, str],
) -> aws.ec2.LaunchTemplateArgs:
    """Launch template of one pool. `key_arn` encrypts the disk; `efa` is given where the group has EFA interfaces."""
    root = aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
        volume_type="gp3",
        volume_size=group.root_volume_gib,
        encrypted="true",
        kms_key_id=key_arn,
        delete_on_termination="true",
    )
    config = node_config(pool, group)
    return aws.ec2.LaunchTemplateArgs(
        # Several types are named by the node group instead; only one of the two places may name them.
        instance_type=group.instance_types[0] if len(group.instance_types) == 1 else None,
        block_device_mappings=[aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name=ROOT_DEVICE, ebs=root)],
        # One hop ends at the node: the answer of the metadata service never arrives in a pod.
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=dict(tags))
            for kind in ("instance", "volume", "network-interface")
        ],
        update_default_version=True,
        user_data=base64.b64encode(user_data(config).encode()).decode() if config else None,
        instance_market_options=_market(group),
        capacity_reservation_specification=_reservation(group.reservation_id) if group.reservation_id else None,
        network_interfaces=_interfaces(group, efa) if efa else None,
        placement=aws.ec2.LaunchTemplatePlacementArgs(group_name=efa.placement_group) if efa else None,
        tags=dict(tags),
    )


def efa_interfaces(count: int) -> list[dict[str, Any]]:
    """Network interfaces of an instance with `count` network cards that take EFA, as card, device and type.

    The first is an ordinary one with addresses for node and pods; each card adds one that carries EFA alone and takes
    no address (EC2 User Guide, "Maximize network bandwidth on instances with multiple network cards").
    """
    primary = {"card": 0, "device": 0, "type": "interface"}
    return [primary, *({"card": card, "device": _EFA_DEVICE_INDEX, "type": "efa-only"} for card in range(count))]


def node_config(pool: NodePool, group: EksNodeGroup) -> dict[str, Any]:
    """NodeConfig `spec` of nodeadm, empty where a node starts as its image has it."""
    spec: dict[str, Any] = {}
    if pool.role == "gpu":
        spec["kubelet"] = {"config": IMAGE_COLLECTION}
    if group.local_disks:
        # One volume of all NVMe disks for images, logs and weights. Without it pods share 17 GiB of ephemeral storage,
        # less than one image of the model server.
        spec["instance"] = {"localStorage": {"strategy": "RAID0"}}
    return spec


def user_data(spec: Mapping[str, Any]) -> str:
    """User data that nodeadm merges with what EKS gives it: one NodeConfig in a MIME archive."""
    config = {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": dict(spec)}
    return "\n".join(
        [
            "MIME-Version: 1.0",
            'Content-Type: multipart/mixed; boundary="BOUNDARY"',
            "",
            "--BOUNDARY",
            "Content-Type: application/node.eks.aws",
            "",
            # JSON is YAML.
            json.dumps(config, indent=2),
            "",
            "--BOUNDARY--",
            "",
        ]
    )


def _market(group: EksNodeGroup) -> aws.ec2.LaunchTemplateInstanceMarketOptionsArgs | None:
    """A capacity block is a market of its own; spot is asked for by the node group, which refuses it in here."""
    if group.purchase != "capacity-block":
        return None
    return aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type="capacity-block")


def _reservation(reservation_id: str) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs:
    target = aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
        capacity_reservation_id=reservation_id
    )
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(capacity_reservation_target=target)


def _interfaces(group: EksNodeGroup, efa: EfaNetwork) -> list[aws.ec2.LaunchTemplateNetworkInterfaceArgs]:
    return [
        aws.ec2.LaunchTemplateNetworkInterfaceArgs(
            network_card_index=interface["card"],
            device_index=interface["device"],
            interface_type=interface["type"],
            security_groups=list(efa.security_group_ids),
            delete_on_termination="true",
        )
        for interface in efa_interfaces(group.efa_interfaces)
    ]
