from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pytest

from components.base.handles import (
    ClusterHandle,
    Database,
    DatabaseRequest,
    ObjectStore,
    ObjectStoreRequest,
    PlatformContext,
)
from components.base.wiring import Workload
from components.gpu_cluster.contract import GpuCluster
from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.gpu_cluster.eks.subnets import subnet_layout
from tests.components.gpu_cluster.clusters import BuiltCluster, build_cluster, eks_args, node_group
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL
from tools.render import wire


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the factories of the cluster returned."""

    store: ObjectStore
    databases: dict[str, Database]


def make_data(cluster: GpuCluster, platform: PlatformContext, opts: pulumi.ResourceOptions) -> Data:
    handle: ClusterHandle = cluster.handle
    request = ObjectStoreRequest(purposes=("models", "backups"), capacity_gib=100, replicas=3)
    store = handle.object_stores.create("data-objects", request, handle, platform, opts)
    databases = handle.databases.create(
        "data-postgres",
        DatabaseRequest(
            databases=("keycloak", "litellm"), instances=2, storage_gib=50, retention_days=14, backups=store
        ),
        handle,
        platform,
        opts,
    )
    for purpose, account, write in (("models", "vllm", False), ("models", "loader", True), ("backups", "loader", True)):
        handle.workload_identity.grant(
            f"{account}-{purpose}",
            namespace="models",
            service_account=account,
            store=store,
            purpose=purpose,  # pyright: ignore[reportArgumentType]
            write=write,
            opts=opts,
        )
    handle.allow_credentials(platform.wiring, Workload.of("models", "vllm", "model"))
    return Data(store=store, databases=dict(databases))


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_cluster(lambda opts: EksGpuCluster("cluster", eks_args(), opts), make_data)


def one(built: BuiltCluster, suffix: str) -> Any:
    found = built.of_type(suffix)
    assert len(found) == 1, sorted(found)
    return next(iter(found.values()))


def statements(document: str) -> list[dict[str, Any]]:
    return json.loads(document)["Statement"]


def documents(built: BuiltCluster) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy that a role has."""
    for name, policy in built.of_type("iam/rolePolicy:RolePolicy").items():
        for statement in statements(policy.inputs["policy"]):
            yield name, statement


def test_the_control_plane_is_reached_from_inside_the_network_only(built: BuiltCluster) -> None:
    network = one(built, "eks/cluster:Cluster").inputs["vpcConfig"]
    assert network["endpointPrivateAccess"] is True
    assert network["endpointPublicAccess"] is False


