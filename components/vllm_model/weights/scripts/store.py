"""A checkpoint in a bucket: the objects under one prefix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TypeVar

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from .checkpoint import LAST, LISTING, read_listing

MEBIBYTE = 2**20
CONNECTIONS = 32
_SHA256_KEY = "sha256"
_ANNOUNCED_KEY = "content-hash"
_ABSENT = {"404", "NoSuchKey", "NotFound"}
_PART = 32 * MEBIBYTE
_MOST_PARTS = 10_000

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Reader(Protocol):
    """What is uploaded."""

    def read(self, size: int = -1) -> bytes:
        """`size` bytes, fewer only at the end."""
        ...


@dataclass(frozen=True)
class StoredObject:
    """An object of the checkpoint. Its writer noted its SHA-256 and the hash that the hub announced for it (the same
    for large files); empty where somebody else put it there."""

    size: int
    sha256: str
    announced: str


class Bucket:
    """A prefix of a bucket."""

    def __init__(self, client: Any, name: str, prefix: str) -> None:
        self._client, self._name, self._prefix = client, name, prefix.strip("/")

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Bucket:
        """From S3_BUCKET, S3_PREFIX, optional S3_PATH_STYLE=1, and the usual AWS variables of the process."""
        style = {"s3": {"addressing_style": "path"}} if environment.get("S3_PATH_STYLE") == "1" else {}
        retries = {"max_attempts": 8, "mode": "standard"}
        client = boto3.client("s3", config=Config(retries=retries, max_pool_connections=CONNECTIONS, **style))
        return cls(client, environment["S3_BUCKET"], environment["S3_PREFIX"])

    def __str__(self) -> str:
        return f"s3://{self._name}/{self._prefix}"

    def sizes(self) -> dict[str, int]:
        """Size of each object by its path under the prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=f"{self._prefix}/")
        return {
            item["Key"].removeprefix(f"{self._prefix}/"): item["Size"]
            for page in pages
            for item in page.get("Contents", [])
            # Some tools put empty objects where they show a folder.
            if not item["Key"].endswith("/")
        }

    def find(self, name: str) -> StoredObject | None:
        """The object called `name`."""
        head = self._unless_absent(lambda: self._client.head_object(Bucket=self._name, Key=self._key(name)))
        if head is None:
            return None
        noted = head["Metadata"]
        return StoredObject(head["ContentLength"], noted.get(_SHA256_KEY, ""), noted.get(_ANNOUNCED_KEY, ""))

    def find_all(self, names: list[str]) -> dict[str, StoredObject | None]:
        """The objects called `names`."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return dict(zip(names, pool.map(self.find, names), strict=True))

    def content(self, name: str) -> bytes | None:
        """Content of a small object."""
        answer = self._unless_absent(lambda: self._client.get_object(Bucket=self._name, Key=self._key(name)))
        return None if answer is None else answer["Body"].read()

    def part(self, name: str, start: int, stop: int) -> Iterator[bytes]:
        """Bytes `start` to `stop` (exclusive) of an object, in pieces."""
        span = f"bytes={start}-{stop - 1}"
        yield from self._client.get_object(Bucket=self._name, Key=self._key(name), Range=span)["Body"].iter_chunks(
            MEBIBYTE
        )

    def finished_listing(self) -> bytes | None:
        """The listing of a copy that was finished, None where anything that it lists is missing or is another file."""
        listing = self.content(LISTING)
        if listing is None:
            return None
        digests = read_listing(listing)
        found = self.find_all(sorted(digests))
        same = all(stored and stored.sha256 == digests[name] for name, stored in found.items())
        return listing if same and LAST in digests else None

    def put(self, name: str, content: bytes, *, sha256: str, announced: str = "") -> None:
        """Store a small object."""
        self._client.put_object(
            Bucket=self._name, Key=self._key(name), Body=content, Metadata=_metadata(sha256, announced)
        )

    def upload(self, name: str, reader: Reader, size: int, *, sha256: str) -> None:
        """Store a large object in parts, at most ten of them in memory; nothing is kept when `reader` fails."""
        part = max(_PART, -(-size // _MOST_PARTS))
        transfer = TransferConfig(multipart_threshold=part, multipart_chunksize=part, max_concurrency=4)
        extra = {"Metadata": _metadata(sha256, sha256)}
        stream: BinaryIO | Any = reader
        self._client.upload_fileobj(stream, self._name, self._key(name), ExtraArgs=extra, Config=transfer)

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    @staticmethod
    def _unless_absent(request: Callable[[], Any]) -> Any:
        try:
            return request()
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise


def at_once(workers: int, work: Callable[[_Item], _Result], items: list[_Item]) -> list[_Result]:
    """Results of `work` for each item, `workers` at a time. The first failure is raised when those that run have ended;
    the others are not begun."""
    with ThreadPoolExecutor(workers) as pool:
        pending = [pool.submit(work, item) for item in items]
        try:
            return [each.result() for each in pending]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _metadata(sha256: str, announced: str) -> dict[str, str]:
    noted = {_SHA256_KEY: sha256, _ANNOUNCED_KEY: announced}
    return {key: value for key, value in noted.items() if value}
