"""GPU placement as the page shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from components.base.model_catalogue import find_model
from components.base.node_pools import NodePool
from components.base.placed_model import PlacedModel
from components.base.placement import nodes_used
from components.base.serving import Serving
from stacks.serving import placed
from tests.report.reports import contents_of, sources_of
from tests.stacks.conftest import STACKS
from tools.report.fit_terms import model_fits
from tools.report.page import page
from tools.report.placement import placements


def pool(**changes: object) -> NodePool:
    values: dict[str, object] = {
        "name": "l40s",
        "role": "gpu",
        "cpu": 64,
        "memory_gib": 512,
        "min_nodes": 1,
        "max_nodes": 5,
        "product": "NVIDIA-L40S",
        "gpus_per_node": 4,
        "memory_per_gpu_gib": 44.3,
    }
    return NodePool(**(values | changes))  # pyright: ignore[reportArgumentType] # a whole record


def model(name: str, *, tensor_parallel: int = 1, replicas: int = 1, surge: int = 0) -> PlacedModel:
    serving = Serving(
        architecture=find_model("Qwen/Qwen3-8B"),
        task="chat",
        max_model_len=8192,
        weights="bf16",
        tensor_parallel=tensor_parallel,
    )
    return PlacedModel(
        name=name, serving=serving, pool="l40s", min_replicas=replicas, max_replicas=replicas, surge=surge
    )


def test_each_replica_holds_its_gpus_and_the_rest_is_free() -> None:
    [found] = placements([model("wide", tensor_parallel=2), model("small", replicas=3, surge=1)], [pool()])
    assert [[unit.model for unit in node.units] for node in found.nodes] == [
        ["wide", "wide", "small", "small"],
        ["small", "", "", ""],
        ["", "", "", ""],
    ]
    assert [node.title for node in found.nodes] == ["node 1", "node 2", "nodes 3 to 5"]
    assert (found.units, found.used, found.free, found.update_units) == (20, 5, 15, 1)


def test_an_update_needs_its_largest_surge_in_gpus() -> None:
    [found] = placements([model("wide", tensor_parallel=4, surge=1), model("small", surge=2)], [pool()])
    assert found.update_units == 4


def test_a_bar_is_the_memory_of_the_gpu() -> None:
    [found] = placements([model("small")], [pool()])
    unit = found.nodes[0].units[0]
    assert [segment.kind for segment in unit.segments] == ["weights", "working", "cache", "reserved"]
    assert sum(segment.width for segment in unit.segments) == 1000
    assert unit.segments[0].width == pytest.approx(1000 * unit.weights_gib / unit.memory_gib, abs=1)
    assert unit.weights_gib == pytest.approx(15.26, abs=0.05)
    assert unit.memory_gib == 44.3


def test_slices_of_a_gpu_are_units_of_their_own() -> None:
    [found] = placements([model("small")], [pool(product="NVIDIA-H200", mig_profile="2g.35gb", mig_slices=3)])
    assert len(found.nodes[0].units) == 12
    assert found.unit == "NVIDIA-H200, MIG slice 2g.35gb"


def test_a_pool_without_gpus_is_not_shown() -> None:
    assert placements([], [pool(role="system", product=None, gpus_per_node=0)]) == ()


@pytest.mark.parametrize("stack", STACKS)
def test_placement_is_the_one_of_the_capacity_check(stack: str) -> None:
    settings = sources_of(stack).settings
    models = [placed(entry) for entry in settings.models]
    gpus = {entry.name: entry.serving.gpus_per_node for entry in models}
    for entry, shown in zip(
        [one.as_pool() for one in settings.cluster.pools if one.role == "gpu"], contents_of(stack).pools, strict=True
    ):
        expected = [Counter(names) for names in nodes_used(models, entry)]
        held = [
            Counter(unit.model for unit in node.units if unit.model) for node in shown.nodes for _ in range(node.times)
        ]
        assert [Counter({name: count // gpus[name] for name, count in node.items()}) for node in held] == expected
        assert shown.used == sum(model.replicas * model.serving.gpus for model in models if model.pool == entry.name)


def test_a_model_that_is_too_large_says_what_is_missing() -> None:
    [found] = model_fits([model("small")], [pool(product="Tesla-T4", memory_per_gpu_gib=14.5)])
    assert not found.fit.fits
    assert found.verdict.startswith("does not fit: ")
    assert found.verdict.endswith("GiB per GPU missing")


def test_of_a_large_pool_the_first_nodes_are_shown_and_the_others_unfold() -> None:
    made = contents_of("prod")
    copies = [model(f"copy-{number}") for number in range(40)]
    text = page(replace(made, pools=placements(copies, [pool(max_nodes=10)])))
    section = text[text.index('<section id="placement"') : text.index('<section id="fit"')]
    shown, _, unfolding = section.partition("<details>")
    assert (shown.count('class="node"'), unfolding.count('class="node"')) == (8, 2)
    assert unfolding.count("</details>") == 1
    small = page(made)
    assert "<details>" not in small[small.index('<section id="placement"') : small.index('<section id="fit"')]
