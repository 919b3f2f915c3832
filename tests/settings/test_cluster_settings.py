from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from stacks.schema.cluster import (
    ClusterSettings,
    EksClusterSettings,
    ExistingClusterSettings,
    K3sClusterSettings,
    node_pools,
)

ADAPTER: TypeAdapter[ClusterSettings] = TypeAdapter(ClusterSettings)
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample"
SYSTEM = {"name": "system", "role": "system", "cpu": 16, "memoryGib": 64, "nodes": {"min": 3, "max": 3}}
L40S = {
    "name": "l40s",
    "role": "gpu",
    "cpu": 64,
    "memoryGib": 512,
    "product": "NVIDIA-L40S",
    "gpusPerNode": 4,
    "memoryPerGpuGib": 44.5,
    "nodes": {"min": 2, "max": 2},
}
H200 = L40S | {
    "name": "h200",
    "product": "NVIDIA-H200",
    "gpusPerNode": 8,
    "memoryPerGpuGib": 140.0,
    "nodes": {"min": 1, "max": 1},
    "mig": {"profile": "1g.18gb", "slices": 7},
}


def existing(**changes: Any) -> dict[str, Any]:
    content = {
        "kind": "existing",
        "kubernetesVersion": "1.36",
        "pools": [SYSTEM, L40S, H200],
        "kubeconfig": "~/.kube/config",
        "storage": {"fast": {"name": "fast"}, "retained": {"name": "retained"}},
    }
    return copy.deepcopy(content) | changes


def host(name: str, last: int, pool: str | None) -> dict[str, Any]:
    return {"name": name, "address": f"10.20.0.{last}", "hostKey": HOST_KEY, "pool": pool}


def k3s(**changes: Any) -> dict[str, Any]:
    content = {
        "kind": "k3s",
        "kubernetesVersion": "1.36",
        "pools": [SYSTEM, L40S],
        "ssh": {"user": "platform"},
        "loadBalancer": {"addresses": ["10.20.0.100-10.20.0.110"]},
        "servers": [host(f"server-{index}", 10 + index, "system") for index in (1, 2, 3)],
        "agents": [host("gpu-1", 21, "l40s"), host("gpu-2", 22, "l40s")],
    }
    return copy.deepcopy(content) | changes


def eks(**changes: Any) -> dict[str, Any]:
    content = {
        "kind": "eks",
        "kubernetesVersion": "1.36",
        # What a g6e.12xlarge has.
        "pools": [SYSTEM, L40S | {"cpu": 48, "memoryGib": 384}],
        "accountId": "111122223333",
        "region": "eu-north-1",
        "availabilityZones": ["eu-north-1a", "eu-north-1b", "eu-north-1c"],
        "adminRoleArns": ["arn:aws:iam::111122223333:role/deploy"],
        "nodeGroups": {"system": {"instanceType": "m7i.4xlarge"}, "l40s": {"instanceType": "g6e.12xlarge"}},
        "budget": {"monthlyUsd": 30000, "emails": ["platform@example.org"]},
        "tags": {"owner": "platform-team", "cost-centre": "4711", "data-class": "confidential"},
    }
    return copy.deepcopy(content) | changes


def problem(content: dict[str, Any]) -> tuple[str, str]:
    """Path and message of the only error."""
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python(content)
    (detail,) = caught.value.errors(include_url=False)
    path = ".".join(str(part) for part in detail["loc"][1:])
    return path, str(detail.get("ctx", {}).get("error", detail["msg"]))


def test_the_kind_chooses_the_settings() -> None:
    kinds = [type(ADAPTER.validate_python(content)) for content in (existing(), k3s(), eks())]
    assert kinds == [ExistingClusterSettings, K3sClusterSettings, EksClusterSettings]


def test_pools_become_the_pools_that_components_see() -> None:
    system, l40s, h200 = node_pools(ADAPTER.validate_python(existing()))
    assert (system.role, system.min_nodes, system.units_per_node) == ("system", 3, 0)
    assert (l40s.product, l40s.units_per_node, l40s.resource) == ("NVIDIA-L40S", 4, "nvidia.com/gpu")
    assert (h200.units_per_node, h200.resource) == (56, "nvidia.com/mig-1g.18gb")


def test_shared_gpus_count_as_often_as_they_are_shared() -> None:
    pool = L40S | {"sharing": {"timeSlices": 4}}
    assert node_pools(ADAPTER.validate_python(existing(pools=[SYSTEM, pool])))[1].units_per_node == 16


