"""One commit of a repository on the Hugging Face hub, read with patience and checked against what it announces."""

from __future__ import annotations

import hashlib
import json
import logging
import random
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from .checkpoint import INDEX, CheckpointError

ATTEMPTS = 10
"""Failures in a row, none of which brought a byte, before it is given up. They span about 25 minutes, five windows of
the hub's limit."""
LONGEST_PAUSE = 300.0
"""Seconds; the hub counts requests of one address in windows of five minutes."""
MEBIBYTE = 2**20
SMALL_LIMIT = 128 * MEBIBYTE
"""A file without a SHA-256 on the hub is read into memory. The hub itself keeps such files below 10 MB."""

_RESET = re.compile(r"\bt=(\d+)")
_NOT_FOUND = 404
_TIMED_OUT = 408
_TOO_MANY = 429
_SERVER_FAULT = 500

log = logging.getLogger("hub")


class HubUnavailableError(Exception):
    """The hub did not answer for long; another run may have more luck."""


class _LaterError(Exception):
    """The hub asked to come back, after `seconds` where it said so."""

    def __init__(self, status: int, seconds: float | None) -> None:
        super().__init__(f"status {status}")
        self.seconds = seconds


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

    def __init__(self, endpoint: str, repository: str, revision: str, token: str | None) -> None:
        self._client = httpx.Client(
            # Compressed answers could not be taken up again in the middle.
            headers={"accept-encoding": "identity"} | ({"authorization": f"Bearer {token}"} if token else {}),
            # httpx drops the token when the hub redirects to its file servers, which refuse a second signature.
            follow_redirects=True,
            timeout=httpx.Timeout(60.0, connect=20.0),
        )
        self._endpoint, self._repository, self._revision = endpoint.rstrip("/"), repository, revision

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Hub:
        """From MODEL_REPOSITORY, MODEL_REVISION, and optional HF_ENDPOINT and HF_TOKEN."""
        return cls(
            environment.get("HF_ENDPOINT", "https://huggingface.co"),
            environment["MODEL_REPOSITORY"],
            environment["MODEL_REVISION"],
            environment.get("HF_TOKEN"),
        )

    def files(self) -> dict[str, HubFile]:
        """Files of the commit by name."""
        url = f"{self._endpoint}/api/models/{self._repository}/revision/{self._revision}?blobs=true"
        listing = json.loads(b"".join(self._read(url)))
        if listing["sha"] != self._revision:
            message = f"{self._repository}: asked for {self._revision}, the hub answered with {listing['sha']}"
            raise CheckpointError(message)
        return {entry["rfilename"]: _hub_file(entry) for entry in listing["siblings"]}

    def index(self, files: Mapping[str, HubFile]) -> Mapping[str, Any] | None:
        """The index of the shards, None where the weights are one file."""
        return json.loads(self.small(files[INDEX])) if INDEX in files else None

    def small(self, file: HubFile) -> bytes:
        """Content of a small file. Raises CheckpointError when it is not what the hub announced."""
        if file.size > SMALL_LIMIT:
            message = f"{file.name} has {file.size / MEBIBYTE:.0f} MiB and no SHA-256 on the hub: store it there by LFS"
            raise CheckpointError(message)
        return CheckedReader(file, self.content(file)).read()

    def content(self, file: HubFile) -> Iterator[bytes]:
        """Content of `file` from its beginning."""
        return self._read(f"{self._endpoint}/{self._repository}/resolve/{self._revision}/{quote(file.name)}")

    def _read(self, url: str) -> Iterator[bytes]:
        """Content of `url`; a broken connection is taken up again where it broke."""
        done = failures = 0
        while True:
            before = done
            try:
                headers = {"range": f"bytes={done}-"} if done else {}
                with self._client.stream("GET", url, headers=headers) as answer:
                    self._check(answer, resumed=bool(done))
                    for chunk in answer.iter_bytes(MEBIBYTE):
                        done += len(chunk)
                        yield chunk
                return
            except (httpx.TransportError, _LaterError) as error:
                failures = 1 if done > before else failures + 1
                if failures == ATTEMPTS:
                    message = f"{url} cannot be read, {ATTEMPTS} attempts failed, the last one with: {error}"
                    raise HubUnavailableError(message) from None
                asked = error.seconds if isinstance(error, _LaterError) else None
                seconds = _pause(failures) if asked is None else asked
                log.warning("%s after %d bytes: %s; again in %.0f s", url, done, error, seconds)
                time.sleep(seconds)

    def _check(self, answer: httpx.Response, *, resumed: bool) -> None:
        status = answer.status_code
        if status in {401, 403}:
            message = (
                f"{self._repository}: access refused ({status}); accept its licence on the hub and set the "
                "token: pulumi config set --secret ai-platform:huggingFaceToken"
            )
            raise CheckpointError(message)
        if status == _NOT_FOUND:
            message = f"{answer.url}: not found; check models[].weights.huggingFace and revision"
            raise CheckpointError(message)
        if status >= _SERVER_FAULT or status in {_TIMED_OUT, _TOO_MANY}:
            raise _LaterError(status, _asked_pause(answer.headers))
        if status != (206 if resumed else 200):
            message = f"{answer.url}: status {status}"
            raise CheckpointError(message)


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
            raise CheckpointError(message)


def _pause(failures: int) -> float:
    """Seconds before the next attempt. They are scattered: many jobs may share one address, and one limit."""
    return min(LONGEST_PAUSE, 2.0**failures) * random.uniform(0.5, 1.0)  # noqa: S311 # no secret depends on it


def _asked_pause(headers: httpx.Headers) -> float | None:
    """Seconds that the hub asks to wait: `Retry-After`, or the reset of its `RateLimit` header (`"api";r=0;t=55`)."""
    asked = headers.get("retry-after", "")
    reset = _RESET.search(headers.get("ratelimit", ""))
    if asked.isdigit():
        return min(LONGEST_PAUSE, float(asked))
    return min(LONGEST_PAUSE, float(reset[1])) if reset else None


def _hub_file(entry: Mapping[str, Any]) -> HubFile:
    large: Mapping[str, Any] | None = entry.get("lfs")
    if large:
        return HubFile(name=entry["rfilename"], size=large["size"], digest=large["sha256"], large=True)
    return HubFile(name=entry["rfilename"], size=entry["size"], digest=entry["blobId"], large=False)
