"""The preload program against an S3 server and a stand-in for the hub, both on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from components.vllm_model.weights.scripts import preload_weights as program
from tests.components.hugging_face_hub import REVISION, FakeHub, serving

REPOSITORY = "acme/tiny"
PREFIX = f"{REPOSITORY}/{REVISION}"
INDEX = {"weight_map": {"a.weight": "model-00001-of-00002.safetensors", "b.weight": "model-00002-of-00002.safetensors"}}
FILES = {
    "config.json": b'{"architectures": ["Tiny"]}',
    "tokenizer.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "merges.txt": b"",
    "model.safetensors.index.json": json.dumps(INDEX).encode(),
    "model-00001-of-00002.safetensors": bytes(range(256)) * 9000,
    "model-00002-of-00002.safetensors": b"second" * 1000,
    "consolidated.safetensors": b"the same weights once more",
    "original/consolidated.00.pth": b"and again",
    "1_Pooling/config.json": b'{"pooling_mode_lasttoken": true}',
    "README.md": b"# Tiny",
    "modeling_tiny.py": b"import os",
}
NEEDED = {
    "config.json",
    "tokenizer.json",
    "chat_template.jinja",
    "merges.txt",
    "model.safetensors.index.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "1_Pooling/config.json",
}


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@dataclass
class Site:
    """A hub, and a bucket of its own on the S3 server."""

    hub: FakeHub
    client: Any
    bucket: str

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            "MODEL_REPOSITORY": REPOSITORY,
            "MODEL_REVISION": REVISION,
            "S3_BUCKET": self.bucket,
            "S3_PREFIX": PREFIX,
            "S3_PATH_STYLE": "1",
            "HF_ENDPOINT": self.hub.address,
        } | changes

    @property
    def stored(self) -> dict[str, bytes]:
        listing = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {
            item["Key"].removeprefix(f"{PREFIX}/"): self.client.get_object(Bucket=self.bucket, Key=item["Key"])[
                "Body"
            ].read()
            for item in listing
        }


@pytest.fixture
def site(s3_address: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Site]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_address)
    monkeypatch.setattr(program.time, "sleep", lambda seconds: None)
    client = boto3.client("s3")
    bucket = request.node.name.replace("_", "-")[:60].strip("-")
    client.create_bucket(Bucket=bucket)
    with serving(FakeHub(REPOSITORY, dict(FILES))) as hub:
        yield Site(hub=hub, client=client, bucket=bucket)


def test_the_files_a_server_needs_arrive_unchanged_and_no_others(site: Site) -> None:
    assert program.main(site.environment()) == 0
    assert site.stored == {name: FILES[name] for name in NEEDED}


def test_config_json_is_copied_last(site: Site) -> None:
    assert program.main(site.environment()) == 0
    assert site.hub.served[-1] == "config.json"


def test_a_second_run_copies_nothing(site: Site) -> None:
    assert program.main(site.environment()) == 0
    site.hub.served.clear()
    assert program.main(site.environment()) == 0
    assert site.hub.served == ["model.safetensors.index.json"]


def test_an_object_with_other_content_is_replaced(site: Site) -> None:
    site.client.put_object(Bucket=site.bucket, Key=f"{PREFIX}/tokenizer.json", Body=b"[]")
    assert program.main(site.environment()) == 0
    assert site.stored["tokenizer.json"] == FILES["tokenizer.json"]


@pytest.mark.parametrize("name", ["model-00001-of-00002.safetensors", "tokenizer.json"])
def test_a_file_that_differs_from_its_announced_hash_is_not_kept(site: Site, name: str) -> None:
    site.hub.corrupt.add(name)
    assert program.main(site.environment()) == 1
    assert name not in site.stored
    assert "config.json" not in site.stored


def test_a_large_file_is_checked_before_a_multipart_upload_completes(site: Site) -> None:
    # Above the multipart threshold of 64 MiB, where parts are stored before the whole is known.
    site.hub.files["model-00001-of-00002.safetensors"] = b"x" * (65 * program.MEBIBYTE)
    site.hub.corrupt.add("model-00001-of-00002.safetensors")
    assert program.main(site.environment()) == 1
    assert "model-00001-of-00002.safetensors" not in site.stored
    site.hub.corrupt.clear()
    assert program.main(site.environment()) == 0
    assert len(site.stored["model-00001-of-00002.safetensors"]) == 65 * program.MEBIBYTE


def test_a_broken_connection_is_taken_up_where_it_broke(site: Site) -> None:
    site.hub.break_once.add("model-00001-of-00002.safetensors")
    assert program.main(site.environment()) == 0
    assert site.stored["model-00001-of-00002.safetensors"] == FILES["model-00001-of-00002.safetensors"]
    assert site.hub.served.count("model-00001-of-00002.safetensors") == 2


def test_a_gated_repository_needs_the_token(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.hub.token = "hub-token"
    assert program.main(site.environment()) == 1
    assert "huggingFaceToken" in caplog.text
    assert program.main(site.environment(HF_TOKEN="hub-token")) == 0


def test_a_repository_without_safetensors_is_refused_by_name(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.hub.files = {"config.json": b"{}", "pytorch_model.bin": b"weights"}
    assert program.main(site.environment()) == 1
    assert "model.safetensors" in caplog.text
    assert site.stored == {}


def test_an_unknown_revision_is_refused(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    assert program.main(site.environment(MODEL_REVISION="c" * 40)) == 1
    assert "check models[].weights" in caplog.text


def test_a_missing_bucket_is_an_error_not_a_traceback(site: Site) -> None:
    assert program.main(site.environment(S3_BUCKET="no-such-bucket")) == 1
