from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from tests.builders.test_capacity_placement import placed, pool_of
from tools.fit.command import answer_models, run_fit
from tools.fit.errors import FitError
from tools.render.errors import RenderError

H100 = "NVIDIA-H100-80GB-HBM3"


def ask(**variables: str) -> tuple[int, str]:
    console = Console(width=200)
    with console.capture() as capture:
        code = run_fit(console, Path("/nonexistent"), variables)
    return code, capture.get()


def test_the_smallest_number_of_gpus_is_found_and_explained() -> None:
    code, text = ask(MODEL="Qwen/Qwen3-32B", GPU="NVIDIA-L40S")
    assert code == 0
    assert "33.1 GiB per GPU missing" in text
    assert "smallest that fits: 2 x NVIDIA-L40S" in text
    assert "44.30 GiB x 0.90 = 39.87 GiB" in text


def test_a_shorter_context_and_other_formats_change_the_answer() -> None:
    assert "smallest that fits: 2 x" in ask(MODEL="openai/gpt-oss-120b", GPU=H100)[1]
    assert "smallest that fits: 1 x" in ask(MODEL="openai/gpt-oss-120b", GPU=H100, CONTEXT="32768")[1]
    assert "smallest that fits: 1 x" in ask(MODEL="Qwen/Qwen3-32B", GPU="NVIDIA-L40S", WEIGHTS="fp8", KV_CACHE="fp8")[1]


def test_without_a_gpu_every_product_is_tried() -> None:
    code, text = ask(MODEL="meta-llama/Llama-3.3-70B-Instruct")
    assert code == 0
    assert "NVIDIA-H200" in text
    assert "Tesla-T4" not in text


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
