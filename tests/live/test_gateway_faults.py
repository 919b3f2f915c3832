"""The real LiteLLM, configured by the rendered stack, when model servers fail.

Each test has a model of its own to break: a model in cooldown stays there. The time that a cooldown lasts is
shortened; numbers of retries and failures are the platform's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.inference_gateway.environment import REQUESTS_BEFORE_COOLDOWN
from tests.live.gateway import Gateway, running_gateway, said
from tests.live.models import EMBEDDING, LARGE, MODELS, RERANKER, SMALL
from tests.simulated.manifests import eventually

pytestmark = pytest.mark.xdist_group("live-gateway-faults")

SETTINGS = {"models": MODELS, "gateway": {"fallbacks": {SMALL: [LARGE]}}}
COOLDOWN_SECONDS = 2
TRIES = 3
MOST_REQUESTS = 4 * REQUESTS_BEFORE_COOLDOWN


def _shorten(config: dict[str, Any]) -> None:
    assert config["router_settings"]["cooldown_time"] > COOLDOWN_SECONDS
    config["router_settings"]["cooldown_time"] = COOLDOWN_SECONDS


@pytest.fixture(scope="module")
def gateway(litellm_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("faults")
    with running_gateway(folder, SETTINGS, change=_shorten) as running:
        yield running


@pytest.fixture(autouse=True)
def calm(gateway: Gateway) -> None:
    for model in gateway.models.values():
        if model.process.is_running:
            model.set()


def statuses(gateway: Gateway, model: str) -> list[int]:
    return [request["status"] for request in gateway.models[model].requests]


def responses(gateway: Gateway, model: str, kind: str) -> float:
    """How many requests to `model` the counters of the alert GatewayModelOutage know of, `failure` or `success`."""
    name = f"litellm_deployment_{kind}_responses_total"
    samples = gateway.metrics().items()
    return sum(value for sample, value in samples if sample.startswith(f"{name}{{") and f'_name="{model}"' in sample)


def test_one_failure_is_retried_on_the_same_model_and_the_client_sees_none(gateway: Gateway) -> None:
    gateway.models[EMBEDDING].set("status", status=500, times=1)
    answered = gateway.post("/v1/embeddings", {"model": EMBEDDING, "input": "text"})
    assert answered.status_code == 200, answered.text
    assert statuses(gateway, EMBEDDING) == [500, 200]


def test_a_model_server_that_is_too_busy_is_asked_once_more(gateway: Gateway) -> None:
    gateway.models[LARGE].set("status", status=429, times=1)
    assert said(gateway.chat(LARGE)).startswith(LARGE)
    assert statuses(gateway, LARGE) == [429, 200]


def test_a_request_that_the_model_server_calls_wrong_is_not_repeated(gateway: Gateway) -> None:
    gateway.models[LARGE].set("status", status=400)
    assert gateway.chat(LARGE).status_code == 400
    assert statuses(gateway, LARGE) == [400]


def test_an_answer_that_breaks_off_is_asked_for_again(gateway: Gateway) -> None:
    gateway.models[LARGE].set("close", times=1)
    assert said(gateway.chat(LARGE)).startswith(LARGE)
    assert len(gateway.models[LARGE].requests) == 2


def test_a_stream_that_breaks_off_does_not_look_finished(gateway: Gateway) -> None:
    gateway.models[LARGE].set("close")
    broken = gateway.chat(LARGE, stream=True)
    finished = '"finish_reason":"stop"' in broken.text and "error" not in broken.text
    assert not finished, broken.text


def test_a_model_that_fails_is_answered_by_its_fallback_after_its_retries(gateway: Gateway) -> None:
    gateway.models[SMALL].set("status", status=500)
    assert said(gateway.chat(SMALL)).startswith(LARGE)
    assert statuses(gateway, SMALL) == [500, 500, 500]
    assert statuses(gateway, LARGE) == [200]


def test_a_stream_that_cannot_start_is_streamed_by_the_fallback(gateway: Gateway) -> None:
    gateway.models[SMALL].set("status", status=503)
    pieces = gateway.stream(SMALL)
    words = "".join(choice["delta"].get("content") or "" for piece in pieces for choice in piece["choices"])
    assert words == f"{LARGE} answers: hello there"


def test_a_model_whose_every_request_fails_is_left_alone_for_a_while_and_then_tried_again(gateway: Gateway) -> None:
    server = gateway.models[RERANKER]
    body = {"model": RERANKER, "query": "q", "documents": ["a"]}
    server.set("status", status=500)
    asked = 0
    for _ in range(MOST_REQUESTS):
        answered = gateway.post("/v1/rerank", body)
        assert answered.status_code >= 400
        if len(server.requests) < asked + TRIES:
            break
        asked = len(server.requests)
    asked = len(server.requests)
    assert REQUESTS_BEFORE_COOLDOWN <= asked < MOST_REQUESTS
    assert gateway.post("/v1/rerank", body).status_code == 503
    assert len(server.requests) == asked
    server.set()
    eventually(lambda: gateway.post("/v1/rerank", body).status_code == 200)


def test_the_counters_of_the_outage_alert_tell_a_model_that_answers_from_one_that_does_not(gateway: Gateway) -> None:
    answered = responses(gateway, LARGE, "success")
    failed = responses(gateway, SMALL, "failure")
    assert said(gateway.chat(LARGE)).startswith(LARGE)
    gateway.models[SMALL].set("status", status=500)
    gateway.chat(SMALL)
    eventually(lambda: responses(gateway, LARGE, "success") > answered)
    eventually(lambda: responses(gateway, SMALL, "failure") > failed)


def test_when_a_model_server_dies_every_request_is_answered_by_the_fallback(gateway: Gateway) -> None:
    gateway.models[SMALL].process.kill()
    for _ in range(4):
        assert said(gateway.chat(SMALL)).startswith(LARGE)
    assert said(gateway.chat(LARGE)).startswith(LARGE)
