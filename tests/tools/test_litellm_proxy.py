"""What the real LiteLLM is started with on loopback is the rendered configuration, but for stores and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.models import MODELS
from tests.live.stack import objects_of
from tools.servers.litellm_proxy import STORES, at_addresses, config_of, upstreams, without_stores
from tools.servers.rendered_gateway import Pod, litellm_pod, model_servers

TASKS = {model["name"]: model["task"] for model in MODELS}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return objects_of(tmp_path_factory.mktemp("stack"), {"models": MODELS})


@pytest.fixture(scope="module")
def pod(objects: list[dict[str, Any]]) -> Pod:
    return litellm_pod(objects)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in entries:
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def test_only_stores_are_left_out_and_only_addresses_are_changed(pod: Pod) -> None:
    _, config = config_of(pod)
    addresses = {upstream.address: "127.0.0.1:1" for upstream in upstreams(config)}
    before, after = dict(leaves(config)), dict(leaves(at_addresses(without_stores(config), addresses)))
    assert {path[:2] for path in before.keys() - after.keys()} == set(STORES)
    assert after.keys() <= before.keys()
    changed = {path for path in after if after[path] != before[path]}
    assert {path[-1] for path in changed} == {"api_base"}
    assert len(changed) == len(MODELS)
    assert [value for value in after.values() if ".svc.cluster.local" in str(value)] == []


def test_every_model_of_the_stack_is_an_upstream_of_its_task(pod: Pod) -> None:
    _, config = config_of(pod)
    assert {upstream.models[0]: upstream.task for upstream in upstreams(config)} == TASKS


def test_secrets_reach_the_process_in_clear_text_and_the_database_does_not(pod: Pod) -> None:
    assert pod.variables["LITELLM_MASTER_KEY"].startswith("sk-")
    assert all(not value.startswith("[") for value in pod.variables.values())


def test_every_model_server_asks_for_the_key_that_the_gateway_sends(pod: Pod, objects: list[dict[str, Any]]) -> None:
    asked = {
        name: server.variables["VLLM_API_KEY"] for server in model_servers(objects) for name in server.served_names
    }
    sent = {name: pod.variables[f"MODEL_KEY_{name.replace('-', '_').upper()}"] for name in TASKS}
    assert asked == sent
    assert len(set(sent.values())) == len(sent)


def test_an_address_that_is_not_mapped_stays(tmp_path: Path) -> None:
    config = {"a": ["http://x.svc:80/v1", "plain"], "b": 1}
    assert at_addresses(config, {"y.svc:80": "z"}) == config
    assert at_addresses(config, {"x.svc:80": "z:1"})["a"][0] == "http://z:1/v1"
