from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base.fragmentation import may_be_blocked
from components.base.gpus import UnknownGpuError, find_gpu, memory_per_unit, mig_memory_gib
from components.base.model_catalogue import find_model
from components.base.node_pools import NodePool
from components.base.packing import Node, Packed, empty_node, pack
from components.base.placed_model import PlacedModel
from components.base.placement import nodes_used, placement_errors
from components.base.pod_sizes import PodSize, pod_size
from components.base.serving_alternatives import longest_context
from components.base.serving_rules import splits_evenly
from tests.builders.test_capacity import serving_of

SYSTEM = NodePool(name="system", role="system", cpu=16, memory_gib=64, min_nodes=3, max_nodes=3)


def pool_of(product: str = "NVIDIA-L40S", gpus: int = 4, nodes: int = 2, **changes: Any) -> NodePool:
    fields: dict[str, Any] = {
        "name": "gpus",
        "role": "gpu",
        "cpu": 128,
        "memory_gib": 1024,
        "min_nodes": nodes,
        "max_nodes": nodes,
        "product": product,
        "gpus_per_node": gpus,
        "memory_per_gpu_gib": find_gpu(product).memory_gib,
    }
    return NodePool(**(fields | changes))


def placed(model: str = "Qwen/Qwen3-8B", replicas: int = 1, most: int | None = None, **changes: Any) -> PlacedModel:
    return PlacedModel(
        name=model.rpartition("/")[2].lower(),
        serving=serving_of(model, **changes),
        pool="gpus",
        min_replicas=replicas,
        max_replicas=most or replicas,
    )


def only_error(model: PlacedModel, *pools: NodePool) -> str:
    errors = placement_errors([model], [SYSTEM, *pools])
    assert len(errors) == 1, errors
    return errors[0]


def test_models_that_fit_have_no_errors() -> None:
    models = [placed(replicas=4), placed("Qwen/Qwen3-32B", tensor_parallel=2)]
    assert placement_errors(models, [SYSTEM, pool_of(gpus=8, nodes=1)]) == ()


def test_an_unknown_pool_is_named_with_those_that_have_gpus() -> None:
    error = only_error(replace(placed(), pool="h100"), pool_of())
    assert error == "models[0].gpu.pool: no node pool is called 'h100'; pools with GPUs: gpus"


def test_a_system_pool_has_no_gpus() -> None:
    assert "models[0].gpu.pool: no GPUs are in pool 'system'" in only_error(replace(placed(), pool="system"), pool_of())


def copied(disk_gib: int, **changes: Any) -> PlacedModel:
    return replace(placed(**changes), disk_gib=disk_gib)


def test_a_copy_of_weights_that_no_node_has_room_for_is_refused_with_both_sizes() -> None:
    # The kubelet keeps a tenth of the disk free.
    error = only_error(copied(181), pool_of(local_disk_gib=200))
    assert error.startswith("models[0].weights.delivery: a copy of the weights and what else a pod writes take 181 GiB")
    assert "a node of pool 'gpus' has 180 to give" in error
    assert placement_errors([copied(180)], [SYSTEM, pool_of(local_disk_gib=200)]) == ()


def test_copies_of_weights_that_do_not_fit_a_node_together_are_refused() -> None:
    fitting, full = pool_of(nodes=1, local_disk_gib=400), pool_of(nodes=1, local_disk_gib=399)
    assert placement_errors([copied(180, replicas=2)], [SYSTEM, fitting]) == ()
    error = only_error(copied(180, replicas=2), full)
    assert "no node of pool 'gpus' has room left" in error
    assert "(and 360 GiB of disk for copies of weights, of which a node has 359 to give)" in error
    assert "disk" not in only_error(copied(180, replicas=5), pool_of(nodes=1))


def test_copies_are_not_compared_with_a_disk_whose_size_nobody_said() -> None:
    assert placement_errors([copied(9000, replicas=4)], [SYSTEM, pool_of(nodes=1)]) == ()


