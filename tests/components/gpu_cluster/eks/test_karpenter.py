"""Karpenter: what it may do, what it makes, and that it is given no more than the pools allow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest
import yaml

from components.base.handles import ImageRegistry, PlatformContext
from components.base.node_pools import NodePool
from components.charts import ChartSource
from components.gpu_cluster.contract import GpuCluster
from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.gpu_cluster.eks.nodes.interruption_queue import queue_policy
from components.gpu_cluster.eks.nodes.karpenter_specs import ScalingLimits, karpenter_values, node_pool_spec
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup
from tests.chart_files import chart_file, value_paths
from tests.components.gpu_cluster.clusters import MIG_POOL, BuiltCluster, build_cluster, eks_args, node_group
from tests.components.gpu_cluster.eks.program import one, statements
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL
from tests.crd_schemas import schema_problems

RELEASE = "1.36.2-20261107"
POOLS = (
    replace(SYSTEM_POOL, min_nodes=3, max_nodes=6),
    replace(GPU_POOL, min_nodes=2, max_nodes=5),
    MIG_POOL,
)


def install(cluster: GpuCluster, platform: PlatformContext, opts: pulumi.ResourceOptions) -> Any:
    return cluster.install_add_ons(platform, ChartSource(), opts)


def build(pools: tuple[NodePool, ...] = POOLS, **groups: EksNodeGroup) -> BuiltCluster:
    """A cluster whose system and l40s pools are scaled, unless `groups` say otherwise."""
    scaled = {
        "system": node_group("m7i.4xlarge", scaled=True),
        "l40s": node_group("g6e.12xlarge", scaled=True),
        "h200": eks_args().node_groups["h200"],
    }
    args = eks_args(pools=pools, ami_release=RELEASE, node_groups=scaled | groups)
    return build_cluster(lambda opts: EksGpuCluster("cluster", args, opts), install)


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build()


def controller_statements(built: BuiltCluster) -> list[dict[str, Any]]:
    return [
        statement
        for name, policy in built.of_type("iam/rolePolicy:RolePolicy").items()
        if name.startswith("cluster-karpenter-controller-")
        for statement in statements(policy.inputs["policy"])
    ]


def allowing(built: BuiltCluster, action: str) -> list[dict[str, Any]]:
    found = [statement for statement in controller_statements(built) if action in statement["Action"]]
    assert found, action
    return found


def spec(built: BuiltCluster, kind: str, pool: str) -> dict[str, Any]:
    suffix = {"NodePool": "nodes", "EC2NodeClass": "class"}[kind]
    return built.of_type(f":{kind}")[f"cluster-karpenter-{pool}-{suffix}"].inputs["spec"]


def requirement(node_pool: Mapping[str, Any], key: str) -> list[str]:
    (found,) = [entry for entry in node_pool["template"]["spec"]["requirements"] if entry["key"] == key]
    assert found["operator"] == "In"
    return found["values"]


def test_only_pools_with_room_above_their_minimum_are_scaled(built: BuiltCluster) -> None:
    assert set(built.of_type(":NodePool")) == {"cluster-karpenter-system-nodes", "cluster-karpenter-l40s-nodes"}


def test_karpenter_adds_no_more_than_lies_between_minimum_and_maximum(built: BuiltCluster) -> None:
    assert spec(built, "NodePool", "l40s")["limits"] == {
        "nodes": "3",
        "cpu": "144",
        "memory": "1152Gi",
        "nvidia.com/gpu": "12",
    }
    assert spec(built, "NodePool", "system")["limits"] == {"nodes": "3", "cpu": "48", "memory": "192Gi"}


def test_shared_gpus_count_as_often_as_a_node_reports_them() -> None:
    shared = replace(GPU_POOL, min_nodes=0, max_nodes=2, time_slices=4)
    group = node_group("g6e.12xlarge", scaled=True)
    limits = node_pool_spec(shared, group, node_class="x", zones=("a",), limits=ScalingLimits())["limits"]
    assert limits["nvidia.com/gpu"] == "32"


def test_added_nodes_have_the_labels_and_taints_of_their_pool(built: BuiltCluster) -> None:
    gpu, system = spec(built, "NodePool", "l40s"), spec(built, "NodePool", "system")
    assert gpu["template"]["metadata"]["labels"] == {"ai-platform/pool": "l40s", "ai-platform/role": "gpu"}
    assert gpu["template"]["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    assert "taints" not in system["template"]["spec"]


def test_added_nodes_are_of_the_types_purchase_and_zones_of_their_group() -> None:
    group = replace(
        node_group("g6e.12xlarge", scaled=True, purchase="spot", zone="eu-north-1a"),
        instance_types=("g6e.12xlarge", "g6e.24xlarge"),
    )
    found = spec(build(l40s=group), "NodePool", "l40s")
    assert requirement(found, "node.kubernetes.io/instance-type") == ["g6e.12xlarge", "g6e.24xlarge"]
    assert requirement(found, "karpenter.sh/capacity-type") == ["spot"]
    assert requirement(found, "topology.kubernetes.io/zone") == ["eu-north-1a"]


def test_a_node_that_serves_models_goes_only_when_it_is_empty_or_old(built: BuiltCluster) -> None:
    gpu = spec(built, "NodePool", "l40s")
    assert gpu["disruption"] == {
        "consolidationPolicy": "WhenEmpty",
        "consolidateAfter": "15m",
        "budgets": [{"nodes": "1"}],
    }
    assert (gpu["template"]["spec"]["expireAfter"], gpu["template"]["spec"]["terminationGracePeriod"]) == (
        "720h",
        "30m",
    )
    assert spec(built, "NodePool", "system")["disruption"]["consolidationPolicy"] == "WhenEmptyOrUnderutilized"


def test_added_nodes_start_like_the_fixed_ones(built: BuiltCluster) -> None:
    found = spec(built, "EC2NodeClass", "l40s")
    assert found["amiSelectorTerms"] == [{"alias": "al2023@v20261107"}]
    assert found["instanceStorePolicy"] == "RAID0"
    assert found["metadataOptions"]["httpTokens"] == "required"
    assert found["metadataOptions"]["httpPutResponseHopLimit"] == 1
    disk = found["blockDeviceMappings"][0]["ebs"]
    assert disk["encrypted"] is True
    assert disk["kmsKeyID"].startswith("arn:aws:kms:")
    assert found["kubelet"]["imageGCHighThresholdPercent"] < 85
    assert found["tags"]["owner"] == "platform-team"
    assert "instanceStorePolicy" not in spec(built, "EC2NodeClass", "system")


def test_subnets_and_security_groups_are_those_of_this_cluster(built: BuiltCluster) -> None:
    found = spec(built, "EC2NodeClass", "l40s")
    own = [{"tags": {"karpenter.sh/discovery": "ai-platform-test"}}]
    assert found["subnetSelectorTerms"] == found["securityGroupSelectorTerms"] == own
    tagged = [
        name
        for name, subnet in built.of_type("ec2/subnet:Subnet").items()
        if subnet.inputs["tags"].get("karpenter.sh/discovery") == "ai-platform-test"
    ]
    assert len(tagged) == 3
    assert all(name.endswith("-private") for name in tagged)


def test_added_nodes_with_efa_have_the_network_of_the_fixed_ones() -> None:
    group = node_group("p5en.48xlarge", scaled=True, zone="eu-north-1b", efa_interfaces=16)
    built = build(l40s=group)
    found = spec(built, "EC2NodeClass", "l40s")
    security_group = built.of_type("ec2/securityGroup:SecurityGroup")["cluster-infrastructure-efa-l40s-group"]
    assert found["securityGroupSelectorTerms"][1] == {"tags": {"ai-platform/efa": "ai-platform-test-l40s"}}
    assert security_group.inputs["tags"]["ai-platform/efa"] == "ai-platform-test-l40s"
    assert found["placementGroupSelector"] == {"name": "cluster-infrastructure-efa-l40s"}
    assert [entry["interfaceType"] for entry in found["networkInterfaces"]] == ["interface", *["efa-only"] * 16]
    assert not list(invalid(built))


def invalid(built: BuiltCluster) -> Iterator[str]:
    for kind in (":NodePool", ":EC2NodeClass"):
        for resource in built.of_type(kind).values():
            yield from schema_problems(resource.inputs)


def test_the_custom_resources_are_valid(built: BuiltCluster) -> None:
    assert not list(invalid(built))


def test_nodes_have_a_role_of_their_own_that_may_join(built: BuiltCluster) -> None:
    (entry,) = [found for found in built.of_type(":AccessEntry").values() if found.inputs["type"] == "EC2_LINUX"]
    assert entry.inputs["principalArn"] == "arn:aws:iam::111122223333:role/cluster-karpenter-nodes"
    groups = {group.inputs["nodeRoleArn"] for group in built.of_type(":NodeGroup").values()}
    assert entry.inputs["principalArn"] not in groups
    assert spec(built, "EC2NodeClass", "l40s")["role"] == "cluster-karpenter-nodes"


def test_no_action_is_a_wildcard_and_what_has_no_resource_only_reads(built: BuiltCluster) -> None:
    found = controller_statements(built)
    assert len(found) > 10
    for statement in found:
        assert not [action for action in statement["Action"] if "*" in action]
        if "*" in statement["Resource"]:
            verbs = {action.split(":")[1] for action in statement["Action"]}
            assert all(verb.startswith(("Describe", "List", "Get")) for verb in verbs), verbs


def test_ec2_is_seen_in_one_region_only(built: BuiltCluster) -> None:
    (found,) = allowing(built, "ec2:DescribeInstanceTypes")
    assert found["Condition"] == {"StringEquals": {"aws:RequestedRegion": "eu-north-1"}}
    # Each was added by a release, and Karpenter stands still without it.
    assert {"ec2:DescribeInstanceStatus", "ec2:DescribePlacementGroups", "ec2:DescribeCapacityReservations"} <= set(
        found["Action"]
    )


@pytest.mark.parametrize("action", ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"])
def test_what_another_cluster_owns_cannot_be_deleted(built: BuiltCluster, action: str) -> None:
    for statement in allowing(built, action):
        assert statement["Condition"]["StringEquals"] == {
            "aws:ResourceTag/kubernetes.io/cluster/ai-platform-test": "owned"
        }
        assert statement["Condition"]["StringLike"] == {"aws:ResourceTag/karpenter.sh/nodepool": "*"}


def test_what_is_made_is_tagged_as_this_clusters(built: BuiltCluster) -> None:
    made = [found for found in allowing(built, "ec2:CreateLaunchTemplate") if "ec2:RunInstances" in found["Action"]]
    assert made
    for statement in made:
        assert statement["Condition"]["StringEquals"] == {
            "aws:RequestTag/kubernetes.io/cluster/ai-platform-test": "owned",
            "aws:RequestTag/eks:eks-cluster-name": "ai-platform-test",
        }
    for statement in allowing(built, "ec2:CreateTags"):
        assert "Condition" in statement


def test_only_the_role_of_the_nodes_can_be_given_to_an_instance(built: BuiltCluster) -> None:
    (found,) = allowing(built, "iam:PassRole")
    assert found["Resource"] == ["arn:aws:iam::111122223333:role/cluster-karpenter-nodes"]
    assert found["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


@pytest.mark.parametrize("action", ["iam:CreateInstanceProfile", "iam:TagInstanceProfile", "iam:DeleteInstanceProfile"])
def test_instance_profiles_are_those_of_this_cluster_in_this_region(built: BuiltCluster, action: str) -> None:
    for statement in allowing(built, action):
        keys = statement["Condition"]["StringEquals"]
        assert {"owned", "eu-north-1"} <= set(keys.values())
        assert any(key.endswith("/kubernetes.io/cluster/ai-platform-test") for key in keys)


def test_the_disks_key_is_used_through_ec2_and_granted_to_volumes_alone(built: BuiltCluster) -> None:
    (grant,) = allowing(built, "kms:CreateGrant")
    (use,) = allowing(built, "kms:Decrypt")
    for statement in (grant, use):
        assert statement["Condition"]["StringEquals"] == {"kms:ViaService": "ec2.eu-north-1.amazonaws.com"}
        assert all(resource.startswith("arn:aws:kms:") for resource in statement["Resource"])
    assert grant["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_all_policies_together_fit_into_one_role(built: BuiltCluster) -> None:
    """IAM allows 10,240 characters of inline policies a role, white space aside."""
    documents = [
        json.dumps(json.loads(policy.inputs["policy"]), separators=(",", ":"))
        for name, policy in built.of_type("iam/rolePolicy:RolePolicy").items()
        if name.startswith("cluster-karpenter-controller-")
    ]
    assert len(documents) == 5
    assert sum(len(document) for document in documents) < 10240


def test_five_kinds_of_notice_arrive_in_an_encrypted_queue(built: BuiltCluster) -> None:
    queue = one(built, "sqs/queue:Queue").inputs
    assert queue["sqsManagedSseEnabled"] is True
    assert queue["messageRetentionSeconds"] == 300
    patterns = [json.loads(rule.inputs["eventPattern"]) for rule in built.of_type(":EventRule").values()]
    assert sorted(pattern["detail-type"][0] for pattern in patterns) == [
        "AWS Health Event",
        "EC2 Capacity Reservation Instance Interruption Warning",
        "EC2 Instance Rebalance Recommendation",
        "EC2 Instance State-change Notification",
        "EC2 Spot Instance Interruption Warning",
    ]
    targets = built.of_type(":EventTarget")
    assert len(targets) == 5
    (arn,) = {target.inputs["arn"] for target in targets.values()}
    assert arn.startswith("arn:aws:sqs:eu-north-1:111122223333:")
    assert arn.endswith("ai-platform-test-interruptions")


def test_only_the_rules_put_notices_into_the_queue_and_only_over_tls() -> None:
    send, refuse = queue_policy("arn:queue", ["arn:rule-1", "arn:rule-2"])["Statement"]
    assert send["Principal"] == {"Service": "events.amazonaws.com"}
    assert send["Condition"] == {"ArnEquals": {"aws:SourceArn": ["arn:rule-1", "arn:rule-2"]}}
    assert (refuse["Effect"], refuse["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_controller_has_a_restricted_namespace_and_the_identity_of_its_account(built: BuiltCluster) -> None:
    levels = {namespace.name: namespace.level for namespace in built.cluster.handle.namespaces}
    assert levels["karpenter"] == "restricted"
    accounts = {
        (found.inputs["namespace"], found.inputs["serviceAccount"])
        for found in built.of_type(":PodIdentityAssociation").values()
    }
    assert ("karpenter", "karpenter") in accounts


def test_the_controller_starts_after_its_identity_permissions_queue_and_definitions(built: BuiltCluster) -> None:
    chart = built.of_type("helm.sh/v4:Chart")["cluster-karpenter-controller"]
    waited = {urn.rsplit("::", 1)[1] for urn in chart.depends_on}
    assert {
        "cluster-karpenter-controller-identity",
        "cluster-karpenter-controller-node-lifecycle",
        "cluster-karpenter-interruptions-access",
        "cluster-karpenter-definitions",
    } <= waited


def test_definitions_come_from_one_chart_only(built: BuiltCluster) -> None:
    charts = built.of_type("helm.sh/v4:Chart")
    assert charts["cluster-karpenter-controller"].inputs["skipCrds"] is True
    assert "skipCrds" not in charts["cluster-karpenter-definitions"].inputs


def test_the_controller_reaches_the_api_aws_and_its_credentials_and_is_watched(built: BuiltCluster) -> None:
    edges = {(e.source.address, e.target.address, e.port) for e in built.platform.wiring.edges}
    assert {
        ("karpenter/karpenter", "external/kubernetes-api", 443),
        ("karpenter/karpenter", "external/internet", 443),
        ("karpenter/karpenter", "external/credentials", 80),
        ("observability/prometheus", "karpenter/karpenter", 8080),
    } <= edges


def test_requests_of_the_controller_do_not_queue_behind_everybodys(built: BuiltCluster) -> None:
    levels = {
        schema.inputs["spec"]["priorityLevelConfiguration"]["name"] for schema in built.of_type(":FlowSchema").values()
    }
    assert levels == {"leader-election", "workload-high"}


def test_a_cluster_whose_pools_are_fixed_has_no_karpenter() -> None:
    args = eks_args(pools=(SYSTEM_POOL, GPU_POOL, MIG_POOL))
    fixed = build_cluster(lambda opts: EksGpuCluster("cluster", args, opts), install)
    assert not [r.name for r in fixed.rendered.resources if "karpenter" in r.name]
    assert "karpenter" not in {namespace.name for namespace in fixed.cluster.handle.namespaces}


def test_nodes_are_never_added_from_an_image_that_changes_by_itself() -> None:
    args = eks_args(
        pools=POOLS, node_groups={**eks_args().node_groups, "l40s": node_group("g6e.12xlarge", scaled=True)}
    )
    with pytest.raises(ValueError, match="Karpenter needs ami_release"):
        build_cluster(lambda opts: EksGpuCluster("cluster", args, opts), install)


def values(registry: ImageRegistry | None = None) -> dict[str, Any]:
    return karpenter_values(
        cluster_name="ai-platform-test",
        queue_name="ai-platform-test-interruptions",
        region="eu-north-1",
        registry=registry or ImageRegistry(),
        replicas=2,
    )


def test_the_chart_knows_every_value() -> None:
    known = set(value_paths(yaml.safe_load(chart_file("karpenter").read_text()))) | {
        f"controller.resources.{kind}.{name}" for kind in ("requests", "limits") for name in ("cpu", "memory")
    }
    assert not set(value_paths(values())) - known


def test_the_image_comes_from_the_mirror_and_is_pinned_by_digest() -> None:
    image = values(ImageRegistry(mirror="registry.example.org/m"))["controller"]["image"]
    assert image["repository"] == "registry.example.org/m/public.ecr.aws/karpenter/controller"
    assert image["digest"].startswith("sha256:")


def test_one_fixed_node_has_room_for_one_controller() -> None:
    pools = (replace(SYSTEM_POOL, min_nodes=1, max_nodes=3), *POOLS[1:])
    charts = {chart.name: chart.inputs["values"] for chart in build(pools).rendered.charts}
    assert charts["cluster-karpenter-controller"]["replicas"] == 1
