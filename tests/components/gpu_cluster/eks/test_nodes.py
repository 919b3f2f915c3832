"""Managed node groups: how they are bought, what they start with, and how nodes with EFA reach each other."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.gpu_cluster.eks.nodes.launch_templates import efa_interfaces, node_config
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup
from tests.components.gpu_cluster.clusters import MIG_POOL, BuiltCluster, build_cluster, eks_args, node_group
from tests.components.gpu_cluster.eks.program import build_eks, statements
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL
from tools.render.monitor import RecordedResource

PREFIX = "cluster-infrastructure-nodes"
RESERVATION = "cr-0123456789abcdef0"


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks(data=False)


def build_group(group: EksNodeGroup, **pool: Any) -> BuiltCluster:
    """A cluster with a system pool and one GPU pool."""
    pools = (SYSTEM_POOL, replace(GPU_POOL, **pool))
    args = eks_args(pools=pools, node_groups={"system": node_group("m7i.4xlarge"), "l40s": group})
    return build_cluster(lambda opts: EksGpuCluster("cluster", args, opts))


def group_of(built: BuiltCluster, pool: str) -> RecordedResource:
    return built.of_type(":NodeGroup")[f"{PREFIX}-{pool}"]


def template_of(built: BuiltCluster, pool: str) -> dict[str, Any]:
    return built.of_type(":LaunchTemplate")[f"{PREFIX}-{pool}-template"].inputs


def node_config_of(built: BuiltCluster, pool: str) -> dict[str, Any]:
    archive = base64.b64decode(template_of(built, pool)["userData"]).decode()
    assert "Content-Type: application/node.eks.aws" in archive
    return json.loads(archive[archive.index("{") : archive.rindex("}") + 1])["spec"]


def test_node_groups_carry_labels_and_taints_of_their_pool(built: BuiltCluster) -> None:
    gpu = group_of(built, "h200").inputs
    assert gpu["labels"]["ai-platform/pool"] == "h200"
    assert gpu["labels"]["nvidia.com/mig.config"] == "all-1g.18gb"
    assert gpu["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]
    assert gpu["amiType"] == "AL2023_x86_64_NVIDIA"
    assert not group_of(built, "system").inputs.get("taints")


def test_a_gpu_node_is_replaced_without_a_spare_one_and_mended_when_it_is_sick(built: BuiltCluster) -> None:
    gpu = group_of(built, "l40s").inputs
    assert gpu["updateConfig"] == {"maxUnavailable": 1, "updateStrategy": "MINIMAL"}
    assert gpu["nodeRepairConfig"]["enabled"] is True
    assert group_of(built, "system").inputs["updateConfig"]["updateStrategy"] == "DEFAULT"


def test_the_image_of_nodes_is_the_pinned_one() -> None:
    built = build_eks(data=False, ami_release="1.36.2-20261107")
    assert {group.inputs["releaseVersion"] for group in built.of_type(":NodeGroup").values()} == {"1.36.2-20261107"}
    assert not [name for name, found in built.of_type(":LaunchTemplate").items() if found.inputs.get("imageId")]


def test_a_reservation_is_used_in_its_zone_only(built: BuiltCluster) -> None:
    group, template = group_of(built, "h200").inputs, template_of(built, "h200")
    assert group["subnetIds"] == ["cluster-infrastructure-network-zone2-private-id"]
    assert group["capacityType"] == "ON_DEMAND"
    assert "instanceMarketOptions" not in template
    assert template["capacityReservationSpecification"] == {
        "capacityReservationTarget": {"capacityReservationId": RESERVATION}
    }


def test_a_capacity_block_is_a_market_of_its_own_and_starts_when_an_operator_says_so() -> None:
    group = node_group("p5en.48xlarge", purchase="capacity-block", reservation_id=RESERVATION, zone="eu-north-1b")
    built = build_group(group, min_nodes=0, max_nodes=2)
    found, template = group_of(built, "l40s"), template_of(built, "l40s")
    assert found.inputs["capacityType"] == "CAPACITY_BLOCK"
    assert found.inputs["scalingConfig"] == {"desiredSize": 0, "minSize": 0, "maxSize": 2}
    assert found.ignore_changes == ("scalingConfig.desiredSize",)
    assert found.inputs["subnetIds"] == ["cluster-infrastructure-network-zone2-private-id"]
    assert template["instanceMarketOptions"] == {"marketType": "capacity-block"}
    target = template["capacityReservationSpecification"]["capacityReservationTarget"]
    assert target == {"capacityReservationId": RESERVATION}
    assert template["instanceType"] == "p5en.48xlarge"


def test_the_program_buys_no_reservation_itself(built: BuiltCluster) -> None:
    bought = [resource.type for resource in built.rendered.resources if "capacityReservation" in resource.type]
    bought += [resource.type for resource in built.rendered.resources if "apacityBlock" in resource.type]
    assert not bought


def test_spot_nodes_may_be_of_several_types_named_in_one_place() -> None:
    group = replace(node_group("g6e.12xlarge", purchase="spot"), instance_types=("g6e.12xlarge", "g6e.24xlarge"))
    built = build_group(group)
    assert group_of(built, "l40s").inputs["capacityType"] == "SPOT"
    assert group_of(built, "l40s").inputs["instanceTypes"] == ["g6e.12xlarge", "g6e.24xlarge"]
    assert "instanceType" not in template_of(built, "l40s")
    assert "instanceTypes" not in group_of(built, "system").inputs


def test_a_pool_that_karpenter_scales_has_its_minimum_as_fixed_nodes() -> None:
    built = build_group(node_group("g6e.12xlarge", scaled=True), min_nodes=2, max_nodes=5)
    group = group_of(built, "l40s")
    assert group.inputs["scalingConfig"] == {"desiredSize": 2, "minSize": 2, "maxSize": 2}
    assert group.ignore_changes == ()


def test_a_pool_that_karpenter_scales_from_zero_has_no_fixed_nodes() -> None:
    built = build_group(node_group("g6e.12xlarge", scaled=True), min_nodes=0, max_nodes=5)
    assert list(built.of_type(":NodeGroup")) == [f"{PREFIX}-system"]


def test_a_pool_of_a_range_that_nobody_scales_keeps_the_size_that_an_operator_gave_it() -> None:
    built = build_group(node_group("g6e.12xlarge"), min_nodes=1, max_nodes=4)
    assert group_of(built, "l40s").ignore_changes == ("scalingConfig.desiredSize",)
    assert group_of(built, "system").ignore_changes == ()


def test_pods_cannot_reach_a_nodes_credentials_and_its_disk_is_encrypted_with_the_platforms_key(
    built: BuiltCluster,
) -> None:
    key = built.of_type("kms/key:Key")["cluster-infrastructure-keys-data"]
    templates = built.of_type(":LaunchTemplate")
    assert len(templates) == 3
    for template in templates.values():
        options = template.inputs["metadataOptions"]
        assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)
        disk = template.inputs["blockDeviceMappings"][0]["ebs"]
        assert disk["encrypted"] == "true"
        assert disk["kmsKeyId"].startswith("arn:aws:kms:")
        assert key.urn in template.depends_on


def test_node_groups_may_use_the_key_of_their_disks_and_grant_it_to_volumes_alone(built: BuiltCluster) -> None:
    policy = built.of_type("kms/key:Key")["cluster-infrastructure-keys-data"].inputs["policy"]
    found = {statement["Sid"]: statement for statement in statements(policy)}
    role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    for sid in ("NodeGroupsUse", "NodeGroupsGrant"):
        condition = found[sid]["Condition"]
        assert condition["StringEquals"] == {"kms:CallerAccount": "111122223333"}
        assert condition["ArnEquals"] == {"aws:PrincipalArn": f"arn:aws:iam::111122223333:{role}"}
    assert "kms:GenerateDataKeyWithoutPlaintext" in found["NodeGroupsUse"]["Action"]
    assert found["NodeGroupsGrant"]["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_what_aws_starts_from_a_template_carries_the_tags_of_the_stack(built: BuiltCluster) -> None:
    templates = built.of_type(":LaunchTemplate").values()
    assert len(templates) >= 2
    for template in templates:
        tagged = {spec["resourceType"]: spec["tags"] for spec in template.inputs["tagSpecifications"]}
        assert set(tagged) == {"instance", "volume", "network-interface"}
        assert all(tags["owner"] == "platform-team" for tags in tagged.values())


def test_local_disks_of_gpu_nodes_hold_images_and_weights(built: BuiltCluster) -> None:
    config = node_config_of(built, "l40s")
    assert config["instance"] == {"localStorage": {"strategy": "RAID0"}}
    assert "userData" not in template_of(built, "system")


def test_unused_images_go_before_cached_weights_are_evicted(built: BuiltCluster) -> None:
    limits = node_config_of(built, "h200")["kubelet"]["config"]
    assert 0 < limits["imageGCLowThresholdPercent"] < limits["imageGCHighThresholdPercent"] < 85


def test_an_instance_without_own_disks_joins_none() -> None:
    group = replace(node_group("g6e.12xlarge"), local_disks=False)
    assert "instance" not in node_config(GPU_POOL, group)
    assert node_config(SYSTEM_POOL, group) == {}


@pytest.mark.parametrize(("name", "count"), [("g6e.12xlarge", 1), ("p5en.48xlarge", 16), ("p5.48xlarge", 32)])
def test_each_network_card_has_one_efa_interface_and_the_first_also_an_address(name: str, count: int) -> None:
    interfaces = efa_interfaces(count)
    assert interfaces[0] == {"card": 0, "device": 0, "type": "interface"}
    assert [entry["card"] for entry in interfaces[1:]] == list(range(count)), name
    assert {(entry["device"], entry["type"]) for entry in interfaces[1:]} == {(1, "efa-only")}


@pytest.fixture(scope="module")
def efa() -> BuiltCluster:
    return build_group(node_group("p5en.48xlarge", zone="eu-north-1b", efa_interfaces=16), min_nodes=2, max_nodes=2)


def test_nodes_with_efa_stand_close_together_and_have_all_their_interfaces(efa: BuiltCluster) -> None:
    template = template_of(efa, "l40s")
    assert len(template["networkInterfaces"]) == 17
    placement = efa.of_type(":PlacementGroup")["cluster-infrastructure-efa-l40s"]
    assert placement.inputs["strategy"] == "cluster"
    assert template["placement"] == {"groupName": "cluster-infrastructure-efa-l40s"}
    groups = {tuple(interface["securityGroups"]) for interface in template["networkInterfaces"]}
    assert groups == {
        ("cluster-infrastructure-control-plane-cluster-security-group-id", "cluster-infrastructure-efa-l40s-group-id")
    }


def test_efa_flows_among_the_members_of_one_group_alone(efa: BuiltCluster) -> None:
    rules = {
        name: rule.inputs
        for kind in (":SecurityGroupIngressRule", ":SecurityGroupEgressRule")
        for name, rule in efa.of_type(kind).items()
        if "-efa-" in name
    }
    assert set(rules) == {"cluster-infrastructure-efa-l40s-in", "cluster-infrastructure-efa-l40s-out"}
    for rule in rules.values():
        assert rule["ipProtocol"] == "-1"
        assert rule["referencedSecurityGroupId"] == rule["securityGroupId"]
        assert not {"cidrIpv4", "cidrIpv6"} & set(rule)


def test_nodes_without_efa_leave_their_network_to_eks(built: BuiltCluster) -> None:
    assert not built.of_type(":PlacementGroup")
    assert not [name for name, found in built.of_type(":LaunchTemplate").items() if "networkInterfaces" in found.inputs]


def test_nodes_wait_for_their_way_out_and_for_the_network_add_on(built: BuiltCluster) -> None:
    groups = built.of_type(":NodeGroup")
    assert set(groups) == {f"{PREFIX}-{pool}" for pool in ("system", "l40s", MIG_POOL.name)}
    for group in groups.values():
        assert any(":Route::" in urn for urn in group.depends_on)
        assert any(urn.endswith("-vpc-cni") for urn in group.depends_on)
