"""Buckets in AWS, what is logged of them, and who is granted their content."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import pulumi
import pytest

from components.base.handles import ObjectStoreRequest, PlatformContext
from components.gpu_cluster.contract import GpuCluster
from components.gpu_cluster.eks.cluster import EksGpuCluster
from tests.components.gpu_cluster.clusters import BuiltCluster, build_cluster, eks_args
from tests.components.gpu_cluster.eks.program import build_eks, role_statements, statements

BUCKETS = {"data-objects-models", "data-objects-backups"}
LOG_BUCKET = "cluster-services-access-logs-bucket"
HEADER = "s3:x-amz-server-side-encryption"


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks()


def denied(policy: list[dict[str, Any]], action: str, context: dict[str, str]) -> set[str]:
    """Sids of the statements that refuse a request with these condition keys."""
    return {
        statement["Sid"]
        for statement in policy
        if statement["Effect"] == "Deny"
        and fnmatchcase(action, statement["Action"])
        and all(_holds(operator, keys, context) for operator, keys in statement["Condition"].items())
    }


def _holds(operator: str, keys: dict[str, str], context: dict[str, str]) -> bool:
    """One condition operator, as IAM documents it: a negated one holds of a key that is missing."""
    match operator:
        case "Null":
            return all((key not in context) == (value == "true") for key, value in keys.items())
        case "StringNotEquals":
            return all(context.get(key) != value for key, value in keys.items())
        case "NumericLessThan":
            return all(key in context and float(context[key]) < float(value) for key, value in keys.items())
        case "Bool":
            return all(context.get(key) == value for key, value in keys.items())
        case _:
            pytest.fail(f"no meaning written down for {operator}")


def bucket_policy(built: BuiltCluster, bucket: str) -> list[dict[str, Any]]:
    return statements(built.of_type(":BucketPolicy")[f"{bucket}-policy"].inputs["policy"])


def data_key(built: BuiltCluster) -> str:
    encryption = built.of_type(":BucketServerSideEncryptionConfiguration")["data-objects-models-encryption"].inputs
    return encryption["rules"][0]["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]


def test_buckets_are_encrypted_versioned_and_closed(built: BuiltCluster) -> None:
    assert set(built.of_type("s3/bucket:Bucket")) == {*BUCKETS, LOG_BUCKET}
    for bucket in BUCKETS:
        public = built.of_type(":BucketPublicAccessBlock")[f"{bucket}-public-access"].inputs
        assert [public[key] for key in public if key != "bucket"] == [True] * 4
        rule = built.of_type(":BucketServerSideEncryptionConfiguration")[f"{bucket}-encryption"].inputs["rules"][0]
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
        assert rule["bucketKeyEnabled"] is True
        versioning = built.of_type(":BucketVersioning")[f"{bucket}-versioning"].inputs
        assert versioning["versioningConfiguration"] == {"status": "Enabled"}


@pytest.mark.parametrize("bucket", sorted({*BUCKETS, LOG_BUCKET}))
def test_a_bucket_refuses_plain_http_and_old_tls(built: BuiltCluster, bucket: str) -> None:
    policy = bucket_policy(built, bucket)
    assert denied(policy, "s3:GetObject", {"aws:SecureTransport": "false"}) == {"RefusePlainHttp"}
    assert denied(policy, "s3:GetObject", {"aws:SecureTransport": "true", "s3:TlsVersion": "1.1"}) == {"RefuseOldTls"}
    assert denied(policy, "s3:GetObject", {"aws:SecureTransport": "true", "s3:TlsVersion": "1.2"}) == set()


@pytest.mark.parametrize("bucket", sorted(BUCKETS))
def test_an_upload_is_refused_under_every_key_but_the_platforms(built: BuiltCluster, bucket: str) -> None:
    policy, key = bucket_policy(built, bucket), data_key(built)
    refused = {"RefuseOtherKeys"}
    other = key.rsplit("/", 1)[0] + "/00000000-0000-0000-0000-000000000000"
    # A request that says nothing gets the bucket's default, which is the platform's key.
    assert denied(policy, "s3:PutObject", {}) == set()
    assert denied(policy, "s3:PutObject", {HEADER: "aws:kms", f"{HEADER}-aws-kms-key-id": key}) == set()
    assert denied(policy, "s3:PutObject", {HEADER: "AES256"}) == refused
    assert denied(policy, "s3:PutObject", {HEADER: "aws:kms"}) == refused
    assert denied(policy, "s3:PutObject", {HEADER: "aws:kms", f"{HEADER}-aws-kms-key-id": other}) == refused
    assert denied(policy, "s3:PutObject", {f"{HEADER}-customer-algorithm": "AES256"}) == {"RefuseKeysOfClients"}
    assert denied(policy, "s3:GetObject", {HEADER: "AES256"}) == set()


@pytest.mark.parametrize("bucket", sorted({*BUCKETS, LOG_BUCKET}))
def test_a_bucket_refuses_keys_of_clients_as_s3_itself_does_in_new_ones(built: BuiltCluster, bucket: str) -> None:
    rule = built.of_type(":BucketServerSideEncryptionConfiguration")[f"{bucket}-encryption"].inputs["rules"][0]
    assert rule["blockedEncryptionTypes"] == ["SSE-C"]


def test_requests_to_every_bucket_of_data_are_logged_into_another_one(built: BuiltCluster) -> None:
    logging = built.of_type(":BucketLogging")
    assert {resource.inputs["bucket"] for resource in logging.values()} == {f"{bucket}-id" for bucket in BUCKETS}
    for resource in logging.values():
        assert resource.inputs["targetBucket"] == f"{LOG_BUCKET}-id"
        assert any(urn.endswith(f"::{LOG_BUCKET}-policy") for urn in resource.depends_on)
    assert len({resource.inputs["targetPrefix"] for resource in logging.values()}) == len(BUCKETS)


def test_the_log_bucket_takes_deliveries_of_the_own_account_only_and_keeps_them_a_year(built: BuiltCluster) -> None:
    (delivery,) = [item for item in bucket_policy(built, LOG_BUCKET) if item["Effect"] == "Allow"]
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert delivery["Action"] == "s3:PutObject"
    assert delivery["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
    rule = built.of_type(":BucketLifecycleConfiguration")[f"{LOG_BUCKET}-lifecycle"].inputs["rules"][0]
    assert rule["expiration"] == {"days": 365}
    encryption = built.of_type(":BucketServerSideEncryptionConfiguration")[f"{LOG_BUCKET}-encryption"].inputs
    # Anything but S3's own key loses every log without a word.
    assert encryption["rules"][0]["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_objects_of_data_buckets_never_end_by_themselves(built: BuiltCluster) -> None:
    for bucket in BUCKETS:
        (rule,) = built.of_type(":BucketLifecycleConfiguration")[f"{bucket}-lifecycle"].inputs["rules"]
        assert "expiration" not in rule
        assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}


def test_protected_buckets_outlive_the_stack_and_others_leave_nothing_behind(built: BuiltCluster) -> None:
    for bucket in built.of_type("s3/bucket:Bucket").values():
        assert (bucket.protect, bucket.retain_on_delete) == (True, True)
        assert bucket.inputs["forceDestroy"] is False
    open_platform = build_cluster(
        lambda opts: EksGpuCluster("cluster", eks_args(protect_data=False), opts), _one_bucket
    ).of_type("s3/bucket:Bucket")
    assert len(open_platform) == 2
    for bucket in open_platform.values():
        assert (bucket.protect, bucket.retain_on_delete) == (False, False)
        assert bucket.inputs["forceDestroy"] is True


def _one_bucket(cluster: GpuCluster, platform: PlatformContext, opts: pulumi.ResourceOptions) -> None:
    unprotected = PlatformContext(
        environment="test", domain=platform.domain, wiring=platform.wiring, ready=(), protect_data=False
    )
    request = ObjectStoreRequest(purposes=("models",), capacity_gib=1, replicas=1)
    cluster.handle.object_stores.create("data-objects", request, cluster.handle, unprotected, opts)


def test_only_what_cannot_be_had_again_is_backed_up(built: BuiltCluster) -> None:
    tags = {name: bucket.inputs["tags"].get("ai-platform/backup") for name, bucket in _buckets(built).items()}
    assert tags == {"data-objects-backups": "daily", "data-objects-models": None, LOG_BUCKET: None}


def _buckets(built: BuiltCluster) -> dict[str, Any]:
    return built.of_type("s3/bucket:Bucket")


def test_the_store_is_used_without_keys_at_the_regions_own_endpoint(built: BuiltCluster) -> None:
    store = built.result.store
    assert store.endpoint_url is None
    assert all(bucket.access is None for bucket in store.buckets.values())


def test_no_role_allows_a_wildcard_action_or_every_resource(built: BuiltCluster) -> None:
    found = [(name, item) for name, item in role_statements(built) if re.search(r"access|write|queries", name)]
    assert len(found) > 5
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
    assert resources == [
        "arn:aws:s3:::data-objects-models",
        "arn:aws:s3:::data-objects-models/*",
        data_key(built),
    ]


def test_a_service_account_has_one_association_however_much_it_was_granted(built: BuiltCluster) -> None:
    found = [
        (resource.inputs["namespace"], resource.inputs["serviceAccount"])
        for resource in built.of_type(":PodIdentityAssociation").values()
    ]
    assert len(found) == len(set(found))
    assert {("models", "loader"), ("models", "vllm"), ("observability", "prometheus")} <= set(found)


def test_pods_that_were_granted_something_may_ask_for_their_credentials(built: BuiltCluster) -> None:
    edges = {(e.source.address, e.target.address, e.port) for e in built.platform.wiring.edges}
    assert ("models/vllm", "external/credentials", 80) in edges
    assert built.cluster.handle.credentials is not None
    assert built.cluster.handle.credentials.cidrs == ("169.254.170.23/32",)
