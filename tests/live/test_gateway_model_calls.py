"""What the real LiteLLM sends on to model servers, and what it says when one of them cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from components.inference_gateway.api_routes import API_PATHS
from tests.live.gateway import Gateway, running_gateway
from tests.live.models import EMBEDDING, LARGE, MODELS, RERANKER, SMALL, WHISPER
from tools.simulator.ports import LOOPBACK

pytestmark = pytest.mark.xdist_group("live-gateway-faults")

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}, "uuid": "somebody-elses"}
ASKED = [{"role": "user", "content": "hello there"}]
RECORDING = b"RIFF"
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": SMALL, "messages": ASKED},
    "/v1/completions": {"model": SMALL, "prompt": "hello there"},
    "/v1/embeddings": {"model": EMBEDDING, "input": "hello there"},
    "/v1/messages": {"model": SMALL, "messages": ASKED, "max_tokens": 5},
    "/v1/rerank": {"model": RERANKER, "query": "hello", "documents": ["there"]},
    "/v1/responses": {"model": SMALL, "input": "hello there"},
}
RECORDING_PATH = "/v1/audio/transcriptions"


@pytest.fixture(scope="module")
def gateway(litellm_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    settings = {"models": MODELS, "gateway": {"guardrails": {"blockedWords": ["project falcon"]}}}
    with running_gateway(tmp_path_factory.mktemp("model-calls"), settings) as running:
        yield running


@pytest.fixture(scope="module")
def broken(gateway: Gateway) -> Gateway:
    for model in gateway.models.values():
        model.process.kill()
    return gateway


def sent(gateway: Gateway, path: str) -> httpx.Response:
    if path != RECORDING_PATH:
        return gateway.post(path, BODIES[path])
    headers = {"Authorization": f"Bearer {gateway.master_key}"}
    files = {"file": ("a.wav", RECORDING, "audio/wav")}
    return gateway.client.post(path, data={"model": WHISPER}, files=files, headers=headers)


@pytest.mark.parametrize("model", [SMALL, LARGE])
def test_a_picture_reaches_the_model_server_without_the_id_that_its_sender_gave_it(
    gateway: Gateway, model: str
) -> None:
    gateway.calm()
    content = [{"type": "text", "text": "what is this?"}, PICTURE]
    answer = gateway.post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": content}]})
    assert answer.status_code == 200, answer.text
    [request] = gateway.models[model].requests
    [message] = request["body"]["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url"]
    assert "somebody-elses" not in str(request["body"])


@pytest.mark.parametrize("ids", [[1, 2, 3], [[1, 2], [3]], ["text", [1]]])
@pytest.mark.parametrize(
    ("path", "model", "key"), [("/v1/completions", SMALL, "prompt"), ("/v1/embeddings", EMBEDDING, "input")]
)
def test_token_ids_do_not_pass_where_texts_are_filtered(
    gateway: Gateway, path: str, model: str, key: str, ids: list[object]
) -> None:
    gateway.calm()
    answer = gateway.post(path, {"model": model, key: ids})
    assert answer.status_code == 400
    assert "token ids" in answer.text
    assert gateway.models[model].requests == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/completions", {"model": SMALL, "prompt": ["all about", "Project Falcon"]}),
        ("/v1/embeddings", {"model": EMBEDDING, "input": ["all about", "Project Falcon"]}),
        ("/v1/rerank", {"model": RERANKER, "query": "what is Project Falcon?", "documents": ["text"]}),
        ("/v1/responses", {"model": SMALL, "input": "all about Project Falcon"}),
        (
            "/v1/messages",
            {"model": SMALL, "messages": [{"role": "user", "content": "Project Falcon"}], "max_tokens": 5},
        ),
    ],
)
def test_filters_look_into_every_kind_of_request(gateway: Gateway, path: str, body: dict[str, Any]) -> None:
    gateway.calm()
    answer = gateway.post(path, body)
    assert answer.status_code in {400, 403}, answer.text
    assert gateway.models[str(body["model"])].requests == []


def test_a_malformed_request_is_no_outage(gateway: Gateway) -> None:
    answer = gateway.post("/v1/chat/completions", {"model": SMALL, "messages": "hello there"})
    assert answer.status_code == 400
    assert "cannot be reached" not in answer.text


@pytest.mark.parametrize("key", ["api_base", "base_url", "user_config"])
def test_a_client_does_not_choose_where_its_request_goes(gateway: Gateway, key: str) -> None:
    gateway.calm()
    assert not gateway.chat(SMALL, **{key: f"http://{LOOPBACK}:9"}).is_success
    assert gateway.models[SMALL].requests == []


@pytest.mark.parametrize("path", [path for path in API_PATHS if path != "/v1/models"])
def test_a_model_that_cannot_be_reached_is_told_as_unavailable_without_its_address(broken: Gateway, path: str) -> None:
    answer = sent(broken, path)
    assert answer.status_code == 503, answer.text
    assert "cannot be reached" in answer.text
    ports = {str(model.port) for model in broken.models.values()}
    assert not [word for word in (LOOPBACK, *ports, "Cannot connect", "cooldown_list") if word in answer.text]


def test_a_client_of_chat_is_told_when_to_try_again(broken: Gateway) -> None:
    for stream in (False, True):
        answer = broken.chat(LARGE, stream=stream)
        assert answer.status_code == 503
        assert 1 <= int(answer.headers["retry-after"]) <= 30