def test_named_ranges_open_the_endpoint_for_themselves_only() -> None:
    args = eks_args(api_public_cidrs=("203.0.113.0/24",))
    built = build_cluster(lambda opts: EksGpuCluster("cluster", args, opts))
    network = one(built, "eks/cluster:Cluster").inputs["vpcConfig"]
    assert network["endpointPublicAccess"] is True
    assert network["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_secrets_are_encrypted_by_a_key_that_rotates_and_everything_is_logged(built: BuiltCluster) -> None:
    cluster = one(built, "eks/cluster:Cluster")
    key = built.of_type("kms/key:Key")["cluster-infrastructure-keys-cluster"]
    assert cluster.inputs["encryptionConfig"]["resources"] == ["secrets"]
    assert cluster.inputs["encryptionConfig"]["provider"]["keyArn"].startswith("arn:aws:kms:")
    assert key.inputs["enableKeyRotation"] is True
    assert len(cluster.inputs["enabledClusterLogTypes"]) == 5
    assert any("cluster-infrastructure-control-plane-logs" in urn for urn in cluster.depends_on)


def test_nobody_administers_the_cluster_but_the_named_roles(built: BuiltCluster) -> None:
    access = one(built, "eks/cluster:Cluster").inputs["accessConfig"]
    assert access == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    assert one(built, ":AccessEntry").inputs["principalArn"] == "arn:aws:iam::111122223333:role/deploy"


def test_what_is_lost_with_its_key_or_cluster_is_protected(built: BuiltCluster) -> None:
    for suffix in ("kms/key:Key", "eks/cluster:Cluster", "s3/bucket:Bucket", "rds/instance:Instance"):
        found = built.of_type(suffix)
        assert found
        assert all(resource.protect for resource in found.values()), suffix


def test_the_kubeconfig_holds_no_credential(built: BuiltCluster) -> None:
    inputs = built.of_type("pulumi:providers:kubernetes")["cluster-kubernetes"].inputs
    user = json.loads(inputs["kubeconfig"])["users"][0]["user"]
    assert set(user) == {"exec"}
    assert user["exec"]["args"][:2] == ["eks", "get-token"]


def test_everything_in_the_cluster_is_removed_before_the_access_to_it(built: BuiltCluster) -> None:
    provider = built.of_type("pulumi:providers:kubernetes")["cluster-kubernetes"]
    assert any(":AccessPolicyAssociation::" in urn for urn in provider.depends_on)


def test_another_account_is_refused_by_the_provider(built: BuiltCluster) -> None:
    inputs = built.of_type("pulumi:providers:aws")["cluster-aws"].inputs
    assert json.loads(inputs["allowedAccountIds"]) == ["111122223333"]


def test_nodes_wait_for_their_way_out_and_for_the_network_add_on(built: BuiltCluster) -> None:
    groups = built.of_type(":NodeGroup")
    assert len(groups) == 3
    for group in groups.values():
        assert any(urn.endswith("::cluster-infrastructure-network-zone1-default") for urn in group.depends_on)
        assert any(urn.endswith("-vpc-cni") for urn in group.depends_on)


def test_add_ons_that_are_deployments_wait_for_untainted_nodes(built: BuiltCluster) -> None:
    addons = {resource.inputs["addonName"]: resource for resource in built.of_type("eks/addon:Addon").values()}
    for name in ("coredns", "aws-ebs-csi-driver"):
        assert any(urn.endswith("-nodes-system") for urn in addons[name].depends_on)
    assert not any(":NodeGroup::" in urn for urn in addons["vpc-cni"].depends_on)


def test_network_policies_are_enforced(built: BuiltCluster) -> None:
    addon = built.of_type("eks/addon:Addon")["cluster-infrastructure-node-addons-vpc-cni"]
    assert json.loads(addon.inputs["configurationValues"])["enableNetworkPolicy"] == "true"


def test_node_groups_carry_labels_and_taints_of_their_pool(built: BuiltCluster) -> None:
    groups = built.of_type(":NodeGroup")
    gpu = groups["cluster-infrastructure-nodes-h200"].inputs
    assert gpu["labels"]["ai-platform/pool"] == "h200"
    assert gpu["labels"]["nvidia.com/mig.config"] == "all-1g.18gb"
    assert gpu["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]
    assert gpu["amiType"] == "AL2023_x86_64_NVIDIA"
    assert not groups["cluster-infrastructure-nodes-system"].inputs.get("taints")


def test_a_reservation_is_used_in_its_zone_only(built: BuiltCluster) -> None:
    group = built.of_type(":NodeGroup")["cluster-infrastructure-nodes-h200"].inputs
    template = built.of_type(":LaunchTemplate")["cluster-infrastructure-nodes-h200-template"].inputs
    assert group["subnetIds"] == ["cluster-infrastructure-network-zone2-private-id"]
    assert group["capacityType"] == "ON_DEMAND"
    assert template["capacityReservationSpecification"] == {
        "capacityReservationTarget": {"capacityReservationId": "cr-0123456789abcdef0"}
    }


def test_spot_nodes_are_bought_as_such() -> None:
    groups = dict(eks_args().node_groups) | {"l40s": node_group("g6e.12xlarge", purchase="spot")}
    built = build_cluster(lambda opts: EksGpuCluster("cluster", eks_args(node_groups=groups), opts))
    assert built.of_type(":NodeGroup")["cluster-infrastructure-nodes-l40s"].inputs["capacityType"] == "SPOT"


def test_a_pool_of_a_range_keeps_the_size_that_somebody_else_gave_it() -> None:
    pools = (SYSTEM_POOL, replace(GPU_POOL, max_nodes=4))
    groups = {"system": node_group("m7i.4xlarge"), "l40s": node_group("g6e.12xlarge")}
    built = build_cluster(lambda opts: EksGpuCluster("cluster", eks_args(pools=pools, node_groups=groups), opts))
    found = built.of_type(":NodeGroup")
    assert found["cluster-infrastructure-nodes-l40s"].ignore_changes == ("scalingConfig.desiredSize",)
    assert found["cluster-infrastructure-nodes-system"].ignore_changes == ()


def test_pods_cannot_reach_a_nodes_credentials_and_its_disk_is_encrypted(built: BuiltCluster) -> None:
    templates = built.of_type(":LaunchTemplate")
    assert len(templates) == 3
    for template in templates.values():
        options = template.inputs["metadataOptions"]
        assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)
        assert template.inputs["blockDeviceMappings"][0]["ebs"]["encrypted"] == "true"


def test_local_disks_of_gpu_nodes_hold_images_and_weights(built: BuiltCluster) -> None:
    templates = built.of_type(":LaunchTemplate")
    data = base64.b64decode(templates["cluster-infrastructure-nodes-l40s-template"].inputs["userData"]).decode()
    assert "strategy: RAID0" in data
    assert "userData" not in templates["cluster-infrastructure-nodes-system-template"].inputs


def test_no_role_allows_a_wildcard_action_or_every_resource(built: BuiltCluster) -> None:
    found = list(documents(built))
    assert len(found) > 8
    for name, statement in found:
        assert not [action for action in statement["Action"] if "*" in action], name
        assert "*" not in statement["Resource"], name


def test_a_reader_of_weights_cannot_change_them(built: BuiltCluster) -> None:
    policies = built.of_type("iam/rolePolicy:RolePolicy")
    reader = statements(policies["vllm-models-models-access"].inputs["policy"])
    actions = {action for statement in reader for action in statement["Action"]}
    assert actions == {"s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject", "kms:Decrypt"}
    writer = statements(policies["loader-models-models-access"].inputs["policy"])
    assert "s3:PutObject" in {action for statement in writer for action in statement["Action"]}


def test_grants_reach_one_bucket_and_one_key(built: BuiltCluster) -> None:
    policy = built.of_type("iam/rolePolicy:RolePolicy")["vllm-models-models-access"].inputs["policy"]
    resources = [resource for statement in statements(policy) for resource in statement["Resource"]]
    assert resources[:2] == ["arn:aws:s3:::data-objects-models", "arn:aws:s3:::data-objects-models/*"]
    assert resources[2].startswith("arn:aws:kms:")
    assert len(resources) == 3


def test_a_service_account_has_one_association_however_much_it_was_granted(built: BuiltCluster) -> None:
    found = [
        (resource.inputs["namespace"], resource.inputs["serviceAccount"])
        for resource in built.of_type(":PodIdentityAssociation").values()
    ]
    assert sorted(found) == [("models", "loader"), ("models", "vllm"), ("security", "cert-manager")]


def test_pods_that_were_granted_something_may_ask_for_their_credentials(built: BuiltCluster) -> None:
    edges = {(e.source.address, e.target.address, e.port) for e in built.platform.wiring.edges}
    assert ("models/vllm", "external/credentials", 80) in edges
    assert built.cluster.handle.credentials is not None
    assert built.cluster.handle.credentials.cidrs == ("169.254.170.23/32",)


def test_cert_manager_may_write_challenges_into_one_zone_and_nothing_else(built: BuiltCluster) -> None:
    policy = built.of_type("iam/rolePolicy:RolePolicy")["cluster-cert-manager-dns"].inputs["policy"]
    changes = [s for s in statements(policy) if s["Action"] == ["route53:ChangeResourceRecordSets"]]
    assert [s["Resource"] for s in changes] == [["arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"]]
    assert changes[0]["Condition"]["ForAllValues:StringEquals"] == {
        "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"]
    }


