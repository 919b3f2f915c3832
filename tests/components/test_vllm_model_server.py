"""The model server's pod: what each task, each option and the guard of its routes make of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from components.base.model_catalogue import find_model
from components.base.model_weights import (
    Handling,
    HuggingFaceWeights,
    ImageWeights,
    ObjectStoreWeights,
    VolumeWeights,
    Weights,
)
from components.base.models import Task
from components.base.serving import Serving
from components.base.tasks import TASKS, served_routes
from components.vllm_model import ModelError
from components.vllm_model.server.arguments import server_arguments
from components.vllm_model.server.options import ServerOptions
from components.vllm_model.server.pod import REMOTE_CODE_ANNOTATION
from components.vllm_model.server.remote_code import remote_code_problem
from components.vllm_model.server.scripts.served_routes import ServedRoutes
from tests.components.surroundings import GPU_POOL
from tests.components.test_vllm_model import QWEN, built_with, container_of, environment_of, make_serving, pod_of

REASON = "files of this commit read on 2026-11-20, the only model with this tokenizer"


def serving_of(task: Task, **changes: Any) -> Serving:
    """A small model that is served for `task`, whatever it is published for."""
    base = find_model("Qwen/Qwen3-8B")
    return make_serving(architecture=replace(base, tasks=(task,)), task=task, **changes)


def arguments_of(serving: Serving, **options: Any) -> list[str]:
    return server_arguments(
        name="m", serving=serving, pool=GPU_POOL, options=ServerOptions(**options), drain_seconds=300
    )


def value_of(arguments: list[str], flag: str) -> str:
    found = [argument.partition("=")[2] for argument in arguments if argument.partition("=")[0] == flag]
    assert len(found) == 1, f"{flag} is given {len(found)} times in {arguments}"
    return found[0]


def flags_of(arguments: list[str]) -> set[str]:
    return {argument.partition("=")[0] for argument in arguments}


def test_every_task_has_its_facts() -> None:
    assert set(TASKS) == set(get_args(Task))
    assert all(facts.routes for facts in TASKS.values())


@pytest.mark.parametrize(
    ("task", "runner", "convert"),
    [
        ("chat", "generate", None),
        ("completion", "generate", None),
        ("vision", "generate", None),
        ("transcription", "generate", None),
        ("embedding", "pooling", "embed"),
        ("image-embedding", "pooling", None),
        ("rerank", "pooling", "classify"),
    ],
)
def test_each_task_gets_its_runner_and_conversion(task: Task, runner: str, convert: str | None) -> None:
    arguments = arguments_of(serving_of(task))
    assert value_of(arguments, "--runner") == runner
    assert ("--convert" in flags_of(arguments)) == (convert is not None)
    if convert:
        assert value_of(arguments, "--convert") == convert


def test_streamed_text_always_states_its_tokens_and_nothing_else_has_streams() -> None:
    forced = {task for task in TASKS if "--enable-force-include-usage" in arguments_of(serving_of(task))}
    assert forced == {"chat", "completion", "vision"}


@pytest.mark.parametrize("task", list(TASKS))
def test_no_server_fetches_what_a_client_names(task: Task) -> None:
    # vLLM takes an empty list for "every host".
    assert value_of(arguments_of(serving_of(task)), "--allowed-media-domains").endswith(".invalid")
    environment = environment_of(container_of(built_with()))
    assert environment["VLLM_MEDIA_URL_ALLOW_REDIRECTS"] == "0"


@pytest.mark.parametrize("task", ["vision", "image-embedding"])
def test_images_and_videos_of_a_request_are_limited(task: Task) -> None:
    limits = json.loads(value_of(arguments_of(serving_of(task), images=3), "--limit-mm-per-prompt"))
    assert limits == {"image": 3, "video": 0, "audio": 0}


def test_copies_of_the_media_cache_fit_the_pod_s_memory() -> None:
    for ranks in (1, 2, 4):
        cache = float(value_of(arguments_of(serving_of("vision", data_parallel=ranks)), "--mm-processor-cache-gb"))
        # One copy in each API process and in each engine, of which vLLM starts one per rank.
        assert cache * 2 * ranks <= 8


def test_a_vision_model_that_is_served_for_text_does_not_load_its_image_encoder() -> None:
    both = replace(find_model("Qwen/Qwen3-8B"), tasks=("chat", "vision"))
    text, vision = (make_serving(architecture=both, task=task) for task in ("chat", "vision"))
    assert "--language-model-only" in arguments_of(text)
    assert "--language-model-only" not in arguments_of(vision)
    assert "--language-model-only" not in arguments_of(serving_of("chat"))


def test_a_queue_has_an_end() -> None:
    assert value_of(arguments_of(serving_of("chat", max_num_seqs=64)), "--max-num-queued-reqs") == "128"
    arguments = arguments_of(serving_of("chat", max_num_seqs=64, data_parallel=2), max_queued=10)
    # vLLM counts running requests too, over all ranks.
    assert value_of(arguments, "--max-num-queued-reqs") == "138"


@pytest.mark.parametrize(
    ("task", "encoder_only", "expected"),
    [
        ("chat", False, {"--enable-prefix-caching", "--enable-chunked-prefill"}),
        ("vision", False, {"--enable-prefix-caching", "--enable-chunked-prefill"}),
        ("transcription", False, {"--no-enable-prefix-caching", "--no-enable-chunked-prefill"}),
        ("embedding", True, {"--no-enable-prefix-caching", "--no-enable-chunked-prefill"}),
        ("rerank", True, {"--no-enable-prefix-caching", "--no-enable-chunked-prefill"}),
        ("embedding", False, set()),
    ],
)
def test_prefix_caching_and_chunked_prefill_are_said_where_the_task_settles_them(
    task: Task, encoder_only: bool, expected: set[str]
) -> None:
    serving = serving_of(task)
    serving = replace(serving, architecture=replace(serving.architecture, encoder_only=encoder_only))
    found = flags_of(arguments_of(serving))
    assert {flag for flag in found if flag.endswith(("prefix-caching", "chunked-prefill"))} == expected


def test_overrides_of_the_model_s_configuration_are_one_json_argument() -> None:
    overrides = {"architectures": ["Qwen3ForSequenceClassification"], "classifier_from_token": ["no", "yes"]}
    assert json.loads(value_of(arguments_of(serving_of("rerank"), overrides=overrides), "--hf-overrides")) == overrides
    assert "--hf-overrides" not in flags_of(arguments_of(serving_of("rerank")))


def test_the_kubelet_leaves_overrides_as_they_are() -> None:
    overrides = {"prompt": "$(HOME) costs $5, $$ more"}
    argument = value_of(arguments_of(serving_of("chat"), overrides=overrides), "--hf-overrides")
    # What the kubelet replaces: `$$` by `$`, and `$(NAME)` where that `$` is no second one.
    assert "$" not in argument.replace("$$", "")
    assert json.loads(argument.replace("$$", "$")) == overrides


def test_a_chat_template_is_a_file_of_the_pod() -> None:
    template = "{% for message in messages %}{{ message.content }}{% endfor %}"
    built = built_with(server=ServerOptions(chat_template=template))
    files = built.one("ConfigMap", "qwen3-8b-server-files")
    path = value_of(container_of(built)["args"][1:], "--chat-template")
    mount = next(item for item in container_of(built)["volumeMounts"] if path.startswith(item["mountPath"] + "/"))
    volume = next(item for item in pod_of(built)["volumes"] if item["name"] == mount["name"])
    assert volume["configMap"]["name"] == files["metadata"]["name"]
    assert files["data"][path.removeprefix(mount["mountPath"] + "/")] == template
    assert "--chat-template" not in flags_of(container_of(built_with())["args"])


def test_the_guard_of_the_routes_is_a_module_that_python_finds() -> None:
    built = built_with()
    module, _, name = value_of(container_of(built)["args"][1:], "--middleware").rpartition(".")
    folder = environment_of(container_of(built))["PYTHONPATH"]
    assert any(item["mountPath"] == folder for item in container_of(built)["volumeMounts"])
    assert f"class {name}:" in built.one("ConfigMap", "qwen3-8b-server-files")["data"][f"{module}.py"]
    assert environment_of(container_of(built))["SERVED_ROUTES"].split(",") == list(served_routes("chat"))


def test_stopping_takes_no_longer_than_the_pod_is_given() -> None:
    for drain in (30, 300, 1800):
        built = built_with(drain_seconds=drain)
        leave = container_of(built)["lifecycle"]["preStop"]["sleep"]["seconds"]
        shutdown = int(value_of(container_of(built)["args"][1:], "--shutdown-timeout"))
        assert shutdown == drain
        assert pod_of(built)["terminationGracePeriodSeconds"] >= leave + shutdown


def test_replicas_of_one_revision_are_spread_over_zones_and_nodes() -> None:
    constraints = pod_of(built_with())["topologySpreadConstraints"]
    assert [item["topologyKey"] for item in constraints] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert all("pod-template-hash" in item["matchLabelKeys"] for item in constraints)
    assert all(item["whenUnsatisfiable"] == "ScheduleAnyway" for item in constraints)


def test_remote_code_runs_only_with_a_reason_that_stands_on_the_pods() -> None:
    plain = built_with()
    allowed = built_with(server=ServerOptions(remote_code_reason=REASON))
    assert "--trust-remote-code" not in container_of(plain)["args"]
    assert "annotations" not in plain.one("Deployment")["spec"]["template"]["metadata"]
    assert "--trust-remote-code" in container_of(allowed)["args"]
    annotations = allowed.one("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {REMOTE_CODE_ANNOTATION: REASON}


def test_a_model_that_needs_remote_code_is_refused_without_a_reason() -> None:
    needy = make_serving(architecture=replace(find_model("Qwen/Qwen3-8B"), remote_code=True))
    with pytest.raises(ModelError, match=r"only runs with Python files .* set trustRemoteCode"):
        built_with(serving=needy)
    assert container_of(built_with(serving=needy, server=ServerOptions(remote_code_reason=REASON)))


@pytest.mark.parametrize(
    ("weights", "fix"),
    [
        (QWEN, None),
        (ImageWeights(reference="registry.example.org/m@sha256:" + "a" * 64), None),
        (ImageWeights(reference="registry.example.org/m:1.0"), "by its digest"),
        (ObjectStoreWeights(prefix="own/m"), "set weights.digest"),
        (ObjectStoreWeights(prefix="own/m", handling=Handling(digest="sha256:" + "a" * 64)), None),
        (VolumeWeights(claim="models"), "huggingFace with a revision"),
    ],
)
def test_remote_code_needs_weights_that_cannot_change(weights: Weights, fix: str | None) -> None:
    problem = remote_code_problem(find_model("Qwen/Qwen3-8B"), weights, REASON)
    assert (problem is None) if fix is None else (problem is not None and fix in problem)
    assert remote_code_problem(find_model("Qwen/Qwen3-8B"), weights, None) is None


class Served:
    """The guard in front of an application that answers 200 to everything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
        monkeypatch.setenv("SERVED_ROUTES", ",".join(served_routes(task)))
        self._guard = ServedRoutes(self._application)

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "lifespan.startup.complete"})

    def first(self, kind: str, path: str = "", client: tuple[str, int] | None = ("10.0.0.7", 40000)) -> dict[str, Any]:
        """The first thing that is sent for a connection of `kind`."""
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(dict(message))

        async def receive() -> Any:
            return {"type": "http.request"}

        asyncio.run(self._guard({"type": kind, "path": path, "client": client}, receive, send))
        return sent[0]

    def status(self, path: str, address: str = "10.0.0.7") -> int:
        return self.first("http", path, (address, 40000))["status"]


