from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.base.gpus import GPU_PRODUCTS
from stacks.schema.pools import PoolSettings
from stacks.serving import model_problems

L40S: dict[str, Any] = {
    "name": "gpus",
    "role": "gpu",
    "cpu": 64,
    "memoryGib": 512,
    "product": "NVIDIA-L40S",
    "gpusPerNode": 4,
    "memoryPerGpuGib": 44.5,
    "nodes": {"min": 2, "max": 2},
}
H200 = L40S | {"product": "NVIDIA-H200", "gpusPerNode": 8, "memoryPerGpuGib": 140.4}
NEWER = L40S | {"product": "NVIDIA-R100", "gpusPerNode": 8, "memoryPerGpuGib": 280, "unlistedHardware": True}
PARTITIONABLE = sorted(label for label, product in GPU_PRODUCTS.items() if product.mig)


def problem(content: dict[str, Any]) -> str:
    """Message of the only error."""
    with pytest.raises(ValidationError) as caught:
        PoolSettings.model_validate(content)
    (detail,) = caught.value.errors(include_url=False)
    return str(detail.get("ctx", {}).get("error", detail["msg"]))


def test_a_name_leaves_room_for_what_is_named_after_the_pool() -> None:
    assert PoolSettings.model_validate(L40S | {"name": "a" * 26}).name == "a" * 26
    assert problem(L40S | {"name": "a" * 27}).endswith("has 27 characters: use at most 26")


def test_a_simulated_node_has_the_disk_of_its_pool() -> None:
    stated, silent = L40S | {"localDiskGib": 3500}, L40S
    assert PoolSettings.model_validate(stated).as_pool().local_disk_gib == 3500
    assert PoolSettings.model_validate(stated).as_pool().capacity["ephemeral-storage"] == "3500Gi"
    assert PoolSettings.model_validate(silent).as_pool().local_disk_gib is None


def test_an_unknown_gpu_is_refused_with_the_nearest_names_and_the_way_around_the_table() -> None:
    message = problem(L40S | {"product": "NVIDIA-L40XS"})
    assert message.startswith("product: no GPU is labelled 'NVIDIA-L40XS'; did you mean ")
    assert "NVIDIA-L40S" in message
    assert message.endswith("set unlistedHardware: true")


def test_a_name_in_other_letters_is_no_product() -> None:
    assert "did you mean NVIDIA-H200" in problem(H200 | {"product": "nvidia-h200"})


@pytest.mark.parametrize("memory", [40.0, 48.0, 79.6])
def test_memory_that_the_product_does_not_have_is_refused_with_what_it_has(memory: float) -> None:
    message = problem(L40S | {"memoryPerGpuGib": memory})
    assert message == (
        f"memoryPerGpuGib: one NVIDIA-L40S has 44.3 GiB, not {memory:g}: "
        "write 44.3, or set product to what the nodes have"
    )


@pytest.mark.parametrize(
    ("product", "memory"),
    [
        # What nvidia-smi reports in MiB, in GiB.
        ("Tesla-T4", 15360 / 1024),
        ("NVIDIA-GeForce-RTX-4090", 24564 / 1024),
        ("NVIDIA-RTX-A6000", 49140 / 1024),
        ("NVIDIA-L40S", 46068 / 1024),
        ("NVIDIA-A100-SXM4-80GB", 81920 / 1024),
        ("NVIDIA-H100-80GB-HBM3", 81559 / 1024),
        ("NVIDIA-H200", 143771 / 1024),
        ("NVIDIA-B200", 183359 / 1024),
    ],
)
def test_memory_may_be_written_as_the_driver_reports_it(product: str, memory: float) -> None:
    PoolSettings.model_validate(L40S | {"product": product, "memoryPerGpuGib": memory})


@pytest.mark.parametrize(
    ("product", "memory", "most"),
    [("NVIDIA-H100-80GB-HBM3", 79.6, 8), ("NVIDIA-L40S", 44.5, 10), ("NVIDIA-A100-SXM4-40GB", 39.4, 16)],
)
def test_more_gpus_than_any_server_holds_are_refused(product: str, memory: float, most: int) -> None:
    pool = L40S | {"product": product, "memoryPerGpuGib": memory}
    PoolSettings.model_validate(pool | {"gpusPerNode": most})
    message = problem(pool | {"gpusPerNode": most * 2})
    assert message.startswith(f"gpusPerNode: no server holds {most * 2} {product}, at most {most} are in one")


def test_a_profile_of_another_product_is_refused_with_those_that_exist() -> None:
    message = problem(H200 | {"mig": {"profile": "1g.10gb", "slices": 7}})
    assert message == (
        "mig.profile: NVIDIA-H200 has no profile 1g.10gb: "
        "use one of 1g.18gb, 1g.35gb, 2g.35gb, 3g.71gb, 4g.71gb, 7g.141gb"
    )


@pytest.mark.parametrize("label", PARTITIONABLE)
def test_every_profile_of_the_table_fits_its_product_and_one_slice_more_does_not(label: str) -> None:
    product = GPU_PRODUCTS[label]
    pool = L40S | {"product": label, "gpusPerNode": 1, "memoryPerGpuGib": product.memory_gib}
    for profile, most in product.mig.items():
        PoolSettings.model_validate(pool | {"mig": {"profile": profile, "slices": most}})
        with pytest.raises(ValidationError, match=r"use at most|holds at most|less than or equal to 7"):
            PoolSettings.model_validate(pool | {"mig": {"profile": profile, "slices": most + 1}})


def test_a_gpu_that_is_newer_than_the_table_is_taken_as_written() -> None:
    pool = PoolSettings.model_validate(NEWER).as_pool()
    assert (pool.product, pool.gpus_per_node, pool.memory_per_gpu_gib) == ("NVIDIA-R100", 8, 280)


def test_its_slices_must_still_fit_its_memory() -> None:
    PoolSettings.model_validate(NEWER | {"mig": {"profile": "1g.35gb", "slices": 7}})
    assert "the GPU has 280 GiB" in problem(NEWER | {"mig": {"profile": "1g.60gb", "slices": 7}})


def test_the_way_around_the_table_is_refused_where_it_is_not_needed() -> None:
    assert problem(L40S | {"unlistedHardware": True}) == (
        "unlistedHardware: the table knows 4 x NVIDIA-L40S: remove it"
    )


def test_a_system_pool_has_no_hardware_to_list() -> None:
    system = {"name": "system", "role": "system", "cpu": 16, "memoryGib": 64, "nodes": {"min": 3, "max": 3}}
    assert problem(system | {"unlistedHardware": True}).startswith("unlistedHardware is for GPU pools")


@pytest.mark.parametrize(
    "label", ["NVIDIA-GeForce-RTX-4090", "NVIDIA-RTX-A6000", "NVIDIA-A100-SXM4-80GB", "NVIDIA-H100-80GB-HBM3"]
)
def test_gpus_of_the_sizing_table_are_known(label: str) -> None:
    assert label in GPU_PRODUCTS


def test_a_pool_that_no_model_uses_is_no_mistake() -> None:
    pool = PoolSettings.model_validate(L40S).as_pool()
    assert list(model_problems((), (pool,))) == []
