"""LoRA adapters: what they add to a model, and the program that keeps them, against an S3 server and a stand-in for the
model server, both on loopback."""

from __future__ import annotations

import http.server
import json
import logging
import re
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from moto.server import ThreadedMotoServer

from components.base.adapters import adapter_file_gib, adapter_parameters
from components.base.handles import IdentityGrant
from components.base.model_catalogue import find_model
from components.base.model_weights import ImageWeights
from components.base.pod_sizes import pod_size
from components.vllm_model import ModelError
from components.vllm_model.adapters.arguments import Adapter, Adapters
from components.vllm_model.adapters.component import readable_folders
from components.vllm_model.adapters.scripts import adapter_copies, adapter_files, model_server
from components.vllm_model.adapters.scripts import sync_adapters as program
from tests.components.surroundings import Built
from tests.components.test_vllm_model import built_with, container_of, environment_of, make_serving, pod_of

BASE = "Qwen/Qwen3-8B"
KEY = "server-key"
ADAPTERS = Adapters(
    adapters=(
        Adapter(name="legal-style", prefix="adapters/legal"),
        Adapter(name="support-tone", prefix="adapters/support", base="acme/qwen3-8b-sft"),
    ),
    bases=(BASE,),
)
SERVING = make_serving(adapter_slots=2, adapter_rank=16)


@pytest.fixture(scope="module")
def built() -> Built:
    return built_with(serving=SERVING, adapters=ADAPTERS)


def sidecar_of(built: Built) -> dict[str, Any]:
    return next(item for item in pod_of(built)["initContainers"] if item["name"] == "adapters")


def test_the_server_is_told_how_many_adapters_of_which_rank(built: Built) -> None:
    arguments = container_of(built)["args"]
    assert {"--enable-lora", "--max-loras=2", "--max-lora-rank=16", "--max-cpu-loras=4"} <= set(arguments)
    assert not [argument for argument in container_of(built_with())["args"] if "lora" in argument]