@pytest.mark.parametrize("task", list(TASKS))
def test_the_guard_lets_the_routes_of_the_task_through(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    served = Served(monkeypatch, task)
    assert {path: served.status(path) for path in ("/health", "/metrics", *TASKS[task].routes)} == dict.fromkeys(
        ("/health", "/metrics", *TASKS[task].routes), 200
    )


@pytest.mark.parametrize(
    "path",
    [
        "/v1/load_lora_adapter",
        "/v1/unload_lora_adapter",
        "/adapters",
        "/invocations",
        "/tokenize",
        "/scale_elastic_ep",
        "/generative_scoring",
        "/rerank",
        "/score",
        "/v1/embeddings",
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/V1/chat/completions",
        "/health/../invocations",
        "",
    ],
)
def test_everything_else_does_not_exist_outside_the_pod(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    served = Served(monkeypatch, "chat")
    assert served.status(path) == 404
    assert served.status(path, "127.0.0.6") == 404


def test_the_pod_itself_reaches_every_route(monkeypatch: pytest.MonkeyPatch) -> None:
    served = Served(monkeypatch, "chat")
    assert served.status("/v1/load_lora_adapter", "127.0.0.1") == 200
    assert served.status("/v1/load_lora_adapter", "::1") == 200


def test_a_connection_without_an_address_is_not_of_the_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Served(monkeypatch, "chat").first("http", "/v1/load_lora_adapter", None)["status"] == 404


def test_websockets_from_outside_are_closed_before_they_open(monkeypatch: pytest.MonkeyPatch) -> None:
    served = Served(monkeypatch, "transcription")
    assert served.first("websocket", "/v1/realtime")["type"] == "websocket.close"
    assert served.first("lifespan")["type"] == "lifespan.startup.complete"


def test_a_pinned_hub_commit_counts_as_pinned() -> None:
    weights = HuggingFaceWeights(repository="acme/m", revision="c" * 40, remote_code=True)
    assert remote_code_problem(find_model("Qwen/Qwen3-8B"), weights, REASON) is None
