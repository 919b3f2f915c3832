"""The real LiteLLM on loopback, configured by a rendered stack, in front of fake model servers.

What differs from the cluster is listed here and nowhere else: stores that cannot exist on loopback are left out
(`without_stores`), and addresses inside the cluster become addresses of fakes (`at_addresses`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import yaml

from tools.servers.environments import environment
from tools.servers.fake_servers import FakeModel
from tools.servers.processes import ServerProcess
from tools.servers.rendered_gateway import Pod
from tools.simulator.ports import LOOPBACK

STORES = (
    ("general_settings", "database_url"),
    ("general_settings", "coordination_redis"),
    ("router_settings", "redis_host"),
    ("router_settings", "redis_port"),
    ("router_settings", "redis_password"),
    ("litellm_settings", "cache"),
    ("litellm_settings", "cache_params"),
)
"""Keys that name the database, the counters' Valkey, and the answer caches. The database-less LiteLLM keeps its
counters in memory."""

_CLUSTER_DOMAIN = ".svc.cluster.local"
_STORE_VARIABLES = ("DATABASE_URL",)
_START_SECONDS = 120
_STOP_SECONDS = 3
_TASKS = {"audio_transcription": "transcription"}
"""Task of a model server by LiteLLM's mode, where the two differ."""


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """A model server that LiteLLM routes to. `address` is host:port in the cluster, `models` the names asked for."""

    address: str
    models: tuple[str, ...]
    task: str


def config_of(pod: Pod) -> tuple[str, dict[str, Any]]:
    """Path and content of the configuration that LiteLLM is started with."""
    path = pod.arguments[pod.arguments.index("--config") + 1]
    return path, yaml.safe_load(pod.files[path])


def upstreams(config: Mapping[str, Any]) -> list[Upstream]:
    """The model servers in the cluster that a configuration names."""
    found: dict[str, Upstream] = {}
    for entry in config["model_list"]:
        parameters: dict[str, str] = entry["litellm_params"]
        address = urlsplit(parameters.get("api_base", "")).netloc
        if not address.partition(":")[0].endswith(_CLUSTER_DOMAIN):
            continue
        model = parameters["model"].partition("/")[2]  # behind the name of the provider
        earlier = found[address].models if address in found else ()
        mode = str(entry["model_info"]["mode"])
        models = tuple(dict.fromkeys((*earlier, model)))
        found[address] = Upstream(address=address, models=models, task=_TASKS.get(mode, mode))
    return list(found.values())


def without_stores(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without the keys in STORES."""
    changed = copy.deepcopy(dict(config))
    for section, key in STORES:
        changed.get(section, {}).pop(key, None)
    return changed


def at_addresses(config: Any, addresses: Mapping[str, str]) -> Any:
    """The configuration with `addresses` (host:port → host:port) replaced wherever a URL names one."""
    if isinstance(config, dict):
        return {key: at_addresses(value, addresses) for key, value in config.items()}
    if isinstance(config, list):
        return [at_addresses(value, addresses) for value in config]
    if not isinstance(config, str) or "://" not in config:
        return config
    address = urlsplit(config).netloc
    return config.replace(address, addresses.get(address, address), 1)


def fake_upstreams(folder: Path, config: Mapping[str, Any], servers: Iterable[Pod]) -> dict[str, FakeModel]:
    """A fake for every model server that the configuration names, by its address; none is started yet.

    Each asks for the key that its own pod in the stack asks for, not for the one that LiteLLM sends.
    """
    pods = {name: pod for pod in servers for name in pod.served_names}
    fakes: dict[str, FakeModel] = {}
    for upstream in upstreams(config):
        pod = next(pods[model] for model in upstream.models if model in pods)
        fakes[upstream.address] = FakeModel.of(
            folder,
            upstream.models,
            task=upstream.task,
            key=pod.variables["VLLM_API_KEY"],
            force_usage="--enable-force-include-usage" in pod.arguments,
        )
    return fakes


def litellm(
    folder: Path,
    pod: Pod,
    addresses: Mapping[str, str],
    *,
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    files: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> ServerProcess:
    """LiteLLM, not started yet, with the files, arguments and variables of its pod.

    `folder` holds what the pod mounts and writes. `change` alters the configuration further, `files` lie beside it and
    `variables` are added, for what no setting of a stack can bring about. Raises what `environment` raises.
    """
    path, config = config_of(pod)
    adapted = at_addresses(without_stores(config), addresses)
    change(adapted)
    beside = {str(PurePosixPath(path).parent / name): text for name, text in (files or {}).items()}
    for name, text in {**pod.files, **beside, path: yaml.safe_dump(adapted, sort_keys=False)}.items():
        file = folder / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    binaries = environment("litellm") / "bin"
    return ServerProcess(
        name="litellm",
        command=[str(binaries / "litellm"), *_arguments(pod.arguments, folder), "--host", LOOPBACK],
        folder=folder / PurePosixPath(path).parent.relative_to("/"),
        ready_path="/health/readiness",
        environment={
            **_variables(pod.variables, folder, addresses),
            "PATH": f"{binaries}:/usr/bin:/bin",
            **(variables or {}),
        },
        start_seconds=_START_SECONDS,
        stop_seconds=_STOP_SECONDS,
    )


def _arguments(arguments: Iterable[str], folder: Path) -> list[str]:
    given = [f"{folder}{argument}" if argument.startswith("/") else argument for argument in arguments]
    given[given.index("--port") + 1] = "{port}"
    return given


def _variables(variables: Mapping[str, str], folder: Path, addresses: Mapping[str, str]) -> dict[str, str]:
    """Paths land below `folder`, addresses become those of fakes."""
    values = {name: value for name, value in variables.items() if name not in _STORE_VARIABLES}
    moved = {name: f"{folder}{value}" if value.startswith("/") else value for name, value in values.items()}
    # A list of HTTP paths, not of files.
    moved |= {name: values[name] for name in ("LITELLM_DISABLE_ACCESS_LOG_PATHS",) if name in values}
    return at_addresses(moved, addresses)
