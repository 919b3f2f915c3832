"""Copies one commit of a Hugging Face repository into a bucket, once.

Runs in the vLLM image, which has boto3 and httpx. Files go straight from the hub to the bucket, no disk is needed. Each
is checked against the hash that the hub states before the bucket keeps it, and `config.json` comes last: without it a
model server refuses to start, so that a half-copied model is never served. Running it again copies only what is
missing.

Environment: MODEL_REPOSITORY, MODEL_REVISION, S3_BUCKET, S3_PREFIX; optional HF_TOKEN (gated repositories), HF_ENDPOINT
(a mirror of the hub), S3_PATH_STYLE=1; and the usual AWS variables.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
LAST = "config.json"
SMALL_FILES = (".json", ".txt", ".model", ".jinja")
ATTEMPTS = 6
HASH_KEY = "content-hash"
MEBIBYTE = 2**20

log = logging.getLogger("preload")


class PreloadError(Exception):
    """The commit cannot be copied; the message says why and what to do."""


@dataclass(frozen=True)
class HubFile:
    """A file of the commit. `digest` is the SHA-256 of a large file, the git object id of a small one."""

    name: str
    size: int
    digest: str
    large: bool

    def hasher(self) -> Any:
        """What computes `digest` over the content."""
        if self.large:
            return hashlib.sha256()
        # Git hashes a header before the content.
        return hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)


class Hub:
    """One commit of one repository on the hub."""

    def __init__(self, endpoint: str, repository: str, revision: str, token: str | None, pause: float = 2.0) -> None:
        self._client = httpx.Client(
            # Compressed answers could not be taken up again in the middle.
            headers={"accept-encoding": "identity"} | ({"authorization": f"Bearer {token}"} if token else {}),
            # httpx drops the token when the hub redirects to its file servers, which refuse a second signature.
            follow_redirects=True,
            timeout=httpx.Timeout(60.0, connect=20.0),
        )
        self._endpoint, self._repository, self._revision = endpoint.rstrip("/"), repository, revision
        self._pause = pause

    def files(self) -> dict[str, HubFile]:
        """Files of the commit by name."""
        url = f"{self._endpoint}/api/models/{self._repository}/revision/{self._revision}?blobs=true"
        listing = json.loads(b"".join(self.read(url)))
        if listing["sha"] != self._revision:
            message = f"{self._repository}: asked for {self._revision}, the hub answered with {listing['sha']}"
            raise PreloadError(message)
        return {entry["rfilename"]: _hub_file(entry) for entry in listing["siblings"]}

    def content(self, file: HubFile) -> Iterator[bytes]:
        """Content of `file` from its beginning."""
        return self.read(f"{self._endpoint}/{self._repository}/resolve/{self._revision}/{file.name}")

    def read(self, url: str) -> Iterator[bytes]:
        """Content of `url`; a broken connection is taken up again where it broke."""
        done = 0
        for attempt in range(ATTEMPTS):
            try:
                headers = {"range": f"bytes={done}-"} if done else {}
                with self._client.stream("GET", url, headers=headers) as answer:
                    self._check(answer, resumed=bool(done))
                    for chunk in answer.iter_bytes(MEBIBYTE):
                        done += len(chunk)
                        yield chunk
                return
            except httpx.TransportError as error:
                log.warning("%s broke after %d bytes (%s), attempt %d", url, done, error, attempt + 1)
                time.sleep(self._pause * 2**attempt)
        message = f"{url} cannot be read after {ATTEMPTS} attempts"
        raise PreloadError(message)

    def _check(self, answer: httpx.Response, *, resumed: bool) -> None:
        if answer.status_code in {401, 403}:
            message = (
                f"{self._repository}: access refused ({answer.status_code}); accept its licence on the hub and set the "
                "token: pulumi config set --secret ai-platform:huggingFaceToken"
            )
            raise PreloadError(message)
        if answer.status_code == 404:  # noqa: PLR2004
            message = f"{answer.url}: not found; check models[].weights.huggingFace and revision"
            raise PreloadError(message)
        if answer.status_code >= 500 or answer.status_code == 429:  # noqa: PLR2004
            message = f"status {answer.status_code}"
            raise httpx.TransportError(message)
        if answer.status_code != (206 if resumed else 200):
            message = f"{answer.url}: status {answer.status_code}"
            raise PreloadError(message)


class CheckedReader:
    """A file object over chunks. It fails at the end when size or hash differ, before the bucket has the whole."""

    def __init__(self, file: HubFile, chunks: Iterator[bytes]) -> None:
        self._file, self._chunks, self._hasher = file, chunks, file.hasher()
        self._buffer, self._done = bytearray(), 0

    def read(self, size: int = -1) -> bytes:
        """Exactly `size` bytes unless the file ends: the uploader takes a short answer for the end."""
        while size < 0 or len(self._buffer) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._hasher.update(chunk)
            self._done += len(chunk)
            self._buffer += chunk
            if self._done >= self._file.size:
                break
        if len(self._buffer) < size or size < 0 or self._done >= self._file.size:
            self._verify()
        wanted = len(self._buffer) if size < 0 else size
        taken = bytes(self._buffer[:wanted])
        del self._buffer[:wanted]
        return taken

    def _verify(self) -> None:
        if self._done != self._file.size or self._hasher.hexdigest() != self._file.digest:
            message = f"{self._file.name}: what the hub sent is not what it announced ({self._done} bytes)"
            raise PreloadError(message)


class Bucket:
    """The target: a prefix of a bucket."""

    def __init__(self, client: Any, name: str, prefix: str) -> None:
        self._client, self._name, self._prefix = client, name, prefix.strip("/")
        self._transfer = TransferConfig(
            multipart_threshold=64 * MEBIBYTE, multipart_chunksize=64 * MEBIBYTE, max_concurrency=4
        )

    def holds(self, file: HubFile) -> bool:
        """Whether the bucket has `file` with the same content."""
        try:
            head = self._client.head_object(Bucket=self._name, Key=self._key(file))
        except ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
                return False
            raise
        return head["ContentLength"] == file.size and head["Metadata"].get(HASH_KEY) == file.digest

    def store(self, file: HubFile, chunks: Iterator[bytes]) -> None:
        """Store `file`; nothing is kept when its content is not what the hub announced."""
        self._client.upload_fileobj(
            CheckedReader(file, chunks),
            self._name,
            self._key(file),
            ExtraArgs={"Metadata": {HASH_KEY: file.digest}},
            Config=self._transfer,
        )

    def _key(self, file: HubFile) -> str:
        return f"{self._prefix}/{file.name}"


def select(files: Mapping[str, HubFile], index: Mapping[str, Any] | None) -> list[HubFile]:
    """What a model server needs, `config.json` last.

    The shards that the index names (repositories also hold the same weights in other formats and sizes, and the server
    would read them all), the small files of the top folder, and the configurations of sentence-transformers' modules.
    """
    shards = sorted(set(index["weight_map"].values())) if index else [SINGLE]
    missing = [name for name in (*shards, LAST) if name not in files]
    if missing:
        message = f"the repository has no {', '.join(missing)}: it cannot be streamed, choose one with safetensors"
        raise PreloadError(message)
    small = sorted(name for name in files if _is_small_file(name) and name != LAST)
    return [files[name] for name in (*shards, *small, LAST)]


def preload(hub: Hub, bucket: Bucket) -> int:
    """Copy what is missing and return the number of files copied."""
    files = hub.files()
    index = json.loads(b"".join(hub.content(files[INDEX]))) if INDEX in files else None
    wanted, copied = select(files, index), 0
    for number, file in enumerate(wanted, start=1):
        if bucket.holds(file):
            log.info("[%d/%d] %s is there", number, len(wanted), file.name)
            continue
        log.info("[%d/%d] %s, %.1f MiB", number, len(wanted), file.name, file.size / MEBIBYTE)
        bucket.store(file, hub.content(file))
        copied += 1
    return copied


def main(environment: Mapping[str, str]) -> int:
    """Exit status of the program."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    style = {"s3": {"addressing_style": "path"}} if environment.get("S3_PATH_STYLE") == "1" else {}
    client = boto3.client("s3", config=Config(retries={"max_attempts": 8, "mode": "standard"}, **style))
    hub = Hub(
        environment.get("HF_ENDPOINT", "https://huggingface.co"),
        environment["MODEL_REPOSITORY"],
        environment["MODEL_REVISION"],
        environment.get("HF_TOKEN"),
    )
    try:
        copied = preload(hub, Bucket(client, environment["S3_BUCKET"], environment["S3_PREFIX"]))
    except (PreloadError, ClientError, BotoCoreError) as error:
        log.error("%s", error)
        return 1
    log.info("done, %d files copied", copied)
    return 0


def _hub_file(entry: Mapping[str, Any]) -> HubFile:
    large: Mapping[str, Any] | None = entry.get("lfs")
    if large:
        return HubFile(name=entry["rfilename"], size=large["size"], digest=large["sha256"], large=True)
    return HubFile(name=entry["rfilename"], size=entry["size"], digest=entry["blobId"], large=False)


def _is_small_file(name: str) -> bool:
    folder, _, base = name.rpartition("/")
    if folder:
        return base == LAST and "/" not in folder
    return name.endswith(SMALL_FILES)


if __name__ == "__main__":
    sys.exit(main(os.environ))