@pytest.mark.parametrize("version", ["1.34", "1.37", "1.36.3", "latest"])
def test_other_kubernetes_versions_are_refused_with_the_reason(version: str) -> None:
    path, message = problem(existing(kubernetesVersion=version))
    assert path == "kubernetesVersion"
    assert "use 1.35 or 1.36" in message
    assert "end of support" in message


def test_a_cluster_needs_a_pool_for_everything_without_gpu() -> None:
    assert problem(existing(pools=[L40S])) == (
        "pools",
        "no pool has role: system, and GPU nodes are tainted: add an untainted pool for everything else",
    )


def test_two_pools_of_one_name_are_refused() -> None:
    assert problem(existing(pools=[SYSTEM, L40S, L40S])) == ("pools", "two pools are called 'l40s': rename one")


@pytest.mark.parametrize("key", ["product", "gpusPerNode", "memoryPerGpuGib"])
def test_a_gpu_pool_names_its_gpus(key: str) -> None:
    pool = {name: value for name, value in L40S.items() if name != key}
    assert problem(existing(pools=[SYSTEM, pool])) == ("pools.1", f"a pool with role: gpu needs {key}")


def test_a_system_pool_has_no_gpus() -> None:
    path, message = problem(existing(pools=[SYSTEM | {"gpusPerNode": 2}]))
    assert (path, message) == ("pools.0", "gpusPerNode is for GPU pools: remove it or set role: gpu")


def test_partitioning_and_sharing_exclude_each_other() -> None:
    pool = H200 | {"sharing": {"timeSlices": 2}}
    assert problem(existing(pools=[SYSTEM, pool]))[1] == "mig and sharing exclude each other: set one of them to null"


@pytest.mark.parametrize(
    ("mig", "path", "words"),
    [
        ({"profile": "3g.71gb", "slices": 3}, "pools.1.mig", "3 slices of 3g.71gb need 9 of 7: use at most 2"),
        ({"profile": "1g.35gb", "slices": 5}, "pools.1", "holds at most 4 slices of 1g.35gb, not 5: use 4"),
        ({"profile": "18gb", "slices": 7}, "pools.1.mig.profile", "pattern"),
        ({"profile": "1g.18gb", "slices": 8}, "pools.1.mig.slices", "less than or equal to 7"),
    ],
)
def test_slices_must_fit_on_the_gpu(mig: dict[str, Any], path: str, words: str) -> None:
    found, message = problem(existing(pools=[SYSTEM, H200 | {"mig": mig}]))
    assert found == path
    assert words in message


def test_profiles_with_rounded_names_fit() -> None:
    ADAPTER.validate_python(existing(pools=[SYSTEM, H200 | {"mig": {"profile": "3g.71gb", "slices": 2}}]))


@pytest.mark.parametrize(("product", "memory"), [("NVIDIA-L40S", 44.5), ("NVIDIA-RTX-A6000", 47.5), ("Tesla-T4", 15)])
def test_gpus_that_cannot_be_partitioned_are_refused(product: str, memory: float) -> None:
    message = problem(existing(pools=[SYSTEM, H200 | {"product": product, "memoryPerGpuGib": memory}]))[1]
    assert message.startswith(f"mig: {product} cannot be partitioned")


def test_one_profile_means_one_partitioning() -> None:
    other = H200 | {"name": "other", "mig": {"profile": "1g.18gb", "slices": 4}}
    assert "other numbers of 1g.18gb" in problem(existing(pools=[SYSTEM, H200, other]))[1]


def test_fewer_nodes_than_the_minimum_make_no_sense() -> None:
    path, message = problem(existing(pools=[SYSTEM | {"nodes": {"min": 3, "max": 2}}]))
    assert (path, message) == ("pools.0.nodes", "min (3) is more than max (2): swap them")


def test_an_existing_cluster_names_its_kubeconfig() -> None:
    content = existing()
    del content["kubeconfig"]
    assert problem(content)[0] == "kubeconfig"
    assert problem(existing(kubeconfig=None))[0] == "kubeconfig"


def test_a_plug_in_of_containerd_leaves_no_runtime_class_to_name() -> None:
    nri = {"containerRuntime": "nri"}
    assert problem(existing(gpuOperator=nri, runtimeClass="nvidia"))[1] == (
        "runtimeClass: 'nvidia' does not exist with gpuOperator.containerRuntime: nri: set runtimeClass to null"
    )
    ADAPTER.validate_python(existing(gpuOperator=nri))


@pytest.mark.parametrize("cidr", ["10.0.0.1/8", "here", "fd00::/8"])
def test_ranges_are_networks(cidr: str) -> None:
    path, message = problem(existing(apiServerCidrs=[cidr]))
    assert path == "apiServerCidrs.0"
    assert cidr in message


