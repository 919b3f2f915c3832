"""A cluster in AWS whose nodes EKS makes itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.base.eks_choices import AUTO_MODE_ADDONS
from components.base.handles import PlatformContext
from components.base.node_pools import NodePool
from components.base.wiring import External
from components.charts import ChartSource
from components.gpu_cluster.contract import GpuCluster
from components.gpu_cluster.eks.auto_mode.auto_mode import AutoModePlan
from components.gpu_cluster.eks.auto_mode.auto_mode_specs import NodePlacement, node_class_spec, node_pool_specs
from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.network_isolation import NetworkIsolation, NetworkIsolationArgs
from tests.components.gpu_cluster.clusters import BuiltCluster, build_cluster, eks_args, node_group
from tests.components.gpu_cluster.eks.program import build_eks, one, statements
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL
from tests.crd_schemas import schema_problems

ZONES = ("eu-north-1a", "eu-north-1b", "eu-north-1c")
SCALED = replace(GPU_POOL, min_nodes=1, max_nodes=4)
H200 = replace(GPU_POOL, name="h200", product="NVIDIA-H200", gpus_per_node=8, memory_per_gpu_gib=140.0, max_nodes=2)
GROUPS = {
    "system": node_group("m7i.4xlarge"),
    "l40s": node_group("g6e.12xlarge", purchase="spot"),
    "h200": node_group(
        "p5en.48xlarge", purchase="reservation", reservation_id="cr-0123456789abcdef0", zone="eu-north-1b"
    ),
}
PLACEMENT = NodePlacement(
    subnet_ids={zone: f"subnet-{zone}" for zone in ZONES},
    security_group_id="sg-nodes",
    role_name="nodes",
    volume_key_arn="arn:aws:kms:eu-north-1:111122223333:key/data",
    tags={"owner": "platform-team"},
)
CHARTS = ChartSource(location="none")
AUTO_MODE = "cluster-auto-mode"


def install(cluster: GpuCluster, platform: PlatformContext, opts: pulumi.ResourceOptions) -> Any:
    return cluster.install_add_ons(platform, CHARTS, opts)


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    args = eks_args(
        auto_mode=AutoModePlan(node_max_age_hours=336), pools=(SYSTEM_POOL, SCALED, H200), node_groups=GROUPS
    )
    return build_cluster(lambda opts: EksGpuCluster("cluster", args, opts), install)


def custom(built: BuiltCluster, kind: str) -> dict[str, Any]:
    return {
        resource.inputs["metadata"]["name"]: resource
        for resource in built.rendered.resources
        if resource.type.endswith(f":{kind}")
    }


def pool_specs(pool: NodePool, group: str) -> dict[str, dict[str, Any]]:
    return node_pool_specs(pool, GROUPS[group], zones=ZONES, max_age_hours=336)


def test_the_three_switches_of_auto_mode_are_set_together(built: BuiltCluster) -> None:
    cluster = one(built, "eks/cluster:Cluster").inputs
    assert cluster["computeConfig"] == {"enabled": True}
    assert cluster["storageConfig"] == {"blockStorage": {"enabled": True}}
    assert cluster["kubernetesNetworkConfig"]["elasticLoadBalancing"] == {"enabled": True}
    assert cluster["bootstrapSelfManagedAddons"] is False
    assert cluster["accessConfig"]["authenticationMode"] == "API"


def test_eks_may_make_what_it_makes_and_no_more_of_ours(built: BuiltCluster) -> None:
    role = built.of_type("iam/role:Role")["cluster-infrastructure-control-plane-role-role"].inputs
    (trust,) = statements(role["assumeRolePolicy"])
    assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    attached = {
        resource.inputs["policyArn"].rsplit("/", 1)[1]
        for name, resource in built.of_type(":RolePolicyAttachment").items()
        if name.startswith("cluster-infrastructure-control-plane-role")
    }
    assert attached == {
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
    }


def test_own_tags_are_allowed_for_what_belongs_to_the_cluster_alone(built: BuiltCluster) -> None:
    policy = built.of_type("iam/rolePolicy:RolePolicy")["cluster-infrastructure-control-plane-role-tags"]
    found = statements(policy.inputs["policy"])
    assert len(found) == 3
    for statement in found:
        assert statement["Condition"]["StringEquals"] == {
            "aws:RequestTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}"
        }
        assert not [action for action in statement["Action"] if "*" in action]
        assert all(resource.startswith("arn:aws:") and ":eu-north-1:" in resource for resource in statement["Resource"])


def test_the_rights_of_the_cluster_and_of_its_nodes_outlive_the_nodes(built: BuiltCluster) -> None:
    cluster = set(one(built, "eks/cluster:Cluster").depends_on)
    rights = {
        resource.urn
        for resource in built.rendered.resources
        if resource.name.startswith("cluster-infrastructure-control-plane-role-")
        and resource.type.rsplit(":", 1)[1] in {"RolePolicyAttachment", "RolePolicy"}
    }
    assert len(rights) == 7
    assert rights <= cluster
    for node_class in custom(built, "NodeClass").values():
        assert any(urn.endswith("auto-nodes-access-policy") for urn in node_class.depends_on)
        assert any(urn.endswith("AmazonEC2ContainerRegistryPullOnly") for urn in node_class.depends_on)


def test_nodes_join_with_a_role_that_can_do_little_else(built: BuiltCluster) -> None:
    entry = built.of_type(":AccessEntry")["cluster-infrastructure-auto-nodes-access"].inputs
    join = built.of_type(":AccessPolicyAssociation")["cluster-infrastructure-auto-nodes-access-policy"].inputs
    assert entry["type"] == "EC2"
    assert join["policyArn"].endswith("/AmazonEKSAutoNodePolicy")
    attached = {
        resource.inputs["policyArn"].rsplit("/", 1)[1]
        for name, resource in built.of_type(":RolePolicyAttachment").items()
        if name.startswith("cluster-infrastructure-auto-nodes")
    }
    assert attached == {"AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_only_add_ons_that_eks_does_not_bring_are_installed_and_after_the_nodes(built: BuiltCluster) -> None:
    addons = {addon.inputs["addonName"]: addon for addon in built.of_type("eks/addon:Addon").values()}
    assert set(addons) == set(AUTO_MODE_ADDONS)
    pools = {pool.urn for pool in custom(built, "NodePool").values()}
    assert pools
    assert all(pools <= set(addon.depends_on) for addon in addons.values())


def test_there_are_no_node_groups_and_no_karpenter_of_ours(built: BuiltCluster) -> None:
    assert not built.of_type(":NodeGroup")
    assert not built.of_type(":LaunchTemplate")
    assert not [r.name for r in built.rendered.resources if "karpenter" in r.name]


def test_network_policies_are_switched_on_before_any_node(built: BuiltCluster) -> None:
    switch = built.of_type("core/v1:ConfigMap")[f"{AUTO_MODE}-network-policies"]
    assert (switch.inputs["metadata"]["namespace"], switch.inputs["metadata"]["name"]) == (
        "kube-system",
        "amazon-vpc-cni",
    )
    assert switch.inputs["data"] == {"enable-network-policy-controller": "true"}
    classes = custom(built, "NodeClass")
    assert set(classes) == {"system", "l40s", "h200"}
    for node_class in classes.values():
        assert switch.urn in node_class.depends_on
        assert node_class.inputs["spec"]["networkPolicy"] == "DefaultAllow"


def test_nodes_wait_for_their_way_out_and_pools_for_their_class(built: BuiltCluster) -> None:
    ways = {resource.urn for resource in built.of_type("ec2/vpcEndpoint:VpcEndpoint").values()}
    assert len(ways) == 17
    classes = custom(built, "NodeClass")
    for pool in custom(built, "NodePool").values():
        chosen = classes[pool.inputs["spec"]["template"]["spec"]["nodeClassRef"]["name"]]
        assert chosen.urn in pool.depends_on
        assert ways <= set(chosen.depends_on)


def test_pods_of_the_platform_wait_for_nodes(built: BuiltCluster) -> None:
    ready = set(built.result)
    assert len([resource for resource in ready if isinstance(resource, pulumi.CustomResource)]) == len(ready)
    assert len(ready) >= 1 + len(custom(built, "NodePool")) + len(AUTO_MODE_ADDONS)


def test_what_is_always_there_and_what_may_be_added_are_pools_of_their_own(built: BuiltCluster) -> None:
    specs = {name: pool.inputs["spec"] for name, pool in custom(built, "NodePool").items()}
    assert {name: spec.get("replicas") for name, spec in specs.items()} == {
        "system": 3,
        "l40s": 1,
        "l40s-added": None,
        "h200": H200.min_nodes,
    } | ({"h200-added": None} if H200.max_nodes > H200.min_nodes else {})
    assert specs["l40s-added"]["limits"] == {"nodes": "3"}


def test_a_fixed_gpu_pool_is_never_larger_and_a_system_pool_replaces_before_it_removes() -> None:
    fixed = replace(GPU_POOL, min_nodes=2, max_nodes=2)
    assert pool_specs(fixed, "l40s") == {"l40s": pool_specs(fixed, "l40s")["l40s"]}
    assert pool_specs(fixed, "l40s")["l40s"]["limits"] == {"nodes": "2"}
    system = pool_specs(replace(SYSTEM_POOL, min_nodes=3, max_nodes=3), "system")
    assert system["system"]["limits"] == {"nodes": "4"}


def test_a_pool_that_starts_at_none_has_its_own_name() -> None:
    ((name, spec),) = pool_specs(replace(GPU_POOL, min_nodes=0, max_nodes=2), "l40s").items()
    assert name == "l40s"
    assert "replicas" not in spec
    assert spec["limits"] == {"nodes": "2"}


def test_nodes_carry_labels_and_taints_of_their_pool() -> None:
    template = pool_specs(SCALED, "l40s")["l40s"]["template"]
    assert template["metadata"]["labels"] == {"ai-platform/pool": "l40s", "ai-platform/role": "gpu"}
    assert template["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    assert pool_specs(SYSTEM_POOL, "system")["system"]["template"]["spec"]["taints"] == []


def test_nodes_are_bought_as_the_stack_says() -> None:
    def asked(pool: NodePool, group: str) -> dict[str, list[str]]:
        spec = next(iter(pool_specs(pool, group).values()))["template"]["spec"]
        return {entry["key"]: entry["values"] for entry in spec["requirements"]}

    assert asked(SCALED, "l40s") == {
        "node.kubernetes.io/instance-type": ["g6e.12xlarge"],
        "karpenter.sh/capacity-type": ["spot"],
        "topology.kubernetes.io/zone": list(ZONES),
    }
    reserved = asked(H200, "h200")
    assert reserved["karpenter.sh/capacity-type"] == ["reserved"]
    assert reserved["topology.kubernetes.io/zone"] == ["eu-north-1b"]


def test_a_reservation_is_selected_in_its_zone_and_nowhere_else() -> None:
    spec = node_class_spec(GROUPS["h200"], PLACEMENT)
    assert spec["capacityReservationSelectorTerms"] == [{"id": "cr-0123456789abcdef0"}]
    assert spec["subnetSelectorTerms"] == [{"id": "subnet-eu-north-1b"}]
    assert "capacityReservationSelectorTerms" not in node_class_spec(GROUPS["l40s"], PLACEMENT)


def test_disks_are_large_and_encrypted_with_the_platforms_key() -> None:
    spec = node_class_spec(GROUPS["l40s"], PLACEMENT)
    assert spec["ephemeralStorage"] == {"size": "200Gi", "kmsKeyID": PLACEMENT.volume_key_arn}
    assert spec["tags"] == {"owner": "platform-team"}
    assert (spec["role"], spec["securityGroupSelectorTerms"]) == ("nodes", [{"id": "sg-nodes"}])


def test_a_node_is_gone_before_aws_ends_it() -> None:
    spec = pool_specs(SCALED, "l40s")["l40s"]["template"]["spec"]
    assert (spec["expireAfter"], spec["terminationGracePeriod"]) == ("336h", "24h")


def test_node_pools_are_what_the_definition_allows() -> None:
    for pool, group in ((SYSTEM_POOL, "system"), (SCALED, "l40s"), (H200, "h200")):
        for name, spec in pool_specs(pool, group).items():
            manifest = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": name}, "spec": spec}
            assert schema_problems(manifest) == []


def test_volumes_are_made_by_auto_modes_own_driver(built: BuiltCluster) -> None:
    classes = built.of_type(":StorageClass").values()
    assert {resource.inputs["provisioner"] for resource in classes} == {"ebs.csi.eks.amazonaws.com"}
    assert all(resource.inputs["parameters"]["encrypted"] == "true" for resource in classes)


def test_the_gpu_operator_leaves_to_the_nodes_what_they_bring(built: BuiltCluster) -> None:
    software = built.cluster.gpu_software
    assert (software.install, software.driver, software.device_plugin) == (True, "host", False)
    assert software.reboot_for_partitions is False


def test_pods_ask_dns_at_its_address_because_no_pod_answers(built: BuiltCluster) -> None:
    dns = built.cluster.handle.dns
    assert isinstance(dns, External)
    assert dns.cidrs == ("172.20.0.10/32",)

    def isolate(cluster: GpuCluster, platform: PlatformContext, opts: pulumi.ResourceOptions) -> None:
        args = NetworkIsolationArgs(platform=platform, namespaces=cluster.handle.namespaces, dns=cluster.handle.dns)
        NetworkIsolation("network", args, opts)

    args = eks_args(auto_mode=AutoModePlan(node_max_age_hours=336), pools=(SYSTEM_POOL,), node_groups=GROUPS)
    isolated = build_cluster(lambda opts: EksGpuCluster("cluster", args, opts), isolate)
    policies = [p for n, p in isolated.of_type(":NetworkPolicy").items() if n.endswith("allow-dns")]
    assert policies
    for policy in policies:
        (rule,) = policy.inputs["spec"]["egress"]
        assert rule["to"] == [{"ipBlock": {"cidr": "172.20.0.10/32"}}]
        assert {(port["port"], port["protocol"]) for port in rule["ports"]} == {(53, "UDP"), (53, "TCP")}


def test_own_nodes_ask_dns_pods() -> None:
    assert build_eks(data=False).cluster.handle.dns.address == "kube-system/kube-dns"


def test_auto_mode_is_not_installed_into_a_cluster_without_it() -> None:
    built = build_cluster(lambda opts: EksGpuCluster("cluster", eks_args(), opts), install)
    assert not custom(built, "NodeClass")
    assert json.dumps([r.name for r in built.rendered.resources]).count(AUTO_MODE) == 0
