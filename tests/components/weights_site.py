"""A hub and an S3 server on loopback, and a tiny checkpoint, for tests of the programs that copy weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from components.vllm_model.weights.scripts import preload_weights
from tests.components.hugging_face_hub import REVISION, FakeHub, serving

REPOSITORY = "acme/tiny"
PREFIX = f"{REPOSITORY}/{REVISION}"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
INDEX = {"weight_map": {"a.weight": FIRST, "b.weight": SECOND}}
FILES = {
    "config.json": b'{"architectures": ["Tiny"]}',
    "tokenizer.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "merges.txt": b"",
    "model.safetensors.index.json": json.dumps(INDEX).encode(),
    FIRST: bytes(range(256)) * 9000,
    SECOND: b"second" * 1000,
    "consolidated.safetensors": b"the same weights once more",
    "original/consolidated.00.pth": b"and again",
    "pytorch_model.bin": b"and in pickle",
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
    FIRST,
    SECOND,
    "1_Pooling/config.json",
}


def listing_of(names: set[str]) -> bytes:
    """What `sha256sum` prints for these files, sorted by path."""
    return "".join(f"{hashlib.sha256(FILES[name]).hexdigest()}  {name}\n" for name in sorted(names)).encode()


LISTING = listing_of(NEEDED)
DIGEST = f"sha256:{hashlib.sha256(LISTING).hexdigest()}"


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

    def preload(self) -> None:
        assert preload_weights.main(self.environment()) == 0

    def put(self, name: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"{PREFIX}/{name}", Body=content)

    def remove(self, name: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=f"{PREFIX}/{name}")

    @property
    def stored(self) -> dict[str, bytes]:
        listing = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {
            item["Key"].removeprefix(f"{PREFIX}/"): self.client.get_object(Bucket=self.bucket, Key=item["Key"])[
                "Body"
            ].read()
            for item in listing
        }


@contextmanager
def s3_server() -> Iterator[str]:
    """Address of an S3 server on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def site_on(s3_address: str, test_name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site for one test; nothing in it waits."""
    keys = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3_address,
    }
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    bucket = f"b{hashlib.sha256(test_name.encode()).hexdigest()[:20]}"
    client.create_bucket(Bucket=bucket)
    with serving(FakeHub(REPOSITORY, dict(FILES))) as hub:
        yield Site(hub=hub, client=client, bucket=bucket)