def test_what_does_not_fit_is_shown_with_its_numbers_and_what_would() -> None:
    error = only_error(placed("Qwen/Qwen3-32B"), pool_of())
    assert error.startswith("models[0].gpu: qwen3-32b needs per GPU 61.0 GiB weights")
    assert "1 x NVIDIA-L40S may use 39.9 GiB each" in error
    assert error.endswith("fits with precision: {weights: fp8, kvCache: fp8} or gpu.count: 2")


def test_another_pool_is_offered_where_it_fits() -> None:
    other = pool_of("NVIDIA-H200", 8, 1, name="large")
    assert "gpu: {pool: large, count: 1}" in only_error(placed("Qwen/Qwen3-32B"), pool_of(gpus=1), other)


def test_a_shorter_context_is_offered_where_it_fits() -> None:
    pool = pool_of("NVIDIA-L4", 1, 1)
    error = only_error(placed(), pool)
    shortest = longest_context(placed().serving, pool)
    assert f"maxModelLen: {shortest}" in error
    assert 1024 <= shortest < 32768
    assert placement_errors([placed(max_model_len=shortest)], [pool]) == ()
    assert placement_errors([placed(max_model_len=shortest + 1024)], [pool]) != ()


def test_nothing_is_offered_where_nothing_fits() -> None:
    error = only_error(placed("deepseek-ai/DeepSeek-V3.1"), pool_of("NVIDIA-L4", 4))
    assert "nothing in these pools holds it" in error


@pytest.mark.parametrize(
    ("model", "pool", "key", "words"),
    [
        (placed(tensor_parallel=3), pool_of(), "gpu.count", "cannot be shared over 3 GPUs; this model can use 1, 2, 4"),
        (placed(tensor_parallel=8), pool_of(), "gpu.count", "8 GPUs are more than the 4 of one node"),
        (placed(max_model_len=65536), pool_of(), "maxModelLen", "use at most 40960"),
        (placed(weights="fp8"), pool_of("NVIDIA-A100-SXM4-80GB"), "precision.weights", "needs 8.9"),
        (placed(kv_cache="fp8"), pool_of("NVIDIA-A100-SXM4-80GB"), "precision.kvCache", "use kvCache: auto"),
        (placed(), pool_of("Tesla-T4"), "precision.weights", "use fp16 weights"),
        (placed(weights="awq"), pool_of(), "precision.weights", "choose a repository that publishes awq"),
        (placed("Qwen/Qwen3-8B-FP8", weights="bf16"), pool_of(), "precision.weights", "set fp8"),
        (placed(task="embedding"), pool_of(), "task", "serves chat, completion, not embedding"),
        (
            placed(tensor_parallel=2),
            pool_of("NVIDIA-H200", mig_profile="3g.71gb", mig_slices=2),
            "gpu.count",
            "cannot be split over several",
        ),
        (placed(tensor_parallel=2), pool_of(time_slices=2), "gpu.count", "time-sliced shares"),
    ],
)
def test_what_cannot_work_names_its_key_and_the_fix(model: PlacedModel, pool: NodePool, key: str, words: str) -> None:
    error = only_error(model, pool)
    assert error.startswith(f"models[0].{key}: ")
    assert words in error


def test_an_unlisted_gpu_serves_sixteen_bits_only() -> None:
    pool = replace(pool_of(), product="NVIDIA-Rubin-R100", memory_per_gpu_gib=280)
    assert placement_errors([placed()], [pool]) == ()
    assert "use bf16 with kvCache: auto" in only_error(placed(weights="fp8"), pool)


def test_a_pool_cannot_claim_more_memory_than_its_product_has() -> None:
    errors = placement_errors([placed()], [SYSTEM, pool_of(memory_per_gpu_gib=96)])
    assert errors == ("cluster.pools[1].memoryPerGpuGib: a NVIDIA-L40S has 44.3 GiB, not 96",)


def test_the_total_that_nvidia_smi_shows_is_accepted() -> None:
    assert placement_errors([placed()], [pool_of(memory_per_gpu_gib=44.99)]) == ()
    assert placement_errors([placed()], [pool_of("NVIDIA-H200", memory_per_gpu_gib=140.4)]) == ()