def test_adapters_can_be_loaded_while_the_server_runs_and_only_then_are_there_routes_for_it(built: Built) -> None:
    assert environment_of(container_of(built))["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "1"
    assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING" not in environment_of(container_of(built_with()))
    # The guard that keeps these routes inside the pod is never missing.
    assert "--middleware=served_routes.ServedRoutes" in container_of(built)["args"]
    assert "lora" not in environment_of(container_of(built))["SERVED_ROUTES"]


def test_the_sidecar_runs_as_long_as_the_server_and_decides_about_readiness(built: Built) -> None:
    sidecar = sidecar_of(built)
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["readinessProbe"]["exec"]["command"] == ["test", "-f", "/adapters/.ready"]
    assert sidecar["securityContext"]["readOnlyRootFilesystem"] is True
    assert sidecar["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "nvidia.com/gpu" not in sidecar["resources"]["limits"]
    # Its image is on the node already.
    assert sidecar["image"] == container_of(built)["image"]


def test_the_server_only_reads_what_the_sidecar_writes(built: Built) -> None:
    by_path = {
        name: {item["mountPath"]: item for item in container["volumeMounts"]}
        for name, container in (("server", container_of(built)), ("sidecar", sidecar_of(built)))
    }
    assert by_path["server"]["/adapters"]["readOnly"] is True
    assert "readOnly" not in by_path["sidecar"]["/adapters"]
    assert by_path["server"]["/adapters"]["name"] == by_path["sidecar"]["/adapters"]["name"]


def test_the_sidecar_knows_the_bucket_the_server_and_the_declared_adapters(built: Built) -> None:
    environment = environment_of(sidecar_of(built))
    assert environment["S3_BUCKET"] == "models"
    assert environment["SERVER_URL"] == "http://127.0.0.1:8000"
    assert environment["ADAPTER_MAX_RANK"] == "16"
    assert json.loads(environment["ADAPTERS"]) == [
        {"name": "legal-style", "prefix": "adapters/legal", "bases": [BASE]},
        {"name": "support-tone", "prefix": "adapters/support", "bases": [BASE, "acme/qwen3-8b-sft"]},
    ]
    for variable in ("VLLM_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert environment[variable]["secretKeyRef"]["name"]
    server = environment_of(container_of(built))["VLLM_API_KEY"]
    assert environment["VLLM_API_KEY"] == server
    script = built.one("ConfigMap", "qwen3-8b-adapters-script")
    sidecar = sidecar_of(built)
    package, _, name = sidecar["command"][-1].partition(".")
    assert {"name": "adapter-program", "mountPath": f"{sidecar['workingDir']}/{package}", "readOnly": True} in sidecar[
        "volumeMounts"
    ]
    assert "class Sync:" in script["data"][f"{name}.py"]
    for module in re.findall(r"^from \.(\w+) import", "".join(script["data"].values()), re.MULTILINE):
        assert f"{module}.py" in script["data"]


def test_mounted_weights_still_let_adapters_come_from_the_bucket() -> None:
    weights = ImageWeights(reference="registry.example.org/models/qwen3-8b:1.0")
    built = built_with(weights=weights, serving=SERVING, adapters=ADAPTERS)
    assert ("models/qwen3-8b", "data/object-store", 8333) in built.edges
    assert "AWS_ACCESS_KEY_ID" in environment_of(sidecar_of(built))
    assert "AWS_ACCESS_KEY_ID" not in environment_of(container_of(built))


def test_a_server_may_read_the_folders_of_its_adapters_and_write_none() -> None:
    class Granting:
        def grant(self, name: str, *, service_account: str, write: bool, prefix: str = "", **rest: Any) -> Any:
            granted.add((service_account, prefix, write))
            names.append(name)
            return IdentityGrant(environment={"AWS_REGION": "eu-central-1"}, access=None)

    granted: set[tuple[str, str, bool]] = set()
    names: list[str] = []
    built_with(surroundings={"workload_identity": Granting()}, serving=SERVING, adapters=ADAPTERS)
    assert {("qwen3-8b", "adapters/legal", False), ("qwen3-8b", "adapters/support", False)} <= granted
    assert not [grant for grant in granted if grant[0] == "qwen3-8b" and grant[2]]
    # AWS: a role's name has 64 characters, a model's 38; the engine adds eight and the grant "-role".
    assert max(map(len, names)) - len("qwen3-8b") + 38 + len("model-") + len("-role") + 8 <= 64


def test_many_adapters_share_one_grant_for_the_folder_they_have_in_common() -> None:
    many = tuple(Adapter(name=f"a{n}", prefix=f"adapters/team/{n % 3}/a{n}") for n in range(11))
    assert readable_folders(Adapters(adapters=many, bases=())) == ("adapters/team",)
    apart = (*many, Adapter(name="other", prefix="elsewhere/a"))
    assert readable_folders(Adapters(adapters=apart, bases=())) == ("",)


def test_data_parallel_servers_with_adapters_have_one_api_process() -> None:
    parallel = replace(SERVING, data_parallel=2)
    several, one = (container_of(built_with(serving=each, adapters=ADAPTERS))["args"] for each in (parallel, SERVING))
    assert "--api-server-count=1" in several
    assert not [argument for argument in one if argument.startswith("--api-server-count")]


def test_adapters_in_main_memory_are_part_of_the_pod_s_size() -> None:
    none, large = replace(SERVING, adapter_slots=0), replace(SERVING, adapter_slots=8, adapter_rank=256)
    assert pod_size(none).memory_gib < pod_size(SERVING).memory_gib < pod_size(large).memory_gib


def test_an_adapter_has_the_published_size() -> None:
    # Rank 16 on all linear layers of Qwen3-8B: 43,646,976 parameters, as PEFT counts them.
    assert adapter_parameters(find_model(BASE), 16) == 43_646_976
    # The limit of a copy leaves room for the header, and for adapted embeddings.
    assert 43_646_976 * 4 < adapter_file_gib(find_model(BASE), 16) * 2**30 < 43_646_976 * 4 * 1.2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"serving": make_serving("Qwen/Qwen3-Embedding-0.6B", adapter_slots=1, adapter_rank=16)},
            "cannot have adapters",
        ),
        ({"serving": make_serving(adapter_slots=1, adapter_rank=24)}, "the nearest that holds it is 32"),
        ({"serving": make_serving()}, "have no slot"),
        ({"store": None, "weights": ImageWeights(reference="r.example.org/m:1")}, "object store, and there is none"),
    ],
)
def test_adapters_that_cannot_be_served_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError) as error:
        built_with(**cast("dict[str, Any]", {"serving": SERVING, "adapters": ADAPTERS} | changes))
    assert words in str(error.value)


