from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from components.base.model_catalogue import CATALOGUE
from stacks.schema.models import ModelSettings
from stacks.serving import model_problems, serving
from tests.builders.test_capacity_placement import placed, pool_of
from tools.fit.answer import of_every_product
from tools.fit.command import answer_models, run_fit
from tools.fit.errors import FitError
from tools.fit.question import node_of, read_question
from tools.render.errors import RenderError

H100 = "NVIDIA-H100-80GB-HBM3"


def ask(**variables: str) -> tuple[int, str]:
    console = Console(width=200)
    with console.capture() as capture:
        code = run_fit(console, Path("/nonexistent"), variables)
    return code, capture.get()


def test_the_cheapest_number_of_gpus_is_found_and_explained() -> None:
    code, text = ask(MODEL="Qwen/Qwen3-32B", GPU="NVIDIA-L40S")
    assert code == 0
    assert "32.9 GiB per GPU missing" in text
    assert "cheapest that fits: 2 x NVIDIA-L40S in bf16" in text
    assert "44.30 GiB x 0.90 = 39.87 GiB" in text


def test_a_shorter_context_and_other_formats_change_the_answer() -> None:
    assert "cheapest that fits: 2 x" in ask(MODEL="openai/gpt-oss-120b", GPU=H100)[1]
    assert "cheapest that fits: 1 x" in ask(MODEL="openai/gpt-oss-120b", GPU=H100, CONTEXT="32768")[1]
    assert "cheapest that fits: 1 x" in ask(MODEL="Qwen/Qwen3-32B", GPU="NVIDIA-L40S", WEIGHTS="fp8", KV_CACHE="fp8")[1]


def test_without_a_gpu_every_product_is_tried_and_the_cheapest_comes_first() -> None:
    code, text = ask(MODEL="meta-llama/Llama-3.3-70B-Instruct")
    assert code == 0
    assert "Tesla-T4" not in text
    rows = [line.split("│") for line in text.splitlines() if line.startswith("│")]
    prices = [float(row[-2]) for row in rows if "no list price" not in row[-2]]
    assert prices == sorted(prices)
    assert len(prices) > 5
    # Products that no instance has come last.
    assert all("no list price" in row[-2] for row in rows[len(prices) :])
    assert len(rows) > len(prices)


def test_prices_are_dated_and_name_their_region() -> None:
    _, text = ask(MODEL="Qwen/Qwen3-8B", GPU="NVIDIA-L4", CONTEXT="8192")
    assert "on g6.2xlarge for 0.98 USD an hour" in text
    assert "list price of whole AWS instances on demand in us-east-1, 2026-07-20" in text
    assert "no list price" in ask(MODEL="Qwen/Qwen3-8B", GPU="NVIDIA-H100-NVL")[1]


def test_sixteen_bits_are_turned_into_fp8_where_that_is_cheaper() -> None:
    model = "Qwen/Qwen3-32B"
    assert "1 x NVIDIA-H100-80GB-HBM3 in fp8, on p5.4xlarge" in ask(MODEL=model, GPU=H100)[1]
    assert "2 x NVIDIA-H100-80GB-HBM3 in bf16" in ask(MODEL=model, GPU=H100, WEIGHTS="bf16")[1]
    # An A100 has no fp8.
    assert "in bf16, on p4de.24xlarge" in ask(MODEL=model, GPU="NVIDIA-A100-SXM4-80GB")[1]


def test_what_no_server_holds_is_laid_on_several() -> None:
    code, text = ask(MODEL="deepseek-ai/DeepSeek-V3.1", GPU=H100)
    assert code == 0
    assert "cheapest that fits: 16 x NVIDIA-H100-80GB-HBM3 on 2 nodes in fp8, on 2 x p5.48xlarge" in text
    assert f"gpu: {{pool: <pool with {H100}>, count: 8, nodes: 2}}" in text
    assert "nodes" not in ask(MODEL="deepseek-ai/DeepSeek-V3.1", GPU="NVIDIA-H200")[1]


def entry_in(text: str) -> dict[str, Any]:
    """What a reader pastes, with everything in angle brackets filled in."""
    _, found, yaml_text = text.partition("for the stack file, under models:\n")
    assert found
    known = {"<commit>": "abcdef01" * 5, "<registry>/<vLLM with vllm[audio]>:<tag>": "registry.example.org/vllm:v1"}
    known["<image with the weights as safetensors>"] = "registry.example.org/weights:v1"
    for placeholder, value in known.items():
        yaml_text = yaml_text.replace(placeholder, value)
    (entry,) = yaml.safe_load(re.sub(r"<[^<>]+>", "what-the-reader-knows", yaml_text))
    return entry


def test_the_answer_ends_with_what_to_paste_into_the_stack_file() -> None:
    _, text = ask(MODEL="Qwen/Qwen3-32B", GPU="NVIDIA-L40S")
    assert text.endswith(
        "for the stack file, under models:\n"
        "- name: qwen3-32b\n"
        "  task: chat\n"
        "  weights: {huggingFace: Qwen/Qwen3-32B, revision: <commit>}\n"
        "  maxModelLen: 40960\n"
        "  gpu: {pool: <pool with NVIDIA-L40S>, count: 2}\n"
    )
    assert "for the stack file" not in ask(MODEL="Qwen/Qwen3-32B", GPU="NVIDIA-L40S", COUNT="1")[1]


