"""What the gateway costs a request: LiteLLM alone, then Envoy and LiteLLM, against a model server that answers at once.

The local stack is rendered without caches, filters and judges, and its gateway started for real on loopback
(`tools/servers`). A fake model server takes the place of the model: what is measured is the gateway's own work.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from components.inference_gateway.names import LITELLM_NAME, LITELLM_PORT
from tools.bench.load import Answered, Load, run
from tools.servers.envoy_edge import EdgeAddresses, envoy
from tools.servers.errors import IndexUnreachableError
from tools.servers.litellm_proxy import config_of, fake_upstreams, litellm, upstreams
from tools.servers.plain_stack import plain_objects
from tools.servers.rendered_gateway import Manifest, litellm_pod, model_servers
from tools.servers.self_signed import self_signed
from tools.simulator.ports import LOOPBACK, free_port

_CHAT = "/v1/chat/completions"
_NOBODY = f"{LOOPBACK}:9"
_WARM_UP = 100
_LOADS = ((1, 100), (16, 400))
"""Concurrency and number of requests. One at a time shows what a request costs; 16 at a time what a replica bears."""


def print_overhead(console: Console, root: Path) -> None:
    """Print requests per second and latencies of each way to the model server."""
    console.print(f"\nGateway overhead: one LiteLLM worker, {os.cpu_count()} CPUs shared with load and model server\n")
    try:
        with _ways(root) as ways:
            console.print(_table(ways))
    except IndexUnreachableError as error:
        console.print(f"not measured: {error}")


def _table(ways: dict[str, Load]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    headings = ("way", "at a time", "requests/s", "P50 ms", "P95 ms", "added P50 ms", "added P95 ms")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "way" else "right", no_wrap=True)
    for load in ways.values():
        run(replace(load, requests=_WARM_UP, concurrency=4))
    for concurrency, requests in _LOADS:
        direct: Answered | None = None
        for name, load in ways.items():
            answered = run(replace(load, requests=requests, concurrency=concurrency))
            direct = direct or answered
            added = ["", ""] if answered is direct else [_added(answered, direct, share) for share in (0.5, 0.95)]
            latencies = [_milliseconds(answered.quantile(share)) for share in (0.5, 0.95)]
            table.add_row(name, str(concurrency), f"{answered.per_second:.0f}", *latencies, *added)
    return table


def _added(answered: Answered, direct: Answered, share: float) -> str:
    return _milliseconds(answered.quantile(share) - direct.quantile(share))


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


@contextmanager
def _ways(root: Path) -> Generator[dict[str, Load]]:
    """The ways to the first chat model of the stack, by name; servers run while the block does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _started(folder, plain_objects(root, folder, {})) as ways:
            yield ways


@contextmanager
def _started(folder: Path, objects: Sequence[Manifest]) -> Generator[dict[str, Load]]:
    pod = litellm_pod(objects)
    _, config = config_of(pod)
    chat = next(upstream for upstream in upstreams(config) if upstream.task == "chat")
    body = {"model": chat.models[0], "messages": [{"role": "user", "content": "What does a request cost?"}]}
    key = {"Authorization": f"Bearer {pod.variables['LITELLM_MASTER_KEY']}"}
    through_litellm = Load(url="", body=body, requests=0, concurrency=1, headers=key)
    with ExitStack() as stack:
        fake = stack.enter_context(fake_upstreams(folder, config, model_servers(objects))[chat.address])
        addresses = {chat.address: f"{LOOPBACK}:{fake.port}"}
        proxy = stack.enter_context(litellm(folder / "litellm", pod, addresses))
        port, host = _start_envoy(stack, folder, objects, proxy.port)
        yield {
            "model server": replace(
                through_litellm, url=f"{fake.process.url}{_CHAT}", headers={"Authorization": f"Bearer {fake.key}"}
            ),
            "LiteLLM": replace(through_litellm, url=f"{proxy.url}{_CHAT}"),
            "Envoy and LiteLLM": replace(through_litellm, url=f"https://{LOOPBACK}:{port}{_CHAT}", host=host),
        }


def _start_envoy(stack: ExitStack, folder: Path, objects: Sequence[Manifest], litellm_port: int) -> tuple[int, str]:
    """Start Envoy with the edge's rules in front of LiteLLM; its port and the host of the API."""
    host = next(route for route in _hosts(objects) if route.startswith("api."))
    ports: list[int] = []
    for _ in range(3):
        ports.append(free_port((*ports, litellm_port)))
    # What is not LiteLLM is not called: keys are no tokens, so nobody asks for the keys that tokens are signed with.
    inside = defaultdict(lambda: _NOBODY, {f"{LITELLM_NAME}:{LITELLM_PORT}": f"{LOOPBACK}:{litellm_port}"})
    addresses = EdgeAddresses(http=ports[0], https=ports[1], admin=ports[2], inside=inside)
    certificate, key = self_signed(folder, host)
    stack.enter_context(envoy(folder / "envoy", _of_the_api(objects), addresses, certificate=certificate, key=key))
    return addresses.https, host


def _of_the_api(objects: Sequence[Manifest]) -> list[Manifest]:
    """The edge's objects without the console, whose sign-in by browser is no part of a request to a model."""
    console = {
        target["name"]
        for found in objects
        if found["kind"] == "SecurityPolicy" and "oidc" in found["spec"]
        for target in found["spec"]["targetRefs"]
    }
    return [
        found
        for found in objects
        if found["metadata"]["name"] not in console
        and not {target["name"] for target in found.get("spec", {}).get("targetRefs", ())} & console
    ]


def _hosts(objects: Sequence[Manifest]) -> list[str]:
    return [host for found in objects if found["kind"] == "HTTPRoute" for host in found["spec"].get("hostnames", ())]
