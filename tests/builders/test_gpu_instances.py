from __future__ import annotations

import pytest

from components.base.gpu_instances import GPU_INSTANCES, InstanceType
from components.base.gpus import find_gpu
from components.base.instance_prices import PRICES_AS_OF, hourly_price, offered_regions, pool_price
from components.base.instance_types import (
    SYSTEM_INSTANCES,
    find_instance,
    has_gpus,
    instance_shortfall,
    is_arm,
)

UNLISTED_PRODUCTS = {"NVIDIA-B300-SXM6-AC"}
"""GPUs that the platform's table of products does not hold yet: a pool of them says unlistedHardware."""


def test_every_type_of_the_table_is_of_a_gpu_family_with_disks_of_its_own() -> None:
    assert len(GPU_INSTANCES) > 40
    for name, instance in GPU_INSTANCES.items():
        assert has_gpus(name), name
        assert not is_arm(name), name
        assert instance.gpus > 0, name
        assert instance.local_disks, name


def test_gpus_of_the_table_are_those_that_capacity_is_counted_with() -> None:
    products = {instance.product for instance in GPU_INSTANCES.values()} - UNLISTED_PRODUCTS
    assert len(products) > 8
    for product in products:
        assert find_gpu(product or "").label == product


def test_system_instances_have_the_memory_of_their_family_and_no_gpu() -> None:
    for name, expected in {"c7i.2xlarge": (8, 16), "m7i.4xlarge": (16, 64), "r7a.24xlarge": (96, 768)}.items():
        instance = SYSTEM_INSTANCES[name]
        assert (instance.cpu, instance.memory_gib) == expected
    assert not [name for name, instance in SYSTEM_INSTANCES.items() if instance.gpus or has_gpus(name) or is_arm(name)]


@pytest.mark.parametrize("name", ["m7g.large", "c7gn.xlarge", "r8gd.large", "t4g.large", "g5g.xlarge", "a1.large"])
def test_arm_types_are_known_by_their_names(name: str) -> None:
    assert is_arm(name)
    assert find_instance(name) is None


@pytest.mark.parametrize("name", ["g6e.12xlarge", "g5.xlarge", "gr6.4xlarge", "m7i-flex.large", "p5en.48xlarge"])
def test_other_types_are_not_taken_for_arm(name: str) -> None:
    assert not is_arm(name)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"cpu": 8, "memory_gib": 64}, None),
        ({"cpu": 49}, "g6e.12xlarge has 48 cores, the pool says cpu: 49"),
        ({"memory_gib": 385}, "g6e.12xlarge has 384 GiB of memory, the pool says memoryGib: 385"),
        ({"gpus": 8}, "g6e.12xlarge has 4 x NVIDIA-L40S, the pool says 8 x NVIDIA-L40S"),
        ({"product": None, "gpus": 0}, "g6e.12xlarge has 4 x NVIDIA-L40S, the pool says no GPU"),
    ],
)
def test_a_pool_may_promise_less_than_an_instance_has_but_not_other_gpus(
    changes: dict[str, object], expected: str | None
) -> None:
    pool = {"product": "NVIDIA-L40S", "gpus": 4, "cpu": 48, "memory_gib": 384} | changes
    instance = find_instance("g6e.12xlarge")
    assert instance == InstanceType(
        cpu=48, memory_gib=384, product="NVIDIA-L40S", gpus=4, local_disks=True, efa_interfaces=1
    )
    assert instance_shortfall("g6e.12xlarge", instance, **pool) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "region", "price"),
    [
        ("p5en.48xlarge", "us-east-1", 63.296),
        ("p5en.48xlarge", "us-west-1", 79.12),
        ("p5en.48xlarge", "eu-north-1", 67.72672),
        ("p5.48xlarge", "us-east-1", 55.04),
        ("p4d.24xlarge", "us-east-2", 21.95764),
        ("g6e.12xlarge", "eu-north-1", 11.12975),
        ("g6e.24xlarge", "ap-northeast-1", 21.84956),
        ("m7i.4xlarge", "us-east-1", 0.8064),
        # Sold in blocks; not offered there; never looked up there.
        ("p5e.48xlarge", "eu-north-1", None),
        ("p5en.48xlarge", "eu-central-1", None),
        ("m7i.4xlarge", "eu-north-1", None),
        ("x99.large", "us-east-1", None),
    ],
)
def test_prices_are_those_of_the_dated_lists(name: str, region: str, price: float | None) -> None:
    found = hourly_price(name, region)
    assert found == (None if price is None else pytest.approx(price, rel=1e-4))


def test_every_gpu_type_that_is_sold_by_the_hour_has_a_price() -> None:
    assert PRICES_AS_OF == "2026-07-20"
    assert [name for name in GPU_INSTANCES if hourly_price(name, "us-east-1") is None] == ["p5e.48xlarge"]
    assert not [name for name in SYSTEM_INSTANCES if hourly_price(name, "us-east-1") is None]


def test_a_pool_costs_its_nodes_at_the_price_of_its_dearest_type() -> None:
    assert pool_price(("g6e.12xlarge",), "us-east-1", 3) == pytest.approx(3 * 10.49264)
    assert pool_price(("g6e.12xlarge", "g6e.24xlarge"), "us-east-1", 2) == pytest.approx(2 * 15.06559)
    assert pool_price(("g6e.12xlarge", "x99.large"), "us-east-1", 2) is None
    assert pool_price(("g6e.12xlarge",), "us-east-1", 0) == 0


def test_regions_are_listed_where_they_were_looked_up() -> None:
    regions = offered_regions("p5en.48xlarge")
    assert regions
    assert "eu-north-1" in regions
    assert "eu-central-1" not in regions
    assert offered_regions("m7i.4xlarge") is None
    fewer, all_of_family = offered_regions("p5.4xlarge"), offered_regions("p5.48xlarge")
    assert fewer
    assert all_of_family
    assert set(fewer) < set(all_of_family)
