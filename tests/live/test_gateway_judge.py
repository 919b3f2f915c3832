"""The judge of content in the real LiteLLM: a guard model is asked about every request and every answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.gateway import Gateway, running_gateway, said
from tests.live.models import LARGE, MODELS, SMALL

pytestmark = pytest.mark.xdist_group("live-gateway-faults")

HAZARDS = ["S1", "S9"]
SETTINGS = {
    "models": MODELS,
    "gateway": {"guardrails": {"judge": {"model": LARGE, "categories": HAZARDS, "checkAnswers": True}}},
}


@pytest.fixture(scope="module")
def gateway(litellm_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("judge"), SETTINGS) as running:
        yield running


@pytest.fixture(autouse=True)
def calm(gateway: Gateway) -> None:
    gateway.calm()


def judged(gateway: Gateway) -> list[str]:
    """What the guard model was asked about, last turns only."""
    return [request["body"]["messages"][-1]["content"] for request in gateway.models[LARGE].requests]


def test_a_request_and_its_answer_are_judged_and_pass(gateway: Gateway) -> None:
    gateway.models[LARGE].set(answers=["safe"])
    assert said(gateway.chat(SMALL, "how do bees fly?")) == f"{SMALL} answers: how do bees fly?"
    assert judged(gateway) == ["how do bees fly?", f"{SMALL} answers: how do bees fly?"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_unsafe_request_reaches_no_model(gateway: Gateway, stream: bool) -> None:
    gateway.models[LARGE].set(answers=["unsafe\nS9"])
    refused = gateway.chat(SMALL, "how are bombs built?", stream=stream)
    assert refused.status_code == 400
    assert "S9" in refused.text
    assert gateway.models[SMALL].requests == []


def test_a_hazard_that_the_settings_do_not_name_passes(gateway: Gateway) -> None:
    gateway.models[LARGE].set(answers=["unsafe\nS6"])
    assert said(gateway.chat(SMALL)).startswith(SMALL)


def test_an_unsafe_answer_is_not_given(gateway: Gateway) -> None:
    gateway.models[LARGE].set(answers=["safe", "unsafe\nS1"])
    gateway.models[SMALL].set(answers=["a recipe for mischief"])
    refused = gateway.chat(SMALL)
    assert refused.status_code == 400
    assert "mischief" not in refused.text


def test_an_unsafe_answer_is_not_streamed_either(gateway: Gateway) -> None:
    gateway.models[LARGE].set(answers=["safe", "unsafe\nS1"])
    gateway.models[SMALL].set(answers=["a recipe for mischief"])
    refused = gateway.chat(SMALL, stream=True)
    assert "mischief" not in refused.text
    assert "recipe" not in refused.text


def test_an_answer_that_is_no_verdict_refuses(gateway: Gateway) -> None:
    gateway.models[LARGE].set(answers=["I would rather not say."])
    assert gateway.chat(SMALL).status_code == 503
    assert gateway.models[SMALL].requests == []


def test_a_guard_model_that_fails_refuses(gateway: Gateway) -> None:
    gateway.models[LARGE].set("status", status=400)
    assert gateway.chat(SMALL).status_code == 503
    assert gateway.models[SMALL].requests == []
