"""Settings of how clients and images enter a cluster in AWS: safe defaults, and what cannot work."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.arguments.eks_edge import edge_plan, eks_registry, image_cache_plan
from stacks.schema.cluster import EksClusterSettings
from stacks.settings import PlatformSettings, SettingsError, load_settings

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "111122223333"
SECRET = f"arn:aws:secretsmanager:eu-north-1:{ACCOUNT}:secret:ecr-pullthroughcache/docker-AbCdEf"
CERTIFICATE = f"arn:aws:acm:eu-north-1:{ACCOUNT}:certificate/01234567-89ab-cdef-0123-456789abcdef"
FREE = ["quay.io", "registry.k8s.io", "public.ecr.aws"]


@cache
def _prod() -> str:
    return json.dumps(yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]["ai-platform:platform"])


def load(cluster: dict[str, Any] | None = None, **sections: Any) -> PlatformSettings:
    """The shipped stack with changed keys of its cluster and other sections; None removes a key."""
    raw: dict[str, Any] = copy.deepcopy(json.loads(_prod()))
    changed = {"amiRelease": "1.36.2-20261107"} | raw["cluster"] | (cluster or {})
    raw["cluster"] = {key: value for key, value in changed.items() if value is not None}
    return load_settings(raw | sections)


def cluster_of(settings: PlatformSettings) -> EksClusterSettings:
    assert isinstance(settings.cluster, EksClusterSettings)
    return settings.cluster


def problem(cluster: dict[str, Any] | None = None, **sections: Any) -> str:
    """The only problem, without the key of the whole section."""
    with pytest.raises(SettingsError) as caught:
        load(cluster, **sections)
    [line] = caught.value.problems
    return line.removeprefix("ai-platform:platform.")


def test_without_a_word_the_load_balancer_is_a_private_network_one_for_own_networks() -> None:
    settings = load({"edge": None, "connectedCidrs": None})
    plan = edge_plan(settings, cluster_of(settings))
    assert (plan.kind, plan.scheme, plan.firewall) == ("network", "internal", None)
    assert plan.client_cidrs == (cluster_of(settings).vpc_cidr,)
    assert plan.hosts[0] == "api.ai.example.org"


def test_clients_are_no_more_ranges_than_a_security_group_has_rules_for() -> None:
    cidrs = [f"10.{index}.0.0/16" for index in range(100, 131)]
    words = "more rules than a security group takes: name at most 30 wider ones in edge.clientCidrs"
    for key, changes in (("edge.clientCidrs", {"edge": {"clientCidrs": cidrs}}), ("connectedCidrs", None)):
        message = problem(changes or {"connectedCidrs": cidrs})
        assert message.startswith(f"cluster.{key}: 3")
        assert words in message


def test_silence_is_waited_for_as_long_as_aws_asks_for_at_least() -> None:
    gateway = json.loads(_prod())["gateway"] | {"timeouts": {"requestSeconds": 5, "streamSeconds": 5}, "fallbacks": {}}
    settings = load(gateway=gateway)
    assert edge_plan(settings, cluster_of(settings)).idle_seconds == 60


def test_as_many_clients_as_fit_are_accepted() -> None:
    cidrs = [f"10.{index}.0.0/16" for index in range(100, 130)]
    assert len(cluster_of(load({"edge": {"clientCidrs": cidrs}})).edge.client_cidrs) == 30


def test_connected_networks_may_connect_too() -> None:
    settings = load({"edge": None, "connectedCidrs": ["10.8.0.0/16"]})
    assert edge_plan(settings, cluster_of(settings)).client_cidrs[1:] == ("10.8.0.0/16",)


def test_everybody_may_connect_to_a_public_one_unless_clients_are_named() -> None:
    settings = load({"loadBalancerScheme": "internet-facing"})
    assert edge_plan(settings, cluster_of(settings)).client_cidrs == ("0.0.0.0/0",)
    named = load({"loadBalancerScheme": "internet-facing", "edge": {"clientCidrs": ["203.0.113.0/24"]}})
    assert edge_plan(named, cluster_of(named)).client_cidrs == ("203.0.113.0/24",)


def test_an_application_load_balancer_always_has_a_firewall() -> None:
    settings = load({"edge": {"kind": "application"}})
    plan = edge_plan(settings, cluster_of(settings))
    assert plan.firewall is not None
    assert plan.firewall.requests_per_five_minutes == 20_000
    assert plan.firewall.refuse_anonymous is False


def test_the_load_balancer_waits_longer_than_the_gateway() -> None:
    settings = load(
        gateway=json.loads(_prod())["gateway"]
        | {"timeouts": {"requestSeconds": 600, "streamSeconds": 900}, "fallbacks": {}}
    )
    plan = edge_plan(settings, cluster_of(settings))
    assert (plan.stream_seconds, plan.idle_seconds) == (900, 920)


def test_a_firewall_on_a_network_load_balancer_is_refused() -> None:
    assert problem({"edge": {"firewall": {}}}).startswith(
        "cluster.edge.firewall: a network load balancer cannot carry a web application firewall"
    )


def test_a_certificate_on_a_network_load_balancer_is_refused() -> None:
    assert "set kind: application, or remove certificateArn" in problem({"edge": {"certificateArn": CERTIFICATE}})


def test_an_application_load_balancer_without_a_way_to_a_certificate_is_refused() -> None:
    line = problem({"edge": {"kind": "application"}, "hostedZoneId": None, "issuer": {}})
    assert line == (
        "cluster.edge.certificateArn: an application load balancer ends TLS and needs a certificate: name one, or "
        "set hostedZoneId to have one made"
    )
    assert load({"edge": {"kind": "application", "certificateArn": CERTIFICATE}, "hostedZoneId": None, "issuer": {}})


@pytest.mark.parametrize("other", [("eu-north-1", "eu-west-1"), (ACCOUNT, "999988887777")])
def test_a_certificate_of_another_place_is_refused(other: tuple[str, str]) -> None:
    arn = CERTIFICATE.replace(*other)
    line = problem({"edge": {"kind": "application", "certificateArn": arn}})
    assert line.startswith(f"cluster.edge.certificateArn: use a certificate in eu-north-1 of account {ACCOUNT}")


def test_public_subnets_too_small_for_an_application_load_balancer_are_refused() -> None:
    changes = {"edge": {"kind": "application"}, "vpcCidr": "10.64.0.0/20"}
    assert load(changes)
    line = problem(changes | {"loadBalancerScheme": "internet-facing"})
    assert line.startswith("cluster.vpcCidr: 10.64.0.0/20 leaves public subnets of /28")
    assert load({"loadBalancerScheme": "internet-facing", "vpcCidr": "10.64.0.0/20"})


@pytest.mark.parametrize(("kind", "limit"), [("application", 4000), ("network", 6000)])
def test_answers_that_outlast_the_load_balancer_are_refused(kind: str, limit: int) -> None:
    models = ["qwen3-8b", "qwen3-32b"]
    gateway = json.loads(_prod())["gateway"] | {
        "timeouts": {"requestSeconds": 3600, "streamSeconds": 3600},
        "fallbacks": {models[0]: [models[1]]},
    }
    line = problem({"edge": {"kind": kind}, "karpenter": {"drainMinutes": 90}}, gateway=gateway)
    assert line.startswith(
        "gateway.timeouts.requestSeconds: with its fallbacks an answer may be silent for 7220 seconds"
    )
    assert f"ends silent connections after {limit}" in line


def test_a_firewall_that_refuses_what_a_tier_allows_is_refused() -> None:
    line = problem({"edge": {"kind": "application", "firewall": {"requestsPerFiveMinutes": 100}}})
    assert line == (
        "cluster.edge.firewall.requestsPerFiveMinutes: 100 requests refuse what one team of tier 'enterprise' may make "
        "from one address, 15000 in five minutes: raise it to 15000 or more"
    )


def test_images_come_from_upstream_unless_a_cache_is_asked_for() -> None:
    settings = load({"imageCache": None})
    assert image_cache_plan(settings, cluster_of(settings)) is None
    assert eks_registry(settings, cluster_of(settings)).rewrite("quay.io/a/b:1") == "quay.io/a/b:1"


def test_a_cache_is_named_after_the_environment_and_used_for_its_hosts() -> None:
    settings = load({"imageCache": {"hosts": FREE}})
    registry = eks_registry(settings, cluster_of(settings))
    assert registry.rewrite("quay.io/a/b:1") == f"{ACCOUNT}.dkr.ecr.eu-north-1.amazonaws.com/prod/quay.io/a/b:1"
    assert registry.rewrite("docker.io/a/b:1") == "docker.io/a/b:1"


def test_all_hosts_are_cached_by_default_and_those_with_users_need_secrets() -> None:
    line = problem({"imageCache": {}})
    assert line == (
        "cluster.imageCache.credentials: ECR pulls through docker.io with a user of yours only: add "
        "credentials.docker.io with the ARN of its secret, or leave docker.io out of hosts"
    )
    github = SECRET.replace("docker", "github")
    assert load({"imageCache": {"credentials": {"docker.io": SECRET, "ghcr.io": github}}})


def test_nvidias_registry_is_refused_with_the_two_ways_that_exist() -> None:
    line = problem({"imageCache": {"hosts": [*FREE, "nvcr.io"]}})
    assert line.startswith("cluster.imageCache.hosts[3]: ECR has no pull-through cache for nvcr.io: remove it")
    assert "registry.mirror" in line


def test_an_unknown_registry_is_refused_with_the_known_ones() -> None:
    line = problem({"imageCache": {"hosts": ["gcr.io"]}})
    assert line.startswith("cluster.imageCache.hosts[0]: ECR cannot pull through 'gcr.io': use docker.io, ghcr.io, ")


def test_a_secret_must_be_named_as_ecr_asks_and_lie_where_the_cluster_is() -> None:
    wrong = SECRET.replace("ecr-pullthroughcache/", "")
    assert "imageCache.credentials.docker.io" in problem({"imageCache": {"credentials": {"docker.io": wrong}}})
    far = SECRET.replace("eu-north-1", "eu-west-1")
    line = problem({"imageCache": {"hosts": ["docker.io"], "credentials": {"docker.io": far}}})
    assert line.startswith(f"cluster.imageCache.credentials.docker.io: the secret is in eu-west-1 of account {ACCOUNT}")


def test_a_secret_of_a_host_that_is_not_cached_is_refused() -> None:
    line = problem({"imageCache": {"hosts": FREE, "credentials": {"docker.io": SECRET}}})
    assert line.startswith("cluster.imageCache.credentials.docker.io: docker.io is not among hosts")


def test_a_mirror_and_a_cache_exclude_each_other() -> None:
    line = problem({"imageCache": {"hosts": FREE}}, registry={"mirror": "mirror.example.org/all"})
    assert line.startswith("registry.mirror: a mirror holds every image, and cluster.imageCache would hold none")


def test_an_environment_too_long_for_names_of_repositories_needs_a_prefix() -> None:
    line = problem({"imageCache": {"hosts": FREE}}, environment="production-north")
    assert line.startswith("cluster.imageCache.prefix: environment 'production-north' is too long")
    assert load({"imageCache": {"hosts": FREE, "prefix": "north"}}, environment="production-north")
