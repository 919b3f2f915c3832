from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base.gpu_speeds import GPU_SPEEDS
from components.base.gpus import GPU_PRODUCTS
from components.base.model_catalogue import CATALOGUE, find_model
from components.base.node_pools import NodePool
from components.base.serving import Serving
from components.base.throughput import Throughput, estimated_throughput
from components.base.token_prices import (
    HOURS_PER_YEAR,
    OwnedNode,
    owned_node_usd_per_hour,
    replica_usd_per_hour,
    token_price,
)


def pool(product: str = "NVIDIA-H100-80GB-HBM3", memory: float = 79.1, **changes: object) -> NodePool:
    made = NodePool(
        name="gpu",
        role="gpu",
        cpu=192,
        memory_gib=2048,
        min_nodes=1,
        max_nodes=1,
        product=product,
        gpus_per_node=8,
        memory_per_gpu_gib=memory,
    )
    return replace(made, **changes)


def serving(model: str = "Qwen/Qwen3-8B", **changes: object) -> Serving:
    architecture = find_model(model)
    made = Serving(
        architecture=architecture,
        task=architecture.tasks[0],
        max_model_len=min(32768, architecture.max_context),
        weights=architecture.checkpoint,
    )
    return replace(made, **changes)


def speed(served: Serving, nodes: NodePool) -> Throughput:
    found = estimated_throughput(served, nodes)
    assert found is not None
    return found


def test_the_speed_of_every_gpu_in_the_table_is_known() -> None:
    assert set(GPU_SPEEDS) == set(GPU_PRODUCTS)


def test_a_gpu_of_unknown_speed_has_no_estimate() -> None:
    assert estimated_throughput(serving(), pool(product="NVIDIA-Something-New")) is None


@pytest.mark.parametrize("model", sorted(CATALOGUE))
def test_every_model_reads_and_those_that_write_write(model: str) -> None:
    # One replica may not fit one GPU: a big one is served by eight for this test.
    made = speed(serving(model, tensor_parallel=8), pool("NVIDIA-B200", 178.3))
    writes = find_model(model).tasks[0] in {"chat", "completion", "transcription", "vision"}
    assert made.input_tokens_per_second > 0
    assert (made.output_tokens_per_second > 0) == writes


def test_reading_is_bound_by_arithmetic_and_writing_by_memory() -> None:
    h100, h200 = pool(), pool("NVIDIA-H200", 139.7)
    # Both have the same arithmetic; the H200 reads its memory faster and holds more requests.
    assert speed(serving(), h200).input_tokens_per_second == pytest.approx(
        speed(serving(), h100).input_tokens_per_second
    )
    assert speed(serving(), h200).output_tokens_per_second > 1.3 * speed(serving(), h100).output_tokens_per_second


def test_a_mixture_of_experts_is_faster_than_a_dense_model_of_its_size() -> None:
    dense, sparse = speed(serving("Qwen/Qwen3-32B"), pool()), speed(serving("Qwen/Qwen3-30B-A3B"), pool())
    assert sparse.input_tokens_per_second > 5 * dense.input_tokens_per_second
    assert sparse.output_tokens_per_second > dense.output_tokens_per_second


def test_eight_bit_weights_are_faster_in_both() -> None:
    half, eight = speed(serving(), pool()), speed(serving(weights="fp8"), pool())
    assert eight.input_tokens_per_second > 1.5 * half.input_tokens_per_second
    assert eight.output_tokens_per_second > half.output_tokens_per_second


def test_a_slice_has_its_share_of_the_gpu() -> None:
    whole = pool("NVIDIA-H200", 139.7)
    slices = replace(whole, mig_profile="3g.71gb", mig_slices=2)
    share = speed(serving(), slices).input_tokens_per_second / speed(serving(), whole).input_tokens_per_second
    assert 0.4 < share < 0.6


def test_copies_on_one_node_write_as_much_as_replicas() -> None:
    one, two = speed(serving(), pool()), speed(serving(data_parallel=2), pool())
    assert two.output_tokens_per_second == pytest.approx(2 * one.output_tokens_per_second, rel=0.2)


@given(
    usd=st.floats(min_value=0.1, max_value=500),
    reading=st.floats(min_value=100, max_value=100_000),
    writing=st.floats(min_value=10, max_value=20_000),
    utilization=st.floats(min_value=0.05, max_value=1),
    share=st.floats(min_value=0, max_value=1),
)
def test_the_tokens_of_an_hour_bring_in_what_the_hour_costs(
    usd: float, reading: float, writing: float, utilization: float, share: float
) -> None:
    throughput = Throughput(input_tokens_per_second=reading, output_tokens_per_second=writing)
    price = token_price(usd, throughput, utilization)
    busy = 3600 * utilization
    tokens_in, tokens_out = busy * share * reading, busy * (1 - share) * writing
    income = (tokens_in * price.input_usd_per_million + tokens_out * price.output_usd_per_million) / 1e6
    # Prices are rounded up to a thousandth of a dollar.
    assert usd <= income * 1.0000001 <= usd * 1.0000002 + 0.001 * (tokens_in + tokens_out) / 1e6


@pytest.mark.parametrize(
    ("usd_per_million", "rounded"),
    [
        (0.071, 0.071),
        (0.0711, 0.0711),
        (0.07111, 0.0712),
        (12.3451, 12.346),
        (0.00372, 0.00372),
        (0.0000043, 0.000005),
        (1e-9, 0.000001),
    ],
)
def test_prices_are_rounded_up_by_at_most_a_hundredth_unless_they_are_next_to_nothing(
    usd_per_million: float, rounded: float
) -> None:
    # At a million tokens a second, an hour costs 3,600 times what a million tokens do.
    throughput = Throughput(input_tokens_per_second=1e6, output_tokens_per_second=0)
    assert token_price(usd_per_million * 3600, throughput, 1).input_usd_per_million == rounded


@pytest.mark.parametrize("utilization", [0, -0.1, 1.1])
def test_a_utilization_outside_zero_to_one_is_refused(utilization: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        token_price(1, Throughput(input_tokens_per_second=1, output_tokens_per_second=1), utilization)


def test_a_model_that_writes_nothing_has_no_price_for_writing() -> None:
    price = token_price(1, Throughput(input_tokens_per_second=1000, output_tokens_per_second=0), 0.5)
    assert price.output_usd_per_million == 0
    assert price.input_usd_per_million == pytest.approx(0.556)


def test_an_owned_server_costs_its_write_off_its_maintenance_and_its_power() -> None:
    node = OwnedNode(
        purchase_usd=HOURS_PER_YEAR * 4,
        lifetime_years=4,
        maintenance_share=0.25,
        kilowatts=2,
        power_overhead=1.5,
        usd_per_kilowatt_hour=0.1,
    )
    # One dollar an hour written off, one for maintenance, thirty cents of power.
    assert owned_node_usd_per_hour(node) == pytest.approx(1 + 1 + 0.3)


def test_a_replica_pays_for_its_gpus_or_its_slices() -> None:
    assert replica_usd_per_hour(serving(tensor_parallel=2), pool(), 80) == pytest.approx(20)
    slices = pool("NVIDIA-H200", 139.7, mig_profile="3g.71gb", mig_slices=2)
    assert replica_usd_per_hour(serving(), slices, 80) == pytest.approx(5)