@pytest.mark.parametrize("model", sorted(CATALOGUE))
def test_the_pasted_entry_of_every_model_is_accepted_and_served_as_the_answer_says(model: str) -> None:
    code, text = ask(MODEL=model)
    assert code == 0
    pasted = ModelSettings.model_validate(entry_in(text))
    assert pasted.rollout.strategy == "rolling"
    (way,) = of_every_product(read_question({"MODEL": model}))[:1]
    assert serving(pasted) == replace(way.serving, architecture=serving(pasted).architecture)
    problems = model_problems([pasted], [replace(node_of(way.gpu), name="what-the-reader-knows")])
    assert problems == []


def test_formats_that_were_asked_for_are_in_the_pasted_entry() -> None:
    _, text = ask(MODEL="Qwen/Qwen3-32B", GPU="NVIDIA-L40S", WEIGHTS="fp8", KV_CACHE="fp8", CONTEXT="16384")
    assert entry_in(text)["precision"] == {"weights": "fp8", "kvCache": "fp8"}
    assert entry_in(text)["maxModelLen"] == 16384


def test_a_refusal_says_what_would_fit() -> None:
    assert "does not fit NVIDIA-L40S; it would with " in ask(MODEL="Qwen/Qwen3-32B", GPU="NVIDIA-L40S", COUNT="1")[1]
    assert "or gpu.count: 2" in ask(MODEL="Qwen/Qwen3-32B", GPU="NVIDIA-L40S", COUNT="1")[1]


def test_an_instance_has_the_cores_and_the_memory_of_the_pod() -> None:
    # A g6.xlarge has the GPU, but not the cores.
    assert "g6.2xlarge" in ask(MODEL="Qwen/Qwen3-0.6B", GPU="NVIDIA-L4")[1]


@pytest.mark.parametrize(
    "variables",
    [
        {"MODEL": "Qwen/Qwen3-32B", "GPU": "NVIDIA-L40S", "COUNT": "1"},
        {"MODEL": "Qwen/Qwen3-32B", "GPU": "NVIDIA-L40S", "COUNT": "3"},
        {"MODEL": "Qwen/Qwen3-8B-FP8", "GPU": "NVIDIA-A100-SXM4-80GB"},
        {"MODEL": "deepseek-ai/DeepSeek-V3.1", "GPU": "NVIDIA-L4"},
    ],
)
def test_what_does_not_fit_ends_with_status_one(variables: dict[str, str]) -> None:
    code, text = ask(**variables)
    assert code == 1
    assert "does not fit" in text


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "MODEL is not set: make fit MODEL="),
        (
            {"MODEL": "Qwen/Qwen3-9B"},
            "MODEL: model 'Qwen/Qwen3-9B' is not in the catalogue; did you mean Qwen/Qwen3-8B",
        ),
        ({"MODEL": "gpt-oss"}, "did you mean openai/gpt-oss-20b, openai/gpt-oss-120b?"),
        ({"MODEL": "Qwen/Qwen3-8B", "GPU": "L40S"}, "GPU: no GPU is labelled 'L40S'; did you mean NVIDIA-L40S?"),
        ({"MODEL": "Qwen/Qwen3-8B", "COUNT": "two"}, "COUNT: 'two' is no whole number above 0"),
        ({"MODEL": "Qwen/Qwen3-8B", "CONTEXT": "0"}, "CONTEXT: '0' is no whole number above 0"),
        ({"MODEL": "Qwen/Qwen3-8B", "WEIGHTS": "int4"}, "WEIGHTS: 'int4' is no format; use bf16, fp16"),
        ({"MODEL": "Qwen/Qwen3-8B", "KV_CACHE": "int8"}, "KV_CACHE: 'int8' is no format; use auto, fp8"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_the_fix(variables: dict[str, str], words: str) -> None:
    with pytest.raises(FitError) as error:
        ask(**variables)
    assert words in str(error.value)


def test_a_missing_stack_is_named() -> None:
    with pytest.raises(RenderError, match="does not exist"):
        ask(STACK="nowhere")


def test_a_stack_s_models_are_shown_with_their_nodes() -> None:
    console = Console(width=200)
    with console.capture() as capture:
        code = answer_models(
            console, [placed(replicas=2), placed("Qwen/Qwen3-32B", tensor_parallel=2)], (pool_of(gpus=8, nodes=1),)
        )
    assert code == 0
    assert "qwen3-32b, qwen3-8b, qwen3-8b" in capture.get()


def test_a_stack_s_errors_are_shown_with_their_path() -> None:
    console = Console(width=200)
    with console.capture() as capture:
        code = answer_models(console, [placed("Qwen/Qwen3-32B")], (pool_of(),))
    assert code == 1
    assert "error: models[0].gpu: qwen3-32b needs per GPU" in capture.get()