class ModelServer:
    """A stand-in for vLLM: its list of models, and the route that loads an adapter."""

    def __init__(self) -> None:
        self.up, self.refuses = True, False
        self.refused = 0
        self.free = threading.Event()
        self.free.set()
        self.loaded: dict[str, str] = {}
        self.loads: list[dict[str, Any]] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert self.path == "/v1/models"
                server.free.wait()
                cards = [{"id": "qwen3-8b", "root": "/weights"}]
                cards += [{"id": name, "root": path} for name, path in server.loaded.items()]
                self._answer(200 if server.up else 503, {"data": cards})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if self.path != "/v1/load_lora_adapter" or self.headers["authorization"] != f"Bearer {KEY}":
                    self._answer(401, {})
                elif server.refuses or (body["lora_name"] in server.loaded and not body["load_inplace"]):
                    server.refused += 1
                    self._answer(400, {"error": {"message": "rank is too high"}})
                else:
                    server.loads.append(body)
                    server.loaded[body["lora_name"]] = body["lora_path"]
                    self._answer(200, {})

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any, **kwargs: Any) -> None:
                """Quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def adapter_config(**changes: Any) -> dict[str, Any]:
    return {
        "peft_type": "LORA",
        "base_model_name_or_path": BASE,
        "r": 16,
        "lora_alpha": 32,
        "target_modules": ["q_proj"],
        "bias": "none",
        "init_lora_weights": True,
        "use_dora": False,
    } | changes


def safetensors(content: bytes) -> bytes:
    header = json.dumps({"a": {"dtype": "U8", "shape": [len(content)], "data_offsets": [0, len(content)]}}).encode()
    return struct.pack("<Q", len(header)) + header + content


@dataclass
class Pod:
    """The program with its bucket, its folder and its server."""

    client: Any
    bucket: str
    folder: Path
    server: ModelServer
    names: tuple[str, ...] = ("legal-style",)

    def put(self, name: str = "legal-style", *, content: bytes = b"weights", **changes: Any) -> None:
        self.put_file(name, adapter_files.WEIGHTS, safetensors(content))
        self.put_file(name, adapter_files.CONFIG, json.dumps(adapter_config(**changes)).encode())

    def put_file(self, name: str, file: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"adapters/{name}/{file}", Body=body)

    def sync(self) -> program.Sync:
        declared = [{"name": name, "prefix": f"adapters/{name}", "bases": [BASE]} for name in self.names]
        return program.make_sync(
            {
                "S3_BUCKET": self.bucket,
                "S3_PATH_STYLE": "1",
                "ADAPTERS": json.dumps(declared),
                "ADAPTER_FOLDER": str(self.folder),
                "ADAPTER_MAX_RANK": "16",
                "ADAPTER_MAX_BYTES": "100000",
                "SERVER_URL": self.server.url,
                "VLLM_API_KEY": KEY,
            }
        )

    @property
    def ready(self) -> bool:
        return (self.folder / ".ready").exists()

    def versions(self, name: str = "legal-style") -> list[Path]:
        return sorted((self.folder / name).iterdir()) if (self.folder / name).exists() else []


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def pod(
    s3_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Pod]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_address)
    client = boto3.client("s3")
    bucket = f"b{abs(hash(request.node.name))}"
    client.create_bucket(Bucket=bucket)
    server = ModelServer()
    yield Pod(client=client, bucket=bucket, folder=tmp_path, server=server)
    server.stop()


def test_a_declared_adapter_is_copied_loaded_and_the_pod_becomes_ready(pod: Pod) -> None:
    pod.put()
    assert pod.sync().look()
    (version,) = pod.versions()
    assert pod.server.loads == [{"lora_name": "legal-style", "lora_path": str(version), "load_inplace": False}]
    assert {path.name for path in version.iterdir()} == {adapter_files.CONFIG, adapter_files.WEIGHTS}
    assert (version / adapter_files.WEIGHTS).read_bytes() == safetensors(b"weights")
    assert pod.ready


def test_what_is_loaded_is_not_loaded_again(pod: Pod) -> None:
    pod.put()
    sync = pod.sync()
    for _ in range(3):
        sync.look()
    assert len(pod.server.loads) == 1


def test_other_files_of_the_folder_stay_where_they_are(pod: Pod) -> None:
    pod.put()
    for file in ("README.md", "adapter_model.bin", "checkpoint-100/adapter_model.safetensors", "tokenizer.json"):
        pod.put_file("legal-style", file, b"anything")
    pod.sync().look()
    assert {path.name for path in pod.versions()[0].rglob("*")} == {adapter_files.CONFIG, adapter_files.WEIGHTS}


def test_new_content_is_loaded_under_a_new_path_once_it_has_settled(pod: Pod) -> None:
    pod.put()
    sync = pod.sync()
    sync.look()
    pod.put(content=b"better weights")
    sync.look()
    assert len(pod.server.loads) == 1
    sync.look()
    first, second = pod.server.loads
    assert second["load_inplace"] is True
    assert first["lora_path"] != second["lora_path"]
    assert (Path(second["lora_path"]) / adapter_files.WEIGHTS).read_bytes() == safetensors(b"better weights")


def test_the_version_before_stays_for_requests_that_still_run_on_it(pod: Pod) -> None:
    sync = pod.sync()
    paths = []
    for content in (b"one", b"two", b"three"):
        pod.put(content=content)
        sync.look()
        sync.look()
        paths.append(pod.server.loaded["legal-style"])
    assert {str(path) for path in pod.versions()} == set(paths[1:])


def test_a_server_that_starts_again_gets_its_adapters_again(pod: Pod) -> None:
    pod.put()
    sync = pod.sync()
    sync.look()
    pod.server.loaded.clear()
    pod.server.up = False
    assert not sync.look()
    assert not pod.ready
    pod.server.up = True
    assert sync.look()
    assert pod.ready
    assert len(pod.server.loads) == 2
    assert len(pod.versions()) == 1


def test_adapters_are_copied_while_the_server_still_loads_its_model(pod: Pod) -> None:
    pod.put()
    pod.server.up = False
    sync = pod.sync()
    sync.look()
    assert len(pod.versions()) == 1
    assert pod.server.loads == []
    assert not pod.ready


def test_a_program_that_starts_again_reuses_what_is_there(pod: Pod) -> None:
    pod.put()
    pod.sync().look()
    pod.sync().look()
    assert len(pod.server.loads) == 1
    assert len(pod.versions()) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"peft_type": "IA3"}, "only LORA is served"),
        ({"base_model_name_or_path": "meta-llama/Llama-3.1-8B"}, "it was trained on 'meta-llama/Llama-3.1-8B'"),
        ({"r": 32}, "rank 32 is above the 16 of a slot"),
        ({"rank_pattern": {"q_proj": 64}}, "rank 64 is above the 16 of a slot"),
        ({"r": None}, "a positive number is needed"),
        ({"use_dora": True}, "adapters with use_dora"),
        ({"bias": "all"}, "adapters with bias"),
        ({"modules_to_save": ["lm_head"]}, "adapters with modules_to_save"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights pissa"),
    ],
)
def test_an_adapter_that_is_not_what_was_declared_is_left_out_with_the_reason(
    pod: Pod, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], words: str
) -> None:
    pod.put(**changes)
    assert pod.sync().look()
    assert pod.server.loads == []
    assert pod.versions() == []
    assert words in caplog.text
    # The model itself is served all the same.
    assert pod.ready


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (safetensors(b"weights")[:-1], "it is cut off"),
        (b"PK\x03\x04 a pickle in a zip file", "no safetensors file"),
        (b"", "no safetensors file"),
        (bytes(8) + b"rest", "its header cannot be read"),
        (struct.pack("<Q", 2) + b"[]rest", "its header cannot be read"),
        (struct.pack("<Q", 9) + b'{"a": {}}rest', "its header cannot be read"),
        (safetensors(b"x" * 100_000), "bytes are more than the 100000"),
    ],
)
def test_weights_that_are_not_whole_are_never_loaded(
    pod: Pod, caplog: pytest.LogCaptureFixture, body: bytes, words: str
) -> None:
    pod.put()
    pod.put_file("legal-style", adapter_files.WEIGHTS, body)
    pod.sync().look()
    assert pod.server.loads == []
    assert words in caplog.text


def test_a_missing_file_is_named(pod: Pod, caplog: pytest.LogCaptureFixture) -> None:
    pod.put_file("legal-style", adapter_files.CONFIG, b"{}")
    pod.sync().look()
    assert "adapters/legal-style has no adapter_model.safetensors: put it there" in caplog.text


def test_a_bad_new_version_leaves_the_old_one_in_service(pod: Pod, caplog: pytest.LogCaptureFixture) -> None:
    pod.put()
    sync = pod.sync()
    sync.look()
    before = dict(pod.server.loaded)
    pod.put(r=64)
    sync.look()
    sync.look()
    assert "rank 64 is above" in caplog.text
    assert pod.server.loaded == before


def test_one_bad_adapter_does_not_keep_the_others_out(pod: Pod) -> None:
    pod.names = ("broken", "legal-style")
    pod.put()
    pod.put("broken", peft_type="IA3")
    pod.sync().look()
    assert set(pod.server.loaded) == {"legal-style"}


def test_a_refusal_of_the_server_is_reported_once_and_tried_again_later(
    pod: Pod, caplog: pytest.LogCaptureFixture
) -> None:
    pod.put()
    pod.server.refuses = True
    sync = pod.sync()
    with caplog.at_level(logging.ERROR):
        for _ in range(program.LOOKS_UNTIL_NEXT_TRY):
            sync.look()
    assert caplog.text.count("the server refused it (400)") == 1
    assert pod.server.refused == 1
    pod.server.refuses = False
    sync.look()
    assert set(pod.server.loaded) == {"legal-style"}


def test_a_server_that_starts_again_is_asked_at_once_about_what_it_refused(pod: Pod) -> None:
    pod.put()
    pod.server.refuses = True
    sync = pod.sync()
    sync.look()
    pod.server.up = pod.server.refuses = False
    sync.look()
    pod.server.up = True
    sync.look()
    assert set(pod.server.loaded) == {"legal-style"}


def test_a_version_that_was_refused_is_not_copied_with_every_look_and_a_new_one_is(
    pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    download = adapter_copies.Bucket.download

    def counted(bucket: adapter_copies.Bucket, prefix: str, file: str, tag: str, target: Path) -> None:
        copied.append(file)
        download(bucket, prefix, file, tag, target)

    monkeypatch.setattr(adapter_copies.Bucket, "download", counted)
    pod.put(r=64)
    sync = pod.sync()
    for _ in range(3):
        sync.look()
    assert len(copied) == 2
    pod.put()
    sync.look()
    assert set(pod.server.loaded) == {"legal-style"}


@pytest.mark.parametrize(
    ("file", "body"),
    [
        (adapter_files.CONFIG, json.dumps(adapter_config(rank_pattern=[1])).encode()),
        (adapter_files.CONFIG, json.dumps(adapter_config(extra="x" * 2**15)).encode()),
        (adapter_files.CONFIG, b"[" * 50_000),
        (adapter_files.WEIGHTS, struct.pack("<Q", 50_000) + b"[" * 50_001),
        (adapter_files.WEIGHTS, struct.pack("<Q", 90_000) + b"{" * 90_001),
    ],
)
def test_nothing_in_a_bucket_ends_the_program(
    pod: Pod, monkeypatch: pytest.MonkeyPatch, file: str, body: bytes
) -> None:
    monkeypatch.setattr(adapter_files, "LARGEST_HEADER", 80_000)
    monkeypatch.setattr(adapter_files, "LARGEST_CONFIGURATION", 2**15 if b"extra" in body else 2**20)
    pod.names = ("broken", "legal-style")
    pod.put()
    pod.put("broken")
    pod.put_file("broken", file, body)
    assert pod.sync().look()
    assert pod.ready
    assert set(pod.server.loaded) == {"legal-style"}


def test_a_server_that_answers_late_keeps_its_requests(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_server, "ANSWER_SECONDS", 0.1)
    pod.put()
    sync = pod.sync()
    pod.server.free.clear()
    try:
        assert not sync.look()
        assert not pod.ready
        pod.server.free.set()
        monkeypatch.setattr(model_server, "ANSWER_SECONDS", 5.0)
        assert sync.look()
        monkeypatch.setattr(model_server, "ANSWER_SECONDS", 0.1)
        pod.server.free.clear()
        assert sync.look()
        assert pod.ready
    finally:
        pod.server.free.set()


def test_an_object_store_that_is_away_leaves_served_adapters_alone(pod: Pod, caplog: pytest.LogCaptureFixture) -> None:
    pod.put()
    sync = pod.sync()
    sync.look()
    sync.bucket = program.Bucket(pod.client, "no-such-bucket")
    assert sync.look()
    assert pod.ready
    assert set(pod.server.loaded) == {"legal-style"}
    assert "NoSuchBucket" in caplog.text


def test_half_a_copy_is_no_version(pod: Pod) -> None:
    pod.put()
    half = pod.folder / adapter_copies.PARTIAL / "legal-style"
    half.mkdir(parents=True)
    (half / adapter_files.CONFIG).write_text("{}")
    pod.sync().look()
    assert not half.exists()
    assert len(pod.versions()) == 1
