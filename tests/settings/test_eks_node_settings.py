from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stacks.arguments.eks import node_group
from stacks.checks import setting_problems
from stacks.schema.cluster import EksClusterSettings
from stacks.settings import PlatformSettings
from tests.settings.test_cluster_settings import ADAPTER, H200, L40S, SYSTEM, eks, problem
from tools.render.stack_file import read_stack_file

ROOT = Path(__file__).resolve().parents[2]

POOL = L40S | {"cpu": 48, "memoryGib": 384}
SYSTEM_GROUP = {"instanceType": "m7i.4xlarge"}
RESERVATION = {"reservationId": "cr-0123456789abcdef0", "availabilityZone": "eu-north-1a"}
RELEASE = {"amiRelease": "1.36.2-20261107"}


def with_group(group: dict[str, Any], pool: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A cluster whose l40s pool is `pool`, bought as `group`."""
    groups = {"system": SYSTEM_GROUP, "l40s": {"instanceType": "g6e.12xlarge"} | group}
    return eks(pools=[SYSTEM, POOL | (pool or {})], nodeGroups=groups, **changes)


def accepted(content: dict[str, Any]) -> EksClusterSettings:
    settings = ADAPTER.validate_python(content)
    assert isinstance(settings, EksClusterSettings)
    return settings


def scaled(settings: EksClusterSettings) -> list[str]:
    return [pool.name for pool in settings.pools if settings.node_plan.scaled(pool)]


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"instanceType": "m7i.4xlarge"}, "m7i.4xlarge has no NVIDIA GPU: use a p or g family"),
        ({"instanceType": "inf2.48xlarge"}, "inf2.48xlarge has no NVIDIA GPU"),
        ({"instanceType": "g6e.48xlarge"}, "g6e.48xlarge has 8 x NVIDIA-L40S, the pool says 4 x NVIDIA-L40S"),
        ({"instanceType": "p5en.48xlarge"}, "has 8 x NVIDIA-H200"),
        ({"instanceType": "g5g.16xlarge"}, "g5g.16xlarge has Arm processors"),
        ({"alternativeTypes": ["g6.12xlarge"], "purchase": "spot"}, "alternativeTypes: g6.12xlarge has 4 x NVIDIA-L4"),
        ({"availabilityZone": "eu-north-1d"}, "eu-north-1d is not among availabilityZones"),
    ],
)
def test_an_instance_type_has_the_gpus_of_its_pool(group: dict[str, Any], words: str) -> None:
    message = problem(with_group(group))[1]
    assert message.startswith("nodeGroups.l40s.")
    assert words in message


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        ({"cpu": 64}, "g6e.12xlarge has 48 cores, the pool says cpu: 64: change either"),
        ({"memoryGib": 512}, "g6e.12xlarge has 384 GiB of memory, the pool says memoryGib: 512: change either"),
    ],
)
def test_a_pool_promises_no_more_than_the_instance_has(pool: dict[str, Any], words: str) -> None:
    assert problem(with_group({}, pool))[1] == f"nodeGroups.l40s.instanceType: {words}"


def test_a_system_pool_is_not_put_on_gpu_instances() -> None:
    message = problem(eks(nodeGroups={"system": {"instanceType": "g6e.12xlarge"}, "l40s": {"instanceType": "g6e.12xlarge"}}))[1]  # fmt: skip  # noqa: E501 # one line reads best
    assert "nodeGroups.system.instanceType: g6e.12xlarge has 4 x NVIDIA-L40S, the pool says no GPU" in message


def test_a_type_that_the_table_lacks_needs_its_hardware() -> None:
    newer = {"instanceType": "g9e.12xlarge"}
    assert problem(with_group(newer))[1] == (
        "nodeGroups.l40s.instanceType: g9e.12xlarge is not in the platform's table of instance types: correct it, or "
        "say what it has in nodeGroups.l40s.hardware"
    )
    hardware = {"cpu": 64, "memoryGib": 512, "product": "NVIDIA-L40S", "gpus": 4, "localDisks": True}
    group = node_group(accepted(with_group(newer | {"hardware": hardware})), "l40s")
    assert (group.cpu, group.memory_gib, group.local_disks) == (64, 512, True)


def test_hardware_is_held_against_the_pool_like_the_table() -> None:
    hardware = {"cpu": 64, "memoryGib": 512, "product": "NVIDIA-L40S", "gpus": 2}
    message = problem(with_group({"instanceType": "g9e.12xlarge", "hardware": hardware}))[1]
    assert "g9e.12xlarge has 2 x NVIDIA-L40S, the pool says 4 x NVIDIA-L40S" in message


def test_a_region_without_the_instance_type_is_refused_with_those_that_have_it() -> None:
    zones = ["eu-west-2a", "eu-west-2b", "eu-west-2c"]
    message = problem(eks(region="eu-west-2", availabilityZones=zones))[1]
    assert message.startswith("nodeGroups.l40s.instanceType: g6e.12xlarge is not offered in eu-west-2, but in ")
    assert "eu-north-1" in message
    assert "(as of 2026-07-20)" in message
    assert "instanceOfferings" in message
    known = {"g6e.12xlarge": ["eu-west-2"]}
    accepted(eks(region="eu-west-2", availabilityZones=zones, instanceOfferings=known))


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"purchase": "spot", **RESERVATION}, "reservationId excludes purchase: spot"),
        (RESERVATION, "reservationId excludes purchase: on-demand"),
        ({"purchase": "reservation"}, "purchase: reservation needs reservationId and availabilityZone"),
        (
            {"purchase": "capacity-block", "reservationId": RESERVATION["reservationId"]},
            "purchase: capacity-block needs reservationId and availabilityZone",
        ),
        (
            {"purchase": "reservation", **RESERVATION, "alternativeTypes": ["g6e.24xlarge"]},
            "alternativeTypes: a reservation is of one type",
        ),
        ({"alternativeTypes": ["g6e.12xlarge"]}, "alternativeTypes: name each type once"),
        ({"efa": True}, "efa: nodes that stand close together are in one zone: set availabilityZone"),
    ],
)
def test_a_purchase_is_complete_and_one_thing(group: dict[str, Any], words: str) -> None:
    path, message = problem(with_group(group))
    assert path == "nodeGroups.l40s"
    assert words in message


def test_a_reservation_is_used_to_the_full() -> None:
    content = with_group({"purchase": "reservation", **RESERVATION}, {"nodes": {"min": 1, "max": 2}}, **RELEASE)
    assert problem(content)[1].startswith("pools[1].nodes: a reservation is paid for whether nodes run in it or not")


@pytest.mark.parametrize(("few", "many", "good"), [(0, 2, True), (2, 2, True), (1, 2, False)])
def test_a_capacity_block_is_started_by_an_operator_or_lasts(few: int, many: int, good: bool) -> None:
    content = with_group({"purchase": "capacity-block", **RESERVATION}, {"nodes": {"min": few, "max": many}}, **RELEASE)
    if good:
        settings = accepted(content)
        assert node_group(settings, "l40s").purchase == "capacity-block"
        assert not node_group(settings, "l40s").scaled
    else:
        assert "a capacity block begins and ends at its hour: set min to 0" in problem(content)[1]


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"instanceType": "g5.2xlarge", "availabilityZone": "eu-north-1a"}, "g5.2xlarge takes no EFA interface"),
        (
            {"alternativeTypes": ["g6e.24xlarge"], "purchase": "spot", "availabilityZone": "eu-north-1a"},
            "the types take different numbers of interfaces",
        ),
    ],
)
def test_efa_needs_types_that_have_it_alike(group: dict[str, Any], words: str) -> None:
    pool = {"product": "NVIDIA-A10G", "gpusPerNode": 1, "memoryPerGpuGib": 22.0, "cpu": 8, "memoryGib": 32}
    message = problem(with_group(group | {"efa": True}, pool if group.get("instanceType") else None))[1]
    assert message.startswith("nodeGroups.l40s.efa: ")
    assert words in message


def test_the_number_of_efa_interfaces_comes_from_the_table() -> None:
    pool = {name: value for name, value in H200.items() if name != "mig"}
    content = eks(
        pools=[SYSTEM, pool],
        nodeGroups={
            "system": SYSTEM_GROUP,
            "h200": {"instanceType": "p5en.48xlarge", "efa": True, "availabilityZone": "eu-north-1b"},
        },
    )
    settings = accepted(content)
    assert node_group(settings, "h200").efa_interfaces == 16
    assert node_group(settings, "system").efa_interfaces == 0


def test_pools_with_room_above_their_minimum_are_scaled_unless_the_stack_says_otherwise() -> None:
    room = {"nodes": {"min": 1, "max": 3}}
    assert scaled(accepted(with_group({}, room, **RELEASE))) == ["l40s"]
    assert scaled(accepted(with_group({"karpenter": False}, room))) == []
    assert scaled(accepted(with_group({}, room, karpenter={"enabled": False}))) == []
    assert scaled(accepted(with_group({}))) == []


def test_added_nodes_are_made_from_a_pinned_image() -> None:
    message = problem(with_group({}, {"nodes": {"min": 1, "max": 3}}))[1]
    assert message.startswith("pools[1].nodes: Karpenter adds nodes, and would replace all of them")
    assert "set amiRelease, for example 1.36.2-20261107" in message


def test_the_image_is_of_the_clusters_version() -> None:
    message = problem(eks(amiRelease="1.35.4-20261107"))[1]
    assert message.startswith("amiRelease: 1.35.4-20261107 is not of kubernetesVersion 1.36")


def test_partitioned_pools_are_not_scaled_by_what_does_not_know_partitions() -> None:
    pool = H200 | {"nodes": {"min": 1, "max": 2}}
    groups = {"system": SYSTEM_GROUP, "h200": {"instanceType": "p5en.48xlarge"}}
    message = problem(eks(pools=[SYSTEM, pool], nodeGroups=groups, **RELEASE))[1]
    assert message.startswith("pools[1].nodes: Karpenter does not know partitions of GPUs")
    groups["h200"]["karpenter"] = False  # type: ignore[assignment] # a stack file mixes types
    accepted(eks(pools=[SYSTEM, pool], nodeGroups=groups, **RELEASE))


def test_what_adds_nodes_has_a_node_to_run_on() -> None:
    system = SYSTEM | {"nodes": {"min": 0, "max": 3}}
    message = problem(eks(pools=[system, POOL], **RELEASE))[1]
    assert message == (
        "pools: what adds nodes needs one to run on: set nodes.min of a pool with role: system to 1 or more"
    )


@pytest.mark.parametrize("key", ["emptyMinutes", "nodeDays", "drainMinutes"])
def test_times_of_karpenter_are_at_least_one(key: str) -> None:
    assert problem(eks(karpenter={key: 0}))[0] == f"karpenter.{key}"


def test_the_cost_of_the_nodes_that_are_always_there_is_known_where_the_prices_are() -> None:
    system, gpu = accepted(with_group({}, region="eu-north-1")).node_plan.prices()
    assert gpu == pytest.approx(2 * 11.12975, rel=1e-4)
    assert system is None


def stack(**changes: Any) -> PlatformSettings:
    """The shipped production stack with other values at paths such as `cluster.karpenter`."""
    content = json.loads(read_stack_file(ROOT, "prod").values["ai-platform:platform"])
    for path, value in changes.items():
        *parents, last = path.split("__")
        target: Any = content
        for step in parents:
            target = target[int(step) if step.isdecimal() else step]
        target[last] = value
    return PlatformSettings.model_validate(content)


def test_a_model_with_more_gpus_than_an_instance_is_told_the_type_and_a_larger_one() -> None:
    (message,) = setting_problems(stack(models__0__gpu={"pool": "l40s", "count": 8}))
    assert message.startswith("models[0].gpu.count: 8 GPUs are more than the 4 of one node of pool 'l40s'")
    assert message.endswith("(cluster.nodeGroups.l40s.instanceType g6e.12xlarge has 4: set it to g6e.48xlarge (8))")


def test_a_model_with_more_gpus_than_any_instance_is_told_so() -> None:
    (message,) = setting_problems(stack(models__0__gpu={"pool": "l40s", "count": 16}))
    assert message.endswith("has 4: no type with these GPUs has as many)")


def test_other_problems_with_the_number_of_gpus_stay_as_they_are() -> None:
    (message,) = setting_problems(stack(models__0__gpu={"pool": "l40s", "count": 3}))
    assert message.startswith("models[0].gpu.count: ")
    assert "instanceType" not in message


def test_a_node_waits_for_the_longest_stream_of_its_models() -> None:
    assert setting_problems(stack()) == []
    (message,) = setting_problems(stack(cluster__karpenter={"drainMinutes": 20}))
    assert message == (
        "cluster.karpenter.drainMinutes: nodes of l40s end 20 minutes after they are told to, a model may stream for "
        "gateway.timeouts.streamSeconds: 1200: set it to more than 20"
    )
