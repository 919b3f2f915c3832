"""Add-ons of a cluster in AWS: what they may do, how they are set, and when they come and go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.base.eks_choices import ADDONS, CLUSTER_ADDONS, NODE_ADDONS
from tests.components.gpu_cluster.clusters import BuiltCluster
from tests.components.gpu_cluster.eks.program import build_eks, statements
from tools.render.monitor import RecordedResource


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks(data=False)


def addons(built: BuiltCluster) -> dict[str, RecordedResource]:
    return {addon.inputs["addonName"]: addon for addon in built.of_type("eks/addon:Addon").values()}


def values(built: BuiltCluster, addon: str) -> dict[str, Any]:
    return json.loads(addons(built)[addon].inputs["configurationValues"])


def system_groups(built: BuiltCluster) -> set[str]:
    return {group.urn for name, group in built.of_type(":NodeGroup").items() if name.endswith("-nodes-system")}


def test_every_add_on_is_installed(built: BuiltCluster) -> None:
    assert set(addons(built)) == set(ADDONS)


@pytest.mark.parametrize("addon", NODE_ADDONS)
def test_what_a_node_needs_is_there_before_any_node(built: BuiltCluster, addon: str) -> None:
    groups = built.of_type(":NodeGroup")
    assert groups
    assert all(addons(built)[addon].urn in group.depends_on for group in groups.values())
    assert not any(":NodeGroup::" in urn for urn in addons(built)[addon].depends_on)


@pytest.mark.parametrize("addon", CLUSTER_ADDONS)
def test_what_runs_on_nodes_comes_after_untainted_ones_and_the_way_out(built: BuiltCluster, addon: str) -> None:
    after = set(addons(built)[addon].depends_on)
    assert system_groups(built)
    assert system_groups(built) <= after
    assert {addons(built)[name].urn for name in NODE_ADDONS} <= after
    assert any(":VpcEndpoint::" in urn for urn in after)


def test_everything_comes_after_access_to_the_cluster(built: BuiltCluster) -> None:
    for addon in NODE_ADDONS:
        assert any(":AccessPolicyAssociation::" in urn for urn in addons(built)[addon].depends_on)


def test_the_network_plug_in_has_a_role_of_its_own_that_outlives_it(built: BuiltCluster) -> None:
    network = addons(built)["vpc-cni"]
    (association,) = network.inputs["podIdentityAssociations"]
    assert association["serviceAccount"] == "aws-node"
    assert any(":RolePolicyAttachment::" in urn for urn in network.depends_on)
    # Its credentials come from the agent, which must be on a new node before it.
    assert addons(built)["eks-pod-identity-agent"].urn in network.depends_on
    of_nodes = {
        resource.inputs["policyArn"].rsplit("/", 1)[1]
        for name, resource in built.of_type(":RolePolicyAttachment").items()
        if name.startswith("cluster-infrastructure-nodes")
    }
    assert of_nodes
    assert "AmazonEKS_CNI_Policy" not in of_nodes


def test_network_policies_are_enforced_and_nodes_hold_many_pods(built: BuiltCluster) -> None:
    assert values(built, "vpc-cni")["enableNetworkPolicy"] == "true"
    assert values(built, "vpc-cni")["env"]["ENABLE_PREFIX_DELEGATION"] == "true"


def test_dns_survives_a_zone_and_grows(built: BuiltCluster) -> None:
    dns = values(built, "coredns")
    assert dns["autoScaling"]["enabled"] is True
    assert dns["autoScaling"]["minReplicas"] >= 2
    assert dns["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert [spread["topologyKey"] for spread in dns["topologySpreadConstraints"]] == ["topology.kubernetes.io/zone"]


def test_controllers_run_on_nodes_without_gpus(built: BuiltCluster) -> None:
    for chosen in (values(built, "coredns"), values(built, "aws-ebs-csi-driver")["controller"]):
        assert chosen["nodeSelector"] == {"ai-platform/role": "system"}


def test_volumes_are_mounted_on_gpu_nodes_and_made_without_the_metadata_service(built: BuiltCluster) -> None:
    driver = values(built, "aws-ebs-csi-driver")
    assert driver["node"]["tolerateAllTaints"] is True
    assert driver["controller"]["region"] == "eu-north-1"
    assert values(built, "aws-mountpoint-s3-csi-driver")["node"]["tolerateAllTaints"] is True


def test_gpus_are_watched_where_they_are(built: BuiltCluster) -> None:
    (toleration,) = values(built, "eks-node-monitoring-agent")["dcgmAgent"]["tolerations"]
    assert (toleration["key"], toleration["operator"]) == ("nvidia.com/gpu", "Exists")


def test_the_volume_driver_uses_one_key_and_keeps_its_rights_to_the_end(built: BuiltCluster) -> None:
    policy = built.of_type("iam/rolePolicy:RolePolicy")["cluster-infrastructure-addons-volumes-key"]
    found = statements(policy.inputs["policy"])
    # EC2 draws the key of an encrypted volume by this call, in the driver's name.
    assert any("kms:GenerateDataKeyWithoutPlaintext" in statement["Action"] for statement in found)
    resources = {resource for statement in found for resource in statement["Resource"]}
    assert len(resources) == 1
    assert resources.pop().startswith("arn:aws:kms:")
    driver = addons(built)["aws-ebs-csi-driver"]
    assert policy.urn in driver.depends_on
    assert any(urn.endswith("-volumes-role-policy") for urn in driver.depends_on)
    assert addons(built)["snapshot-controller"].urn in driver.depends_on


def test_the_driver_of_objects_has_no_rights_of_its_own(built: BuiltCluster) -> None:
    assert not addons(built)["aws-mountpoint-s3-csi-driver"].inputs.get("podIdentityAssociations")
    roles = [name for name in built.of_type("iam/role:Role") if name.startswith("cluster-infrastructure-addons")]
    assert roles == ["cluster-infrastructure-addons-volumes-role"]


def test_versions_are_those_of_eks_unless_the_stack_pins_them(built: BuiltCluster) -> None:
    assert not [name for name, addon in addons(built).items() if "addonVersion" in addon.inputs]
    pinned = build_eks(addon_versions={"coredns": "v1.12.4-eksbuild.1", "vpc-cni": "v1.20.4-eksbuild.2"}, data=False)
    found = {
        name: addon.inputs["addonVersion"] for name, addon in addons(pinned).items() if "addonVersion" in addon.inputs
    }
    assert found == {"coredns": "v1.12.4-eksbuild.1", "vpc-cni": "v1.20.4-eksbuild.2"}


def test_an_add_on_that_somebody_changed_by_hand_is_set_back(built: BuiltCluster) -> None:
    assert set(NODE_ADDONS) < set(addons(built))
    for addon in addons(built).values():
        assert addon.inputs["resolveConflictsOnCreate"] == "OVERWRITE"
        assert addon.inputs["resolveConflictsOnUpdate"] == "OVERWRITE"
