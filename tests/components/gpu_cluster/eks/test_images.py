"""Images of a cluster in AWS: fetched once by ECR, encrypted and tagged, and pulled by its nodes alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.base.handles import ImageRegistry
from components.gpu_cluster.eks.images.image_cache import (
    EksImageCache,
    EksImageCacheArgs,
    ImageCachePlan,
    cached_registry,
)
from components.security_baseline.cert_manager import cert_manager_values
from tools.render.monitor import RecordedResource
from tools.render.program import record

ACCOUNT = "111122223333"
REGION = "eu-north-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data"
SECRETS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache"
HOSTS = ("docker.io", "ghcr.io", "public.ecr.aws", "quay.io", "registry.k8s.io")
CACHE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/prod"


def cache_plan(**changes: Any) -> ImageCachePlan:
    fields: dict[str, Any] = {
        "prefix": "prod",
        "hosts": HOSTS,
        "credentials": {"docker.io": f"{SECRETS}/docker-AbCdEf", "ghcr.io": f"{SECRETS}/github-AbCdEf"},
        "scanning": None,
    }
    return ImageCachePlan(**(fields | changes))


@dataclass(frozen=True, kw_only=True)
class BuiltCache:
    resources: tuple[RecordedResource, ...]

    def of_type(self, suffix: str) -> dict[str, RecordedResource]:
        return {item.name: item for item in self.resources if item.type.endswith(suffix)}

    def one(self, suffix: str) -> RecordedResource:
        [found] = self.of_type(suffix).values()
        return found


def build_cache(**changes: Any) -> BuiltCache:
    def program() -> None:
        cloud = aws.Provider("cloud", region=REGION)
        cache = EksImageCache(
            "cluster-images",
            EksImageCacheArgs(
                environment="prod",
                account_id=ACCOUNT,
                region=REGION,
                plan=cache_plan(**changes),
                key_arn=KEY,
                stack_tags={"owner": "platform-team"},
            ),
            pulumi.ResourceOptions(providers=[cloud]),
        )
        cache.allow_pulls("nodes", "node-role")

    return BuiltCache(resources=tuple(record(program).resources))


@pytest.fixture(scope="module")
def cache() -> BuiltCache:
    return build_cache()


@pytest.fixture(scope="module")
def registry() -> ImageRegistry:
    return cached_registry(cache_plan(), account_id=ACCOUNT, region=REGION)


@pytest.mark.parametrize(
    ("upstream", "pulled"),
    [
        ("quay.io/keycloak/keycloak:26.8.2", f"{CACHE}/quay.io/keycloak/keycloak:26.8.2"),
        ("docker.io/vllm/vllm-openai:v1@sha256:00", f"{CACHE}/docker.io/vllm/vllm-openai:v1@sha256:00"),
        ("registry.k8s.io", f"{CACHE}/registry.k8s.io"),
        ("public.ecr.aws/karpenter/controller:1.14.1", f"{CACHE}/public.ecr.aws/karpenter/controller:1.14.1"),
        # Without a host it is Docker Hub's, and official images are in `library`.
        ("vllm/vllm-openai:v1", f"{CACHE}/docker.io/vllm/vllm-openai:v1"),
        ("redis:7.2", f"{CACHE}/docker.io/library/redis:7.2"),
        ("busybox", f"{CACHE}/docker.io/library/busybox"),
        # Not cached: as they are.
        ("nvcr.io/nvidia/cloud-native/dcgm:4", "nvcr.io/nvidia/cloud-native/dcgm:4"),
        ("registry.example.org:5000/a/b:1", "registry.example.org:5000/a/b:1"),
        ("localhost/a:1", "localhost/a:1"),
    ],
)
def test_a_cached_host_is_replaced_and_any_other_stays(registry: ImageRegistry, upstream: str, pulled: str) -> None:
    assert registry.rewrite(upstream) == pulled


def test_a_host_that_is_left_out_is_pulled_from_directly() -> None:
    registry = cached_registry(cache_plan(hosts=("quay.io",)), account_id=ACCOUNT, region=REGION)
    assert registry.rewrite("docker.io/a/b:1") == "docker.io/a/b:1"
    assert registry.rewrite("a/b:1") == "a/b:1"


def test_a_mirror_takes_everything_as_before() -> None:
    registry = ImageRegistry(mirror="mirror.example.org/all")
    assert registry.rewrite("nvcr.io/nvidia/driver:1") == "mirror.example.org/all/nvcr.io/nvidia/driver:1"
    assert registry.rewrite("quay.io") == "mirror.example.org/all/quay.io"
    assert ImageRegistry().rewrite("busybox") == "busybox"


def test_charts_that_are_given_a_host_or_a_path_get_the_cache_too(registry: ImageRegistry) -> None:
    assert cert_manager_values(registry)["imageRegistry"] == f"{CACHE}/quay.io"
    assert registry.rewrite("nvcr.io/nvidia") == "nvcr.io/nvidia"
    features = registry.rewrite("registry.k8s.io/nfd/node-feature-discovery")
    assert features == f"{CACHE}/registry.k8s.io/nfd/node-feature-discovery"


def test_every_host_has_a_rule_under_the_prefix_that_references_use(cache: BuiltCache, registry: ImageRegistry) -> None:
    rules = [item.inputs for item in cache.of_type(":PullThroughCacheRule").values()]
    prefixes = {rule["ecrRepositoryPrefix"]: rule["upstreamRegistryUrl"] for rule in rules}
    assert {f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{prefix}" for prefix in prefixes} == set(
        registry.caches.values()
    )
    assert prefixes["prod/docker.io"] == "registry-1.docker.io"
    assert all(2 <= len(prefix) <= 30 for prefix in prefixes)


def test_registries_that_want_to_know_who_asks_get_a_secret_and_others_none(cache: BuiltCache) -> None:
    rules = {
        item.inputs["ecrRepositoryPrefix"]: item.inputs for item in cache.of_type(":PullThroughCacheRule").values()
    }
    assert rules["prod/docker.io"]["credentialArn"] == f"{SECRETS}/docker-AbCdEf"
    assert rules["prod/ghcr.io"]["credentialArn"] == f"{SECRETS}/github-AbCdEf"
    assert "credentialArn" not in rules["prod/quay.io"]


def test_repositories_are_encrypted_with_the_platforms_key_tagged_and_kept_small(cache: BuiltCache) -> None:
    template = cache.one(":RepositoryCreationTemplate")
    assert template.inputs["prefix"] == "prod"
    assert template.inputs["appliedFors"] == ["PULL_THROUGH_CACHE"]
    assert template.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]
    assert template.inputs["resourceTags"]["owner"] == "platform-team"
    assert template.inputs["resourceTags"]["ai-platform/environment"] == "prod"
    [rule] = json.loads(template.inputs["lifecyclePolicy"])["rules"]
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100}
    for cached in cache.of_type(":PullThroughCacheRule").values():
        assert template.urn in cached.depends_on


def test_the_role_that_makes_repositories_makes_those_of_the_cache_only(cache: BuiltCache) -> None:
    policy = cache.of_type("iam/rolePolicy:RolePolicy")["cluster-images-role-policy"].inputs["policy"]
    scopes = {tuple(item["Resource"]): item["Action"] for item in json.loads(policy)["Statement"]}
    assert set(scopes) == {(f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/prod/*",), (KEY,)}
    trust = json.loads(cache.one("iam/role:Role").inputs["assumeRolePolicy"])
    assert [item["Principal"] for item in trust["Statement"]] == [{"Service": "ecr.amazonaws.com"}]


def test_nodes_may_fill_the_cache_and_no_other_repository(cache: BuiltCache) -> None:
    policy = cache.of_type("iam/rolePolicy:RolePolicy")["cluster-images-nodes-pulls"].inputs
    [statement] = json.loads(policy["policy"])["Statement"]
    assert policy["role"] == "node-role"
    assert statement["Action"] == ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    assert statement["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/prod/*"]


def test_the_accounts_scanning_is_left_alone_unless_asked_for(cache: BuiltCache) -> None:
    assert cache.of_type(":RegistryScanningConfiguration") == {}
    scanned = build_cache(scanning="enhanced").one(":RegistryScanningConfiguration").inputs
    assert scanned["scanType"] == "ENHANCED"
    assert scanned["rules"] == [
        {
            "scanFrequency": "CONTINUOUS_SCAN",
            "repositoryFilters": [{"filter": "prod/*", "filterType": "WILDCARD"}],
        }
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hosts": ("nvcr.io",)}, "ECR does not pull through nvcr.io"),
        ({"hosts": ("docker.io",), "credentials": {}}, "docker.io with a user of yours only"),
    ],
)
def test_what_ecr_cannot_pull_through_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_cache(**changes)
