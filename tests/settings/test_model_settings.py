from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.base.gpus import find_gpu
from components.base.model_weights import HuggingFaceWeights, ImageWeights, ObjectStoreWeights, VolumeWeights
from components.base.node_pools import NodePool
from stacks.schema.models import ModelSettings
from stacks.serving import architecture, model_problems, placed, serving, weights

REVISION = "b968826d9c46dd6066d109eabc6255188de91218"
MODEL: dict[str, Any] = {
    "name": "qwen3-8b",
    "task": "chat",
    "weights": {"huggingFace": "Qwen/Qwen3-8B", "revision": REVISION},
    "maxModelLen": 32768,
    "gpu": {"pool": "l40s", "count": 1},
}
ARCHITECTURE: dict[str, Any] = {
    "parametersBillion": 7.6,
    "layers": 28,
    "hiddenSize": 3584,
    "intermediateSize": 18944,
    "heads": 28,
    "kvHeads": 4,
    "headDim": 128,
    "vocabulary": 152064,
    "maxContext": 32768,
    "source": "https://huggingface.co/Qwen/Qwen2.5-7B-Instruct/blob/main/config.json",
}
POOL = NodePool(
    name="l40s",
    role="gpu",
    cpu=64,
    memory_gib=512,
    min_nodes=2,
    max_nodes=2,
    product="NVIDIA-L40S",
    gpus_per_node=4,
    memory_per_gpu_gib=find_gpu("NVIDIA-L40S").memory_gib,
)


def model(**changes: Any) -> ModelSettings:
    return ModelSettings.model_validate(MODEL | changes)


def refusal(**changes: Any) -> str:
    with pytest.raises(ValidationError) as error:
        model(**changes)
    assert error.value.error_count() == 1, error.value
    return str(error.value)


def test_a_model_needs_few_keys_and_gets_safe_defaults() -> None:
    settings = model()
    assert settings.replicas.min == settings.replicas.max == 1
    assert settings.priority == "platform-standard"
    assert settings.gpu_memory_utilization == 0.90
    assert settings.max_num_seqs == 256
    assert settings.precision.kv_cache == "auto"
    assert settings.tool_call_parser is None


def test_the_outline_of_a_stack_file_is_accepted_as_written() -> None:
    settings = model(
        precision={"weights": "bf16", "kvCache": "auto"},
        gpu={"pool": "l40s", "count": 2, "pipelineParallel": 1},
        replicas={"min": 1, "max": 4},
        adapters=[],
        toolCallParser="hermes",
        reasoningParser="qwen3",
        source="https://huggingface.co/Qwen/Qwen3-8B",
    )
    assert settings.gpu.count == 2


@pytest.mark.parametrize("name", ["8b-qwen", "a" * 39])
def test_a_name_must_be_that_of_a_service(name: str) -> None:
    assert "must start with a letter and have at most 38 characters" in refusal(name=name)


@pytest.mark.parametrize("name", ["Qwen", "qwen_3", "qwen3.5", ""])
def test_a_name_must_be_a_dns_label(name: str) -> None:
    assert "is no DNS label" in refusal(name=name)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({}, "set exactly one of huggingFace (with revision), s3, oci or path; 0 are set"),
        ({"huggingFace": "Qwen/Qwen3-8B", "revision": REVISION, "s3": "s3://models/own"}, "2 are set"),
        ({"huggingFace": "Qwen/Qwen3-8B"}, "https://huggingface.co/Qwen/Qwen3-8B/commits/main"),
        ({"s3": "s3://models/own", "revision": REVISION}, "revision belongs to huggingFace"),
        ({"huggingFace": "Qwen/Qwen3-8B", "revision": "main"}, "weights.revision"),
        ({"huggingFace": "Qwen3-8B", "revision": REVISION}, "weights.huggingFace"),
        ({"s3": "s3://elsewhere/own"}, "weights.s3"),
        ({"path": "/models/own"}, "weights.path"),
    ],
)
def test_weights_have_exactly_one_source_and_a_commit(source: dict[str, str], words: str) -> None:
    assert words in refusal(weights=source)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gpu": {"pool": "l40s", "count": 3, "pipelineParallel": 2}}, "must be a multiple of pipelineParallel"),
        ({"gpu": {"pool": "l40s", "count": 0}}, "greater than or equal to 1"),
        ({"replicas": {"min": 3, "max": 2}}, "min (3) is more than max (2)"),
        ({"replicas": {"min": -1}}, "greater than or equal to 0"),
        ({"adapters": [{"name": "legal", "s3": "adapters/legal"}]}, "is not s3://models/<folder>"),
        ({"task": "transcription"}, "task transcription needs image"),
        ({"task": "embedding", "toolCallParser": "hermes"}, "task embedding generates no text"),
        ({"toolCallParser": "hermess"}, "'hermes'"),
        ({"reasoningParser": "qwen4"}, "'qwen3'"),
        ({"precision": {"weights": "int4"}}, "'awq'"),
        ({"gpuMemoryUtilization": 1.0}, "less than or equal to 0.97"),
        ({"maxModelLength": 4096}, "Extra inputs are not permitted"),
        ({"image": "registry.example.org/vllm"}, "names no version"),
        ({"image": "registry.example.org/vllm:latest"}, "names no version"),
        ({"baseModel": "Qwen/Qwen3-8B", "architecture": ARCHITECTURE}, "exclude each other"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], words: str) -> None:
    assert words in refusal(**changes)