def test_a_model_too_many_is_refused_with_the_sum() -> None:
    models = [placed(replicas=6), placed("Qwen/Qwen3-32B", tensor_parallel=4)]
    (error,) = placement_errors(models, [SYSTEM, pool_of()])
    assert error.startswith("models[0].gpu.pool: no node of pool 'gpus' has room left for qwen3-8b")
    assert "want 10 x nvidia.com/gpu in all, the pool has 2 nodes with 4 each" in error


def test_gpus_that_are_free_on_different_nodes_do_not_make_a_replica() -> None:
    # Nodes of three GPUs: as many GPUs as three pairs want, but the third pair would lie on two nodes.
    pairs = placed("Qwen/Qwen3-32B", tensor_parallel=2, replicas=3)
    assert "no node of pool" in only_error(pairs, pool_of(gpus=3, nodes=2))
    assert placement_errors([pairs], [pool_of(gpus=3, nodes=3)]) == ()


def test_a_large_replica_must_not_depend_on_starting_first() -> None:
    # Seen on the scheduler: two one-GPU replicas are spread over two nodes, and four GPUs are free on neither.
    models = [placed(replicas=2), placed("Qwen/Qwen3-32B", tensor_parallel=4)]
    (error,) = placement_errors(models, [pool_of()])
    assert error.startswith("models[1].gpu.pool: when other models start first")
    assert "leave no node with the 4 GPUs that a replica of qwen3-32b needs" in error
    assert placement_errors(models, [pool_of(nodes=3)]) == ()
    assert placement_errors([placed(), models[1]], [pool_of()]) == ()


def test_replicas_of_one_size_may_fill_a_pool() -> None:
    assert placement_errors([placed("Qwen/Qwen3-32B", tensor_parallel=2, replicas=8)], [pool_of(gpus=8)]) == ()
    assert placement_errors([placed(replicas=16)], [pool_of(gpus=8)]) == ()


@given(
    sizes=st.lists(st.sampled_from([1, 2, 4]), max_size=7), nodes=st.integers(1, 3), needed=st.sampled_from([1, 2, 4])
)
def test_what_is_called_safe_finds_a_node_in_every_order(sizes: list[int], nodes: int, needed: int) -> None:
    if sum(sizes) + needed > 4 * nodes or may_be_blocked(needed, sizes, nodes, 4):
        return
    for order in set(permutations(sizes)):
        free = [4] * nodes
        for size in order:
            # The emptiest node first, as the scheduler spreads.
            best = max(range(nodes), key=lambda node: free[node])
            if free[best] >= size:
                free[best] -= size
        assert max(free) >= needed


def test_replicas_that_a_pool_never_holds_are_refused() -> None:
    assert placement_errors([placed(replicas=1, most=8)], [pool_of()]) == ()
    error = only_error(placed(replicas=1, most=9), pool_of())
    assert error.startswith("models[0].replicas.max: 9 replicas of qwen3-8b never fit pool 'gpus', which holds 8")


@pytest.mark.parametrize("small", [{"cpu": 6}, {"memory_gib": 17}])
def test_a_node_must_have_cores_and_memory_for_a_replica(small: dict[str, Any]) -> None:
    error = only_error(placed(), pool_of(**small))
    assert error.startswith("models[0].gpu.count: a replica needs 6 cores and 17 GiB beside its GPUs")


def test_cores_and_memory_count_when_models_share_a_node() -> None:
    assert placement_errors([placed(replicas=2)], [pool_of(nodes=1, cpu=13)]) == ()
    assert "no node of pool" in placement_errors([placed(replicas=2)], [pool_of(nodes=1, cpu=12)])[0]


def test_the_placement_shows_what_is_on_each_node() -> None:
    models = [placed(replicas=2), placed("Qwen/Qwen3-32B", tensor_parallel=4)]
    assert nodes_used(models, pool_of()) == (("qwen3-32b",), ("qwen3-8b", "qwen3-8b"))


def test_all_errors_are_reported_at_once_with_their_index() -> None:
    errors = placement_errors([placed(), placed(tensor_parallel=3), replace(placed(), pool="none")], [pool_of()])
    assert [error.split(":")[0] for error in errors] == ["models[1].gpu.count", "models[2].gpu.pool"]


