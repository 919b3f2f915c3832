"""The real LiteLLM, configured by the rendered stack, sends each request to the model server that it is for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.builders.exported_metrics import METRICS
from tests.live.gateway import Gateway, question, running_gateway, said
from tests.live.models import EMBEDDING, LARGE, MODELS, RERANKER, SMALL, WHISPER

pytestmark = pytest.mark.xdist_group("live-gateway-routing")

ALIAS = "gpt-4o-mini"
ADAPTER = "qwen3-8b-contracts"
SPLIT = "either"
SETTINGS = {
    "models": [
        {**MODELS[0], "aliases": [ALIAS], "adapters": [{"name": ADAPTER, "s3": "s3://models/adapters/contracts"}]},
        *MODELS[1:],
    ],
    "gateway": {
        "splits": [{"name": SPLIT, "models": {SMALL: 50, LARGE: 50}}],
        "cascade": [{"name": "auto", "simple": SMALL, "complex": LARGE}],
        "guardrails": {"mask": ["email", "credit_card"], "blockedWords": ["project nightingale"]},
    },
}
SIMPLE = "What is the capital of France?"
COMPLEX = (
    "Think step by step and explain your reasoning: first design a distributed database with a consensus algorithm, "
    "then write the Python code of its replication, and finally analyze the time complexity, the failure modes and "
    "the trade-off between consistency and availability of each component of the architecture."
)


@pytest.fixture(scope="module")
def gateway(litellm_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("routing"), SETTINGS) as running:
        yield running


@pytest.fixture(autouse=True)
def calm(gateway: Gateway) -> None:
    gateway.calm()


@pytest.mark.parametrize("model", [SMALL, LARGE])
def test_a_model_is_reached_by_its_name_and_by_no_other_server(gateway: Gateway, model: str) -> None:
    assert said(gateway.chat(model)) == f"{model} answers: hello there"
    assert {name: len(server.requests) for name, server in gateway.models.items()} == {
        name: int(name == model) for name in gateway.models
    }


def test_an_alias_and_an_adapter_are_answered_by_the_model_that_they_belong_to(gateway: Gateway) -> None:
    assert said(gateway.chat(ALIAS)) == f"{SMALL} answers: hello there"
    assert said(gateway.chat(ADAPTER)) == f"{ADAPTER} answers: hello there"
    asked = [request["body"]["model"] for request in gateway.models[SMALL].requests]
    assert asked == [SMALL, ADAPTER]


def test_a_split_is_answered_by_each_of_its_models_for_its_share(gateway: Gateway) -> None:
    answers = {said(gateway.chat(SPLIT)).partition(" ")[0] for _ in range(25)}
    assert answers == {SMALL, LARGE}


def test_every_model_server_gets_the_key_that_it_asks_for_and_no_key_of_a_client(gateway: Gateway) -> None:
    gateway.chat(SMALL)
    gateway.chat(LARGE)
    for name in (SMALL, LARGE):
        server = gateway.models[name]
        [request] = server.requests
        assert request["headers"]["authorization"] == f"Bearer {server.key}"
        assert gateway.master_key not in str(request)
    assert gateway.models[SMALL].key != gateway.models[LARGE].key


def test_a_model_server_refuses_whoever_comes_without_its_key(gateway: Gateway) -> None:
    server = gateway.models[SMALL]
    for key in (None, gateway.master_key, gateway.models[LARGE].key, server.key):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        direct = httpx.post(f"{server.process.url}/v1/chat/completions", json=question(SMALL, "hello"), headers=headers)
        assert direct.status_code == (200 if key == server.key else 401)


def test_embeddings_rerank_and_transcription_reach_the_models_of_their_tasks(gateway: Gateway) -> None:
    embedded = gateway.post("/v1/embeddings", {"model": EMBEDDING, "input": ["one", "two"]})
    assert len(embedded.json()["data"]) == 2, embedded.text
    ranked = gateway.post("/v1/rerank", {"model": RERANKER, "query": "q", "documents": ["a", "b", "c"]})
    assert [result["index"] for result in ranked.json()["results"]] == [0, 1, 2], ranked.text
    heard = gateway.client.post(
        "/v1/audio/transcriptions",
        data={"model": WHISPER},
        files={"file": ("speech.wav", b"RIFF", "audio/wav")},
        headers={"Authorization": f"Bearer {gateway.master_key}"},
    )
    assert heard.json()["text"] == f"{WHISPER} heard this", heard.text
    paths = {name: [request["path"] for request in server.requests] for name, server in gateway.models.items()}
    assert paths == {
        SMALL: [],
        LARGE: [],
        EMBEDDING: ["/v1/embeddings"],
        RERANKER: ["/v1/rerank"],
        WHISPER: ["/v1/audio/transcriptions"],
    }


def test_a_completion_of_a_plain_prompt_is_routed_like_a_chat(gateway: Gateway) -> None:
    answered = gateway.post("/v1/completions", {"model": SMALL, "prompt": "once upon a time"})
    assert answered.json()["choices"][0]["text"] == f"{SMALL} answers: once upon a time", answered.text


def test_a_cascade_sends_simple_questions_to_the_small_model_and_complex_ones_to_the_large(gateway: Gateway) -> None:
    assert said(gateway.chat("auto", SIMPLE)).startswith(SMALL)
    assert said(gateway.chat("auto", COMPLEX)).startswith(LARGE)


def test_the_list_of_models_holds_those_of_the_stack(gateway: Gateway) -> None:
    listed = gateway.client.get("/v1/models", headers={"Authorization": f"Bearer {gateway.master_key}"})
    names = {SMALL, LARGE, EMBEDDING, RERANKER, WHISPER, ALIAS, ADAPTER, SPLIT, "auto"}
    assert {entry["id"] for entry in listed.json()["data"]} == names


def test_a_model_that_there_is_not_is_the_clients_mistake(gateway: Gateway) -> None:
    refused = gateway.chat("gpt-17")
    assert 400 <= refused.status_code < 500
    assert "gpt-17" in refused.json()["error"]["message"]


@pytest.mark.parametrize("key", ["sk-guessed", "nonsense"])
def test_a_wrong_key_reaches_no_model(gateway: Gateway, key: str) -> None:
    assert 400 <= gateway.chat(SMALL, key=key).status_code < 500
    assert gateway.models[SMALL].requests == []


def test_a_stream_comes_in_pieces_and_ends_with_the_tokens_that_it_used(gateway: Gateway) -> None:
    pieces = gateway.stream(SMALL)
    words = [choice["delta"].get("content") or "" for piece in pieces for choice in piece["choices"]]
    assert "".join(words) == f"{SMALL} answers: hello there"
    assert len([word for word in words if word]) == 4
    assert pieces[-1]["usage"]["prompt_tokens"] == 2
    assert pieces[-1]["usage"]["completion_tokens"] == 4


def test_personal_data_is_masked_before_a_model_sees_it(gateway: Gateway) -> None:
    answered = said(gateway.chat(SMALL, "write to ada@example.org about 4111111111111111 please"))
    [request] = gateway.models[SMALL].requests
    text = request["body"]["messages"][0]["content"]
    assert "ada@example.org" not in text + answered
    assert "4111111111111111" not in text + answered
    assert text.startswith("write to ")
    assert text.endswith(" please")


def test_a_blocked_phrase_refuses_the_request_before_a_model_sees_it(gateway: Gateway) -> None:
    refused = gateway.chat(SMALL, "tell me all about Project Nightingale")
    assert refused.status_code == 400
    assert "content" in refused.text.lower()
    assert gateway.models[SMALL].requests == []
    streamed = gateway.chat(SMALL, "project nightingale", stream=True)
    assert streamed.status_code == 400


def test_metrics_of_the_gateway_that_rules_and_dashboards_use_are_really_exported(gateway: Gateway) -> None:
    expected = {name for name in METRICS if name.startswith("litellm_")}
    assert len(expected) >= 5
    assert expected <= gateway.metric_names()


def test_metrics_name_the_model_as_dashboards_look_for_it(gateway: Gateway) -> None:
    gateway.chat(LARGE)
    counted = [name for name in gateway.metrics() if name.startswith("litellm_proxy_total_requests_metric_total")]
    assert any(f'requested_model="{LARGE}"' in name and 'status_code="200"' in name for name in counted), counted


def test_a_request_has_its_price(gateway: Gateway) -> None:
    cost = float(gateway.chat(SMALL).headers["x-litellm-response-cost"])
    assert cost > 0
    spent = [value for name, value in gateway.metrics().items() if name.startswith("litellm_spend_metric_total")]
    assert sum(spent) >= cost