def test_transcription_is_served_by_an_own_image() -> None:
    image = "registry.example.org/vllm-audio:v0.33.0"
    assert model(task="transcription", image=image).image == image
    digest = f"registry.example.org/vllm-audio@sha256:{'0' * 64}"
    assert model(task="transcription", image=digest).image == digest


def test_settings_become_a_way_of_serving() -> None:
    settings = model(
        gpu={"pool": "l40s", "count": 4, "pipelineParallel": 2},
        precision={"weights": "fp8", "kvCache": "fp8"},
        maxNumSeqs=64,
        gpuMemoryUtilization=0.85,
    )
    result = serving(settings)
    assert (result.tensor_parallel, result.pipeline_parallel, result.gpus) == (2, 2, 4)
    assert (result.weights, result.kv_cache) == ("fp8", "fp8")
    assert (result.max_model_len, result.max_num_seqs, result.gpu_memory_utilization) == (32768, 64, 0.85)
    assert (placed(settings).pool, placed(settings).min_replicas) == ("l40s", 1)


def test_weights_are_served_as_published_unless_told_otherwise() -> None:
    assert serving(model()).weights == "bf16"
    quantized = model(weights={"huggingFace": "Qwen/Qwen3-32B-AWQ", "revision": REVISION})
    assert serving(quantized).weights == "awq"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (MODEL["weights"], HuggingFaceWeights(repository="Qwen/Qwen3-8B", revision=REVISION)),
        ({"s3": "s3://models/own/tuned"}, ObjectStoreWeights(prefix="own/tuned")),
        (
            {"oci": "registry.example.org/models/tuned:1.0"},
            ImageWeights(reference="registry.example.org/models/tuned:1.0"),
        ),
        ({"path": "models/own/tuned"}, VolumeWeights(claim="models", folder="own/tuned")),
        ({"path": "models"}, VolumeWeights(claim="models", folder="")),
    ],
)
def test_each_source_reaches_the_component(source: dict[str, str], expected: object) -> None:
    assert weights(model(weights=source)) == expected


def test_weights_of_a_base_model_have_its_architecture_in_their_own_format() -> None:
    settings = model(weights={"s3": "s3://models/own/tuned"}, baseModel="Qwen/Qwen3-8B", precision={"weights": "awq"})
    described = architecture(settings)
    assert (described.layers, described.checkpoint, described.name) == (36, "awq", "s3://models/own/tuned")
    assert model_problems([settings], [POOL]) == []


def test_an_architecture_of_one_s_own_is_enough() -> None:
    settings = model(weights={"huggingFace": "acme/tuned", "revision": REVISION}, architecture=ARCHITECTURE)
    described = architecture(settings)
    assert (described.name, described.kv_heads, described.tasks) == ("acme/tuned", 4, ("chat",))
    assert model_problems([settings], [POOL]) == []


def test_a_model_that_nobody_knows_is_refused_with_close_names() -> None:
    unknown = model(weights={"huggingFace": "Qwen/Qwen3-8b", "revision": REVISION})
    (problem,) = model_problems([model(), unknown], [POOL])
    assert problem.startswith("models[1].weights.huggingFace: model 'Qwen/Qwen3-8b' is not in the catalogue")
    assert "did you mean Qwen/Qwen3-8B" in problem
    assert problem.endswith("or set baseModel, or describe it under architecture")


def test_a_misspelt_base_model_is_refused_under_its_own_key() -> None:
    (problem,) = model_problems([model(baseModel="Qwen/Qwen3-9B")], [POOL])
    assert problem.startswith("models[0].baseModel: ")


def test_weights_that_cannot_be_streamed_are_refused() -> None:
    unstreamable = model(
        task="embedding", weights={"huggingFace": "BAAI/bge-m3", "revision": REVISION}, maxModelLen=8192
    )
    (problem,) = model_problems([unstreamable], [POOL])
    assert "models[0].weights.huggingFace: BAAI/bge-m3 is not published as safetensors" in problem


def test_what_does_not_fit_is_refused_with_its_path() -> None:
    large = model(weights={"huggingFace": "Qwen/Qwen3-32B", "revision": REVISION})
    (problem,) = model_problems([large], [POOL])
    assert problem.startswith("models[0].gpu: qwen3-8b needs per GPU 61.0 GiB weights")


def test_models_that_fit_have_no_problems() -> None:
    assert model_problems([model()], [POOL]) == []