def test_a_mig_slice_has_its_own_memory_and_a_time_slice_its_share() -> None:
    assert memory_per_unit(pool_of()) == 44.3
    assert memory_per_unit(pool_of(time_slices=4)) == pytest.approx(44.3 / 4)
    # An H200's 1g.18gb holds 16.0 GiB by nvidia-smi.
    sliced = pool_of("NVIDIA-H200", mig_profile="1g.18gb", mig_slices=7)
    assert memory_per_unit(sliced) == pytest.approx(16.0, rel=0.01)


def test_a_small_model_fits_a_mig_slice_and_a_large_one_does_not() -> None:
    sliced = pool_of("NVIDIA-H200", mig_profile="1g.18gb", mig_slices=7)
    assert placement_errors([placed("Qwen/Qwen3-Embedding-0.6B")], [sliced]) == ()
    assert "slice 1g.18gb may use" in only_error(placed("Qwen/Qwen3-32B-AWQ"), sliced)


def test_what_is_no_mig_profile_is_refused() -> None:
    with pytest.raises(ValueError, match=r"write it like 1g\.18gb"):
        mig_memory_gib("18gb")


def test_a_misspelt_gpu_is_answered_with_the_closest_ones() -> None:
    with pytest.raises(UnknownGpuError, match="did you mean NVIDIA-H100"):
        find_gpu("nvidia-h100")


def test_heads_split_over_divisors_and_multiples() -> None:
    qwen = find_model("Qwen/Qwen3-32B")
    assert [n for n in range(1, 17) if splits_evenly(qwen, n)] == [1, 2, 4, 8, 16]
    assert [n for n in range(1, 9) if splits_evenly(find_model("Qwen/Qwen2.5-VL-7B-Instruct"), n)] == [1, 2, 4]


def test_pods_grow_with_their_gpus_and_only_split_ones_share_memory() -> None:
    one, four = pod_size(serving_of("Qwen/Qwen3-8B")), pod_size(serving_of("Qwen/Qwen3-32B", tensor_parallel=4))
    assert (one.cpu, one.memory_gib, one.shared_memory_gib) == (6, 17, 0)
    assert (four.cpu, four.memory_gib, four.shared_memory_gib) == (12, 52, 8)


# Several nodes


def spread(nodes: int = 2, per_node: int = 4, model: str = "deepseek-ai/DeepSeek-V3.1", **changes: Any) -> PlacedModel:
    fields: dict[str, Any] = {"tensor_parallel": per_node, "pipeline_parallel": nodes, "nodes": nodes}
    return placed(model, **(fields | changes))


def test_a_replica_on_several_nodes_takes_its_gpus_from_each() -> None:
    pool = pool_of("NVIDIA-H100-80GB-HBM3", 8, 2, memory_gib=2048)
    assert placement_errors([spread(2, 8)], [pool]) == ()
    assert nodes_used([spread(2, 8)], pool) == (("deepseek-v3.1",), ("deepseek-v3.1",))


def test_one_node_is_asked_for_where_one_node_does() -> None:
    model = spread(2, 1, "Qwen/Qwen3-8B")
    error = only_error(model, pool_of())
    assert error.startswith("models[0].gpu.nodes: qwen3-8b fits on one node with gpu: {pool: gpus, count: 1}")
    assert "gpu.severalNodes.reason" in error
    assert placement_errors([replace(model, several_nodes=True)], [pool_of()]) == ()


def test_one_node_of_another_pool_is_offered_too() -> None:
    model = spread(2, 1, "Qwen/Qwen3-32B", max_model_len=8192)
    large = pool_of("NVIDIA-H200", 8, 1, name="large")
    assert "{pool: large, count: 1}" in only_error(model, pool_of(gpus=1), large)
    assert placement_errors([model], [pool_of(gpus=1)]) == ()


def test_more_nodes_than_the_pool_has_are_refused() -> None:
    model = replace(spread(4, 4, "Qwen/Qwen3-32B"), several_nodes=True)
    assert only_error(model, pool_of()).startswith("models[0].gpu.nodes: a replica lies on 4 nodes")


