"""AI-05 makes the sum of `make fit`, over what a server is really told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.base.capacity import fit
from components.base.gpus import memory_per_unit
from components.base.model_catalogue import find_model
from components.base.model_declaration import (
    write_architecture,
)
from components.base.node_pools import NodePool
from components.base.serving import Serving
from policies.findings import Result
from policies.served_model import architecture_of, memory_of
from tests.policies.cases import judged, put
from tests.policies.served_model_objects import DESCRIBED, H100, first_server, pool, rendered, serving, sum_of
from tests.policies.serving_objects import (
    COMMIT,
    MODEL,
    argument,
    model_server,
    server_pod,
)

SERVED: list[tuple[Serving, NodePool]] = [
    (serving(), pool()),
    (serving(max_num_seqs=64, max_num_batched_tokens=1024, prefix_cache_share=0.1), pool()),
    (serving(weights="fp8", kv_cache="fp8"), pool()),
    (serving(adapter_slots=4, adapter_rank=32), pool()),
    (serving(tensor_parallel=2, pipeline_parallel=2, data_parallel=2), H100),
    (serving(architecture=DESCRIBED), pool()),
    (serving("Qwen/Qwen3-0.6B", gpu_memory_utilization=0.8), pool(time_slices=4)),
    (
        serving("Qwen/Qwen3-0.6B"),
        pool("NVIDIA-H100-80GB-HBM3", 79.1, mig_profile="1g.20gb", mig_slices=4),
    ),
    (serving("Qwen/Qwen2.5-VL-7B-Instruct", task="vision", video_gib=3.0), pool()),
    (serving("BAAI/bge-reranker-v2-m3"), pool()),
    (serving("openai/gpt-oss-120b"), H100),
]


@pytest.mark.parametrize(("served", "on"), SERVED)
def test_the_sum_is_that_of_make_fit(served: Serving, on: NodePool) -> None:
    here, there = sum_of(rendered(served, on)), fit(served, memory_per_unit(on))
    assert here.budget_gib == pytest.approx(there.budget_gib, rel=1e-3)
    assert here.missing_gib == pytest.approx(there.missing_gib, abs=0.05)
    assert here.overhead_gib == pytest.approx(there.overhead_gib)
    assert here.weights_gib == pytest.approx(there.weights_gib)
    stated = replace(
        served,
        gpu_memory_utilization=here.serving.gpu_memory_utilization,
        max_num_batched_tokens=served.batched_tokens(memory_per_unit(on)),
    )
    assert here.serving == stated


@pytest.mark.parametrize(("served", "on"), SERVED)
def test_what_fits_has_no_finding_and_what_does_not_is_refused(served: Serving, on: NodePool) -> None:
    report = judged([rendered(served, on)], "AI-05")
    fits = fit(served, memory_per_unit(on)).fits
    assert [finding.result for finding in report.findings] == ([] if fits else [Result.FAIL])


def test_the_sum_takes_the_defaults_of_vllm_for_flags_that_are_missing() -> None:
    record = model_server(server_pod(args=["s3://models/anything"]))
    served = sum_of(record).serving
    assert served.max_model_len == find_model(MODEL).max_context
    assert (served.gpu_memory_utilization, served.max_num_seqs, served.adapter_slots) == (0.92, 256, 0)
    large = model_server(server_pod(args=["m", "--enable-lora"]), gpu_product="NVIDIA-H200", gpu_memory_gib="139.7")
    served = sum_of(large).serving
    assert (served.max_num_seqs, served.adapter_slots, served.adapter_rank) == (1024, 1, 16)


def test_a_gpu_has_no_more_memory_than_its_product_whatever_is_declared() -> None:
    assert memory_of(first_server(model_server(gpu_memory_gib="400"))) == 44.3
    assert memory_of(first_server(model_server(gpu_memory_gib="40"))) == 40
    assert memory_of(first_server(model_server(gpu_memory_gib="400", gpu_product="NEW"))) == 400
    spec = server_pod(resources={"limits": {"nvidia.com/mig-1g.18gb": "1"}})
    assert memory_of(first_server(model_server(spec, gpu_product="NVIDIA-H200", gpu_memory_gib="139"))) == (
        pytest.approx(15.93, abs=0.01)
    )


def test_a_slice_that_is_no_mig_profile_is_refused() -> None:
    spec = server_pod(resources={"limits": {"nvidia.com/mig-huge": "1"}})
    assert [finding.result for finding in judged([model_server(spec)], "AI-05").findings] == [Result.FAIL]


def test_what_the_catalogue_knows_nobody_declares_smaller() -> None:
    small = write_architecture(replace(find_model(MODEL), layers=1))
    assert architecture_of(first_server(model_server(model_architecture=small))) == find_model(MODEL)


def test_weights_of_a_known_model_cannot_be_declared_as_another_one() -> None:
    small = write_architecture(replace(find_model(MODEL), name="own/model", layers=1))
    record = model_server(model="own/model", model_architecture=small)
    messages = [finding.message for finding in judged([record], "AI-05").findings]
    assert len(messages) == 1
    assert "must name the model" in messages[0]


def test_weights_made_from_a_known_model_differ_in_name_and_format_alone() -> None:
    base = replace(find_model(MODEL), name="own/model", checkpoint="fp8", gated=True, safetensors=False)
    record = model_server(model="own/model", model_architecture=write_architecture(base))
    assert judged([record], "AI-05").findings == ()


def test_copied_weights_are_known_by_the_name_of_their_folder() -> None:
    record = model_server(model="Qwen/Qwen3-0.6B")
    put(record["inputs"], argument("s3://"), f"/weights/Qwen--Qwen3-8B--{COMMIT}-code")
    assert [finding.result for finding in judged([record], "AI-05").findings] == [Result.FAIL]
    put(record["inputs"], argument("s3://"), "/weights/Qwen--Qwen3-8B")
    assert [finding.result for finding in judged([record], "AI-05").findings] == [Result.FAIL]


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"name": "own/model"}', write_architecture(DESCRIBED).replace("30", '"30"')]
)
def test_an_architecture_that_cannot_be_read_is_refused(text: str) -> None:
    record = model_server(model="own/model", model_architecture=text)
    assert Result.FAIL in {finding.result for finding in judged([record], "AI-05").findings}