def test_the_way_to_s3_leads_to_buckets_of_the_own_account_alone(built: BuiltCluster) -> None:
    endpoint = one(built, "ec2/vpcEndpoint:VpcEndpoint").inputs
    for statement in statements(endpoint["policy"]):
        if statement["Resource"] == "*":
            assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": "111122223333"}}
        else:
            assert statement["Action"] == "s3:GetObject"
            assert all("*" not in resource.removesuffix("/*") for resource in statement["Resource"])


def test_buckets_are_encrypted_versioned_closed_and_refuse_plain_http(built: BuiltCluster) -> None:
    buckets = set(built.of_type("s3/bucket:Bucket"))
    assert buckets == {"data-objects-models", "data-objects-backups"}
    for bucket in buckets:
        public = built.of_type(":BucketPublicAccessBlock")[f"{bucket}-public-access"].inputs
        assert [public[key] for key in public if key != "bucket"] == [True] * 4
        rule = built.of_type(":BucketServerSideEncryptionConfiguration")[f"{bucket}-encryption"].inputs["rules"][0]
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
        versioning = built.of_type(":BucketVersioning")[f"{bucket}-versioning"].inputs
        assert versioning["versioningConfiguration"] == {"status": "Enabled"}
        (deny,) = statements(built.of_type(":BucketPolicy")[f"{bucket}-tls-only"].inputs["policy"])
        assert deny["Effect"] == "Deny"
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_store_is_used_without_keys_at_the_regions_own_endpoint(built: BuiltCluster) -> None:
    store = built.result.store
    assert store.endpoint_url is None
    assert all(bucket.access is None for bucket in store.buckets.values())