def test_replicas_on_several_nodes_are_counted_in_nodes() -> None:
    model = replace(spread(2, 4, "Qwen/Qwen3-32B"), several_nodes=True, min_replicas=2, max_replicas=2)
    assert placement_errors([model], [pool_of(nodes=4)]) == ()
    assert "no node of pool 'gpus' has room left" in only_error(model, pool_of(nodes=3))
    most = replace(model, min_replicas=1, max_replicas=2)
    assert "which holds 1 when it is empty" in only_error(most, pool_of(nodes=3))


# Room for updates


def test_a_canary_needs_room_for_one_more_replica() -> None:
    model = replace(placed(tensor_parallel=4, replicas=2), surge=1)
    assert placement_errors([model], [pool_of(nodes=3)]) == ()
    error = only_error(model, pool_of(nodes=2))
    assert error.startswith("models[0].rollout.strategy: an update of qwen3-8b runs 1 more replicas of 4 GPUs")
    assert "its models want 8 x nvidia.com/gpu, their updates 4 more, the pool has 2 nodes with 4 each" in error
    assert error.endswith("raise the pool's nodes.max, or use strategy: rolling")


def test_room_that_only_updates_lack_is_not_taken_for_a_crowded_pool() -> None:
    rolling = placed(tensor_parallel=4, replicas=2)
    assert placement_errors([rolling], [pool_of(nodes=2)]) == ()
    assert "gpu.pool" in only_error(replace(rolling, min_replicas=3, max_replicas=3, surge=1), pool_of(nodes=2))


def test_the_model_to_change_is_named_whoever_finds_no_room() -> None:
    small = replace(placed(replicas=1), name="small")
    large = replace(placed(tensor_parallel=4, replicas=1), name="large", surge=1)
    errors = placement_errors([small, large], [pool_of(nodes=2)])
    assert [error.split(":")[0] for error in errors] == ["models[1].rollout.strategy"]


def test_a_model_that_stops_when_nobody_asks_must_be_able_to_start() -> None:
    sleeping = replace(placed(tensor_parallel=4), min_replicas=0)
    assert placement_errors([sleeping], [pool_of(nodes=1)]) == ()
    awake = replace(placed(tensor_parallel=4), name="awake")
    assert placement_errors([awake, sleeping], [pool_of(nodes=1)]) != ()


# Many models


@given(st.lists(st.tuples(st.sampled_from([1, 2, 4]), st.integers(1, 3)), min_size=1, max_size=12), st.integers(1, 6))
def test_models_are_packed_as_if_every_node_were_asked_for_every_pod(groups: list[tuple[int, int]], nodes: int) -> None:
    pool = pool_of(nodes=nodes)
    packed = [
        Packed(name=f"m{number}", serving=serving_of("Qwen/Qwen3-8B", tensor_parallel=gpus), count=count)
        for number, (gpus, count) in enumerate(groups)
    ]
    found, homeless = pack(packed, pool)
    expected = [empty_node(pool) for _ in range(nodes)]
    lost = None
    for group in sorted(packed, key=lambda group: -group.serving.gpus):
        for _ in range(group.count):
            size = pod_size(group.serving)
            home = next((node for node in expected if node.takes(group.serving.gpus, size)), None)
            if home is None and lost is None:
                lost = group
            elif home is not None and lost is None:
                home.place(group.name, group.serving.gpus, size)
    assert homeless == lost
    assert [node.models for node in found] == [node.models for node in expected]


def test_a_thousand_models_are_placed_with_work_that_grows_as_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    takes = Node.takes

    def counted(node: Node, units: int, size: PodSize, disk_gib: int = 0) -> bool:
        nonlocal asked
        asked += 1
        return takes(node, units, size, disk_gib)

    monkeypatch.setattr(Node, "takes", counted)
    work: list[int] = []
    for number in (100, 1000):
        models = [replace(placed(tensor_parallel=(1, 2, 4)[index % 3]), name=f"m{index}") for index in range(number)]
        asked = 0
        assert placement_errors(models, [pool_of(gpus=8, nodes=number)]) == ()
        work.append(asked)
    assert work[1] < 11 * work[0]
