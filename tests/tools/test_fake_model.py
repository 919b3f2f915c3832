"""The fake model server speaks as vLLM does, and fails as it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders.exported_metrics import METRICS
from tools.servers.fake_servers import FakeModel

KEY = "model-key"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "one two three"}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeModel]:
    with FakeModel.of(tmp_path_factory.mktemp("fake"), ["m", "adapter"], key=KEY) as started:
        yield started


@pytest.fixture(autouse=True)
def calm(server: FakeModel) -> None:
    server.set()


def post(server: FakeModel, body: dict[str, Any], path: str = "/v1/chat/completions", **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.post(f"{server.process.url}{path}", json=body, headers=headers, **more)


def pieces(answered: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in answered.text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_an_answer_says_what_was_asked_and_counts_tokens(server: FakeModel) -> None:
    answered = post(server, CHAT).json()
    assert answered["choices"][0]["message"]["content"] == "m answers: one two three"
    assert answered["usage"] == {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


@pytest.mark.parametrize("asked", [True, False])
def test_a_stream_tells_its_usage_when_it_is_asked_to(server: FakeModel, asked: bool) -> None:
    streamed = pieces(post(server, CHAT | {"stream": True, "stream_options": {"include_usage": asked}}))
    assert "".join(c["delta"]["content"] for piece in streamed for c in piece["choices"]) == "m answers: one two three"
    assert ("usage" in streamed[-1]) == asked


def test_a_server_that_must_always_tell_the_usage_does(tmp_path: Path) -> None:
    with FakeModel.of(tmp_path, ["m"], key=KEY, force_usage=True) as server:
        assert pieces(post(server, CHAT | {"stream": True}))[-1]["usage"]["total_tokens"] == 8


def test_an_adapter_answers_by_its_own_name_and_an_unknown_model_not_at_all(server: FakeModel) -> None:
    assert post(server, CHAT | {"model": "adapter"}).json()["model"] == "adapter"
    assert post(server, CHAT | {"model": "other"}).status_code == 404


def test_routes_of_other_tasks_are_not_there(server: FakeModel) -> None:
    assert post(server, {"model": "m", "input": "text"}, "/v1/embeddings").status_code == 404


def test_what_was_asked_is_listed_until_the_next_setting(server: FakeModel) -> None:
    post(server, CHAT)
    [request] = server.requests
    assert (request["path"], request["status"], request["body"]) == ("/v1/chat/completions", 200, CHAT)
    server.set()
    assert server.requests == []


def test_a_fault_holds_for_as_many_requests_as_it_is_set_for(server: FakeModel) -> None:
    server.set("status", status=503, times=2)
    assert [post(server, CHAT).status_code for _ in range(3)] == [503, 503, 200]


def test_a_hanging_server_is_alive_but_does_not_answer(server: FakeModel) -> None:
    server.set("hang")
    with pytest.raises(httpx.ReadTimeout):
        post(server, CHAT, timeout=0.3)
    assert httpx.get(f"{server.process.url}/health").status_code == 200


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_can_break_off(server: FakeModel, stream: bool) -> None:
    server.set("close")
    with pytest.raises(httpx.RemoteProtocolError):
        post(server, CHAT | {"stream": stream})


def test_a_slow_answer_comes(server: FakeModel) -> None:
    server.set("slow", seconds=0.5)
    with pytest.raises(httpx.ReadTimeout):
        post(server, CHAT, timeout=0.2)
    assert post(server, CHAT, timeout=30).status_code == 200


def test_a_model_says_what_it_is_told_to(server: FakeModel) -> None:
    server.set(answers=["safe", "unsafe\nS1"])
    said = [post(server, CHAT).json()["choices"][0]["message"]["content"] for _ in range(3)]
    assert said == ["safe", "unsafe\nS1", "unsafe\nS1"]


def test_metrics_have_the_names_that_rules_and_dashboards_use(server: FakeModel) -> None:
    post(server, CHAT)
    page = httpx.get(f"{server.process.url}/metrics").text
    names = {line.partition("{")[0] for line in page.splitlines() if not line.startswith("#")}
    expected = {name for name in METRICS if name.startswith("vllm:")}
    assert len(expected) >= 5
    assert expected <= names
    assert 'vllm:prompt_tokens_total{engine="0",model_name="m"}' in page