def test_the_database_is_private_encrypted_redundant_and_can_go_back_in_time(built: BuiltCluster) -> None:
    inputs = one(built, "rds/instance:Instance").inputs
    assert inputs["publiclyAccessible"] is False
    assert inputs["storageEncrypted"] is True
    assert inputs["multiAz"] is True
    assert inputs["backupRetentionPeriod"] == 14
    assert inputs["deletionProtection"] is True
    assert inputs["skipFinalSnapshot"] is False
    assert wire.is_secret(inputs["password"])
    parameters = one(built, ":ParameterGroup").inputs
    assert parameters["parameters"] == [{"name": "rds.force_ssl", "value": "1"}]
    assert parameters["family"] == f"postgres{inputs['engineVersion']}"


def test_only_nodes_connect_to_the_database(built: BuiltCluster) -> None:
    rule = one(built, ":SecurityGroupIngressRule").inputs
    assert rule["referencedSecurityGroupId"] == "cluster-infrastructure-control-plane-cluster-security-group-id"
    assert (rule["fromPort"], rule["toPort"]) == (5432, 5432)
    assert "cidrIpv4" not in rule
    assert not {"ingress", "egress"} & set(one(built, "ec2/securityGroup:SecurityGroup").inputs)


def test_data_subnets_have_no_route_out(built: BuiltCluster) -> None:
    associated = {resource.inputs["subnetId"] for resource in built.of_type(":RouteTableAssociation").values()}
    data = {f"cluster-infrastructure-network-zone{index}-data-id" for index in (1, 2, 3)}
    assert set(one(built, "rds/subnetGroup:SubnetGroup").inputs["subnetIds"]) == data
    assert not data & associated


def test_databases_and_owners_are_made_by_a_job_that_users_of_the_database_wait_for(built: BuiltCluster) -> None:
    job = one(built, ":Job").inputs
    container = job["spec"]["template"]["spec"]["containers"][0]
    environment = {entry["name"]: entry for entry in container["env"]}
    assert environment["DATABASES"]["value"] == "keycloak litellm"
    assert "value" not in environment["PGPASSWORD"]
    assert job["metadata"]["namespace"] == "data"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    edges = {(e.source.address, e.target.address, e.port) for e in built.platform.wiring.edges}
    assert ("data/data-postgres-roles", "external/postgres", 5432) in edges


