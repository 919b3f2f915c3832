"""The control plane of a cluster in AWS: who reaches it, who may do what, what is logged."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.gpu_cluster.eks.control_plane.control_plane import ControlPlanePlan
from components.gpu_cluster.eks.kubernetes import address_in
from components.gpu_cluster.eks.network.network import NetworkPlan
from tests.components.gpu_cluster.clusters import BuiltCluster
from tests.components.gpu_cluster.eks.program import build_eks, one

ADMIN = "arn:aws:iam::111122223333:role/deploy"
AUDITOR = "arn:aws:iam::111122223333:role/audit"
PLAN = ControlPlanePlan(kubernetes_version="1.36", admin_role_arns=(ADMIN,))
CONTROL_PLANE = "cluster-infrastructure-control-plane"


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks()


def with_plan(**changes: Any) -> BuiltCluster:
    return build_eks(control_plane=replace(PLAN, **changes), data=False)


def cluster(built: BuiltCluster) -> Any:
    return one(built, "eks/cluster:Cluster").inputs


def test_the_control_plane_is_reached_from_inside_the_network_only(built: BuiltCluster) -> None:
    network = cluster(built)["vpcConfig"]
    assert network["endpointPrivateAccess"] is True
    assert network["endpointPublicAccess"] is False
    assert not {"publicAccessCidrs", "securityGroupIds"} & set(network)


def test_named_ranges_open_the_endpoint_for_themselves_only() -> None:
    network = cluster(with_plan(public_cidrs=("203.0.113.0/24",)))["vpcConfig"]
    assert network["endpointPublicAccess"] is True
    assert network["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_connected_networks_reach_the_private_endpoint_by_https_alone() -> None:
    built = with_plan(private_cidrs=("10.9.1.0/24", "10.9.2.0/24"))
    network = cluster(built)["vpcConfig"]
    assert network["endpointPublicAccess"] is False
    assert network["securityGroupIds"] == [f"{CONTROL_PLANE}-clients-id"]
    rules = [
        rule.inputs
        for rule in built.of_type(":SecurityGroupIngressRule").values()
        if rule.inputs["securityGroupId"] == f"{CONTROL_PLANE}-clients-id"
    ]
    assert [(rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) for rule in rules] == [
        ("10.9.1.0/24", 443, 443),
        ("10.9.2.0/24", 443, 443),
    ]


def test_secrets_are_encrypted_by_a_key_that_rotates_and_everything_is_logged(built: BuiltCluster) -> None:
    resource = one(built, "eks/cluster:Cluster")
    key = built.of_type("kms/key:Key")["cluster-infrastructure-keys-cluster"]
    assert resource.inputs["encryptionConfig"]["resources"] == ["secrets"]
    assert resource.inputs["encryptionConfig"]["provider"]["keyArn"].startswith("arn:aws:kms:")
    assert key.inputs["enableKeyRotation"] is True
    assert len(resource.inputs["enabledClusterLogTypes"]) == 5
    assert any(urn.endswith(f"::{CONTROL_PLANE}-logs") for urn in resource.depends_on)


@pytest.mark.parametrize("days", [90, 365])
def test_logs_are_encrypted_and_end(days: int) -> None:
    group = with_plan(log_days=days).of_type(":LogGroup")[f"{CONTROL_PLANE}-logs"].inputs
    assert group["name"] == "/aws/eks/ai-platform-test/cluster"
    assert group["retentionInDays"] == days
    assert group["kmsKeyId"].startswith("arn:aws:kms:")


def test_nobody_administers_the_cluster_but_the_named_roles(built: BuiltCluster) -> None:
    access = cluster(built)["accessConfig"]
    assert access == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    people = [entry.inputs for entry in built.of_type(":AccessEntry").values() if entry.inputs["type"] == "STANDARD"]
    assert [entry["principalArn"] for entry in people] == [ADMIN]


def test_viewers_look_and_change_nothing() -> None:
    built = with_plan(viewer_role_arns=(AUDITOR,))
    policies = {
        policy.inputs["principalArn"]: policy.inputs["policyArn"].rsplit("/", 1)[1]
        for policy in built.of_type(":AccessPolicyAssociation").values()
    }
    assert policies[ADMIN] == "AmazonEKSClusterAdminPolicy"
    assert policies[AUDITOR] == "AmazonEKSViewPolicy"


def test_versions_at_their_end_are_upgraded_unless_the_stack_pays(built: BuiltCluster) -> None:
    assert cluster(built)["upgradePolicy"] == {"supportType": "STANDARD"}
    assert cluster(with_plan(extended_support=True))["upgradePolicy"] == {"supportType": "EXTENDED"}


def test_the_control_plane_can_be_large_from_the_start(built: BuiltCluster) -> None:
    assert cluster(built)["controlPlaneScalingConfig"] == {"tier": "standard"}
    assert cluster(with_plan(scaling_tier="tier-2xl"))["controlPlaneScalingConfig"] == {"tier": "tier-2xl"}


def test_the_cluster_is_not_deleted_by_mistake_and_survives_a_zone(built: BuiltCluster) -> None:
    resource = one(built, "eks/cluster:Cluster")
    assert resource.protect
    assert resource.inputs["deletionProtection"] is True
    assert resource.inputs["zonalShiftConfig"] == {"enabled": True}
    assert len(resource.inputs["vpcConfig"]["subnetIds"]) == 3


def test_nothing_is_installed_behind_the_programs_back(built: BuiltCluster) -> None:
    assert cluster(built)["bootstrapSelfManagedAddons"] is False
    assert not {"computeConfig", "storageConfig"} & set(cluster(built))
    assert "elasticLoadBalancing" not in cluster(built)["kubernetesNetworkConfig"]


def test_the_rights_of_the_cluster_outlive_it(built: BuiltCluster) -> None:
    attachments = {
        resource.urn
        for name, resource in built.of_type(":RolePolicyAttachment").items()
        if name.startswith(f"{CONTROL_PLANE}-role")
    }
    assert len(attachments) == 1
    assert attachments <= set(one(built, "eks/cluster:Cluster").depends_on)


def test_the_rights_of_nodes_outlive_them(built: BuiltCluster) -> None:
    attachments = {
        resource.urn
        for name, resource in built.of_type(":RolePolicyAttachment").items()
        if name.startswith("cluster-infrastructure-nodes-role")
    }
    groups = built.of_type(":NodeGroup")
    assert len(attachments) >= 3
    assert groups
    assert all(attachments <= set(group.depends_on) for group in groups.values())


def test_karpenter_finds_the_security_group_of_nodes(built: BuiltCluster) -> None:
    tag = one(built, "ec2/tag:Tag").inputs
    assert tag == {
        "resourceId": f"{CONTROL_PLANE}-cluster-security-group-id",
        "key": "karpenter.sh/discovery",
        "value": "ai-platform-test",
    }


def test_the_kubeconfig_holds_no_credential(built: BuiltCluster) -> None:
    inputs = built.of_type("pulumi:providers:kubernetes")["cluster-kubernetes"].inputs
    user = json.loads(inputs["kubeconfig"])["users"][0]["user"]
    assert set(user) == {"exec"}
    assert user["exec"]["args"][:2] == ["eks", "get-token"]


def test_everything_in_the_cluster_is_removed_before_the_access_to_it(built: BuiltCluster) -> None:
    provider = built.of_type("pulumi:providers:kubernetes")["cluster-kubernetes"]
    admins = {urn for urn in (r.urn for r in built.of_type(":AccessPolicyAssociation").values()) if "-admin" in urn}
    assert len(admins) == 1
    assert admins <= set(provider.depends_on)


def test_pods_reach_the_api_at_the_first_address_of_the_service_range() -> None:
    plan = NetworkPlan(
        zones=("eu-north-1a", "eu-north-1b", "eu-north-1c"), vpc_cidr="10.64.0.0/16", service_cidr="10.100.0.0/16"
    )
    built = build_eks(network=plan, data=False)
    assert cluster(built)["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "10.100.0.0/16"
    assert "10.100.0.1/32" in built.cluster.handle.kubernetes_api.cidrs


def test_fixed_addresses_follow_the_service_range() -> None:
    assert address_in("172.20.0.0/16", 1) == "172.20.0.1/32"
    assert address_in("10.100.0.0/16", 10) == "10.100.0.10/32"