def test_unknown_keys_are_refused() -> None:
    assert problem(existing(kubeConfig="x"))[0] == "kubeConfig"


def test_an_issuer_is_one_thing() -> None:
    issuer = {"caSecret": "ca", "acme": {"email": "a@example.org"}}
    assert problem(existing(issuer=issuer)) == ("issuer", "acme and caSecret exclude each other: keep one")


@pytest.mark.parametrize("make", [existing, k3s], ids=["existing", "k3s"])
def test_acme_needs_a_dns_service_that_holds_its_challenges(make: Callable[..., dict[str, Any]]) -> None:
    message = problem(make(issuer={"acme": {"email": "a@example.org"}}))[1]
    assert message == "issuer.acme.dns01: required here: name the DNS service that holds the challenges"
    solver = {"rfc2136": {"nameserver": "10.0.0.53"}}
    ADAPTER.validate_python(make(issuer={"acme": {"email": "a@example.org", "dns01": solver}}))


def test_an_even_number_of_servers_is_refused_with_the_reason() -> None:
    servers = [host("server-1", 11, "system"), host("server-2", 12, "system")]
    path, message = problem(k3s(servers=servers, pools=[SYSTEM | {"nodes": {"min": 2, "max": 2}}, L40S]))
    assert path == ""
    assert "servers: 2 hosts tolerate no more failures than 1" in message


def test_hosts_need_a_public_key_that_looks_like_one() -> None:
    servers = [host("server-1", 11, "system") | {"hostKey": "SHA256:abc"}]
    assert problem(k3s(servers=servers))[0] == "servers.0.hostKey"


def test_a_pool_has_as_many_nodes_as_hosts() -> None:
    message = problem(k3s(agents=[host("gpu-1", 21, "l40s")]))[1]
    assert message == (
        "pools[1].nodes: 1 hosts belong to pool 'l40s' and nothing scales them: "
        "set min and max to 1, or change the hosts' pool"
    )


def test_a_gpu_pool_without_hosts_is_refused() -> None:
    assert problem(k3s(agents=[]))[1] == (
        "pools[1].name: no host belongs to pool 'l40s': say pool: l40s at the hosts under servers or agents, "
        "or remove the pool"
    )


def test_a_host_belongs_to_a_pool_that_exists() -> None:
    message = problem(k3s(agents=[host("gpu-1", 21, "h100"), host("gpu-2", 22, "l40s")]))[1]
    assert message == "servers and agents: no pool is called 'h100': the pools are l40s, system"


@pytest.mark.parametrize(("key", "value"), [("name", "server-1"), ("address", "10.20.0.11")])
def test_two_hosts_are_never_the_same(key: str, value: str) -> None:
    agents = [host("gpu-1", 21, "l40s"), host("gpu-2", 22, "l40s") | {key: value}]
    assert f"2 hosts have the {key} {value!r}" in problem(k3s(agents=agents))[1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"availabilityZones": ["eu-north-1a", "eu-north-1b", "us-east-1a"]}, "us-east-1a is not in region eu-north-1"),
        ({"availabilityZones": ["eu-north-1a", "eu-north-1b", "eu-north-1b"]}, "name three different zones"),
        (
            {"availabilityZones": ["eu-north-1", "eu-north-1b", "eu-north-1c"]},
            "eu-north-1 is no availability zone: write the region and a letter, for example eu-north-1a",
        ),
        ({"availabilityZones": ["eu-north-1-hel-1a", "eu-north-1b", "eu-north-1c"]}, "EKS takes no local zones"),
        (
            {"region": "cn-north-1", "availabilityZones": ["cn-north-1a", "cn-north-1b", "cn-north-1c"]},
            "region: cn-north-1: China, GovCloud and isolated regions are partitions of their own",
        ),
        ({"nodeGroups": {"system": {"instanceType": "m7i.4xlarge"}}}, "pool 'l40s' has no entry"),
        ({"issuer": {"acme": {"email": "a@example.org"}}}, "issuer.acme: set hostedZoneId"),
    ],
)
def test_a_cluster_in_aws_fits_together(changes: dict[str, Any], words: str) -> None:
    path, message = problem(eks(**changes))
    assert path == ""
    assert words in message


def test_a_cluster_in_aws_is_private_unless_the_stack_says_otherwise() -> None:
    settings = ADAPTER.validate_python(eks())
    assert isinstance(settings, EksClusterSettings)
    assert settings.api_public_cidrs == ()
    assert settings.load_balancer_scheme == "internal"
