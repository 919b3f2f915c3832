"""The real LiteLLM with a rendered configuration, in front of one fake server per model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.live.stack import objects_of
from tools.servers.fake_servers import FakeModel
from tools.servers.litellm_proxy import config_of, fake_upstreams, litellm
from tools.servers.processes import ServerProcess
from tools.servers.rendered_gateway import litellm_pod, model_servers
from tools.simulator.ports import LOOPBACK

_ANSWER_SECONDS = 60
SHORT_WAITS = {"INITIAL_RETRY_DELAY": "0.05", "MAX_RETRY_DELAY": "0.1", "JITTER": "0"}
"""Variables of LiteLLM: seconds between two tries of one request. How often it tries is the platform's."""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A running gateway. `models` are its model servers by the name that each was deployed under."""

    process: ServerProcess
    models: Mapping[str, FakeModel]
    master_key: str
    client: httpx.Client

    def post(self, path: str, body: Any, key: str | None = None) -> httpx.Response:
        """One request, with the master key where no other is given."""
        return self.client.post(path, json=body, headers={"Authorization": f"Bearer {key or self.master_key}"})

    def chat(self, model: str, text: str = "hello there", key: str | None = None, **more: Any) -> httpx.Response:
        """One question."""
        return self.post("/v1/chat/completions", question(model, text) | more, key)

    def stream(self, model: str, text: str = "hello there", **more: Any) -> list[dict[str, Any]]:
        """The pieces of a streamed answer."""
        return events(self.chat(model, text, stream=True, **more))

    def metrics(self) -> dict[str, float]:
        """Every sample at /metrics, by its name with labels."""
        samples = re.findall(r"^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$", self._metrics_page(), re.MULTILINE)
        return {name: float(value) for name, value in samples}

    def metric_names(self) -> set[str]:
        """Every metric at /metrics, those that have counted nothing yet among them; histograms by their buckets."""
        kinds = re.findall(r"^# TYPE (\S+) (\S+)$", self._metrics_page(), re.MULTILINE)
        return {f"{name}_bucket" if kind == "histogram" else name for name, kind in kinds}

    def _metrics_page(self) -> str:
        page = self.client.get("/metrics/")
        assert page.status_code == 200, page.text
        return page.text

    def calm(self) -> None:
        """Take all faults back and forget the requests so far."""
        for model in self.models.values():
            model.set()


def question(model: str, text: str) -> dict[str, Any]:
    """Body of a chat with one message."""
    return {"model": model, "messages": [{"role": "user", "content": text}]}


def said(response: httpx.Response) -> str:
    """What a chat answered."""
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]["content"]


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """The pieces of a stream, which must have come to its end."""
    assert response.status_code == 200, response.text
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]", lines
    return [json.loads(line) for line in lines[:-1]]


@contextmanager
def running_gateway(
    folder: Path,
    settings: Mapping[str, Any],
    *,
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    files: Mapping[str, str] | None = None,
    variables: Mapping[str, str] = SHORT_WAITS,
) -> Generator[Gateway]:
    """The gateway of the local stack with `settings` changed; the rest as of `tools.servers.litellm_proxy.litellm`."""
    objects = objects_of(folder / "stack", settings)
    pod = litellm_pod(objects)
    _, config = config_of(pod)
    fakes = fake_upstreams(folder, config, model_servers(objects))
    with ExitStack() as stack:
        for fake in fakes.values():
            stack.enter_context(fake)
        addresses = {address: f"{LOOPBACK}:{fake.port}" for address, fake in fakes.items()}
        process = stack.enter_context(
            litellm(folder / "litellm", pod, addresses, change=change, files=files, variables=variables)
        )
        client = stack.enter_context(httpx.Client(base_url=process.url, timeout=_ANSWER_SECONDS))
        models = {fake.models[0]: fake for fake in fakes.values()}
        yield Gateway(process=process, models=models, master_key=pod.variables["LITELLM_MASTER_KEY"], client=client)