def test_every_database_has_a_password_of_its_own(built: BuiltCluster) -> None:
    inputs = one(built, "core/v1:Secret").inputs
    clear = wire.clear(inputs["stringData"])
    assert set(clear) == {"administrator", "keycloak", "litellm"}
    assert len(set(clear.values())) == 3
    assert not [value for value in clear.values() if value in json.dumps(wire.redacted(inputs))]


def test_a_retention_that_the_service_does_not_offer_is_refused_with_the_key() -> None:
    def too_long(cluster: GpuCluster, platform: PlatformContext, opts: pulumi.ResourceOptions) -> None:
        handle = cluster.handle
        store = handle.object_stores.create(
            "data-objects",
            ObjectStoreRequest(purposes=("backups",), capacity_gib=1, replicas=1),
            handle,
            platform,
            opts,
        )
        request = DatabaseRequest(databases=("a",), instances=1, storage_gib=10, retention_days=90, backups=store)
        handle.databases.create("data-postgres", request, handle, platform, opts)

    with pytest.raises(ValueError, match=r"data\.postgres\.retentionDays: 90: RDS keeps 1 to 35 days"):
        build_cluster(lambda opts: EksGpuCluster("cluster", eks_args(), opts), too_long)


def test_every_resource_that_can_be_tagged_says_whose_it_is(built: BuiltCluster) -> None:
    untaggable = {
        "Alias", "AccessPolicyAssociation", "BucketLifecycleConfiguration", "BucketOwnershipControls", "BucketPolicy",
        "BucketPublicAccessBlock", "BucketServerSideEncryptionConfiguration", "BucketVersioning", "RolePolicy",
        "RolePolicyAttachment", "Route", "RouteTableAssociation",
    }  # fmt: skip
    cloud = [resource for resource in built.rendered.resources if resource.type.startswith("aws:")]
    assert len(cloud) > 80
    for resource in cloud:
        if resource.type.rsplit(":", 1)[1] in untaggable:
            continue
        assert resource.inputs["tags"]["ai-platform/environment"] == "test", resource.urn


def test_every_log_group_ends_and_is_encrypted(built: BuiltCluster) -> None:
    groups = built.of_type(":LogGroup")
    assert len(groups) == 2
    for group in groups.values():
        assert group.inputs["retentionInDays"] == 90
        assert group.inputs["kmsKeyId"].startswith("arn:aws:kms:")


def test_a_zone_that_fails_takes_its_own_way_out_only(built: BuiltCluster) -> None:
    nat = built.of_type(":NatGateway")
    assert {resource.inputs["subnetId"] for resource in nat.values()} == {
        f"cluster-infrastructure-network-zone{index}-public-id" for index in (1, 2, 3)
    }
    subnets = built.of_type("ec2/subnet:Subnet")
    assert len(subnets) == 9
    assert not [name for name, subnet in subnets.items() if subnet.inputs["mapPublicIpOnLaunch"]]


def test_the_load_balancer_is_internal_unless_the_stack_says_otherwise(built: BuiltCluster) -> None:
    key = "service.beta.kubernetes.io/aws-load-balancer-internal"
    assert built.cluster.handle.load_balancer.annotations[key] == "true"
    args = replace(eks_args(), load_balancer_scheme="internet-facing")
    public = build_cluster(lambda opts: EksGpuCluster("cluster", args, opts))
    assert key not in public.cluster.handle.load_balancer.annotations


def test_subnets_divide_the_network_without_overlap() -> None:
    layout = subnet_layout("10.64.0.0/16", ("a", "b", "c"))
    assert [zone.private for zone in layout] == ["10.64.0.0/19", "10.64.32.0/19", "10.64.64.0/19"]
    assert len({cidr for zone in layout for cidr in (zone.private, zone.public, zone.data)}) == 9


def test_a_network_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        subnet_layout("10.64.0.0/21", ("a", "b", "c"))
