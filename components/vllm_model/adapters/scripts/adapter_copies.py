"""Copies of adapters: what a bucket holds of them, and the folder that the server reads them from."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .adapter_files import CONFIG, WEIGHTS, AdapterError, check_configuration, check_weights, json_object

READY = ".ready"
PARTIAL = ".partial"
KEPT_VERSIONS = 2

log = logging.getLogger("adapters")


@dataclass(frozen=True)
class Declared:
    """An adapter of the settings. `bases`: what its configuration may name as its base model."""

    name: str
    prefix: str
    bases: tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """What the server's slots and the pod's disk can hold."""

    rank: int
    size: int


@dataclass(frozen=True)
class Version:
    """What the bucket holds of an adapter: entity tag and size by file."""

    files: tuple[tuple[str, str, int], ...]

    @property
    def name(self) -> str:
        """Name of the version's folder."""
        return hashlib.sha256(json.dumps(self.files).encode()).hexdigest()[:16]


class Bucket:
    """The source: prefixes of a bucket."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def version(self, prefix: str) -> Version:
        """What lies under `prefix` now. Raises AdapterError when a file is missing."""
        found: dict[str, tuple[str, str, int]] = {}
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=f"{prefix}/")
        for item in (item for page in pages for item in page.get("Contents", [])):
            file = item["Key"].removeprefix(f"{prefix}/")
            if file in {CONFIG, WEIGHTS}:
                found[file] = (file, item["ETag"], item["Size"])
        missing = sorted({CONFIG, WEIGHTS} - found.keys())
        if missing:
            message = f"s3://{self._name}/{prefix} has no {' and no '.join(missing)}: put it there"
            raise AdapterError(message)
        return Version(files=(found[CONFIG], found[WEIGHTS]))

    def download(self, prefix: str, file: str, tag: str, target: Path) -> None:
        """Copy one file; fails when it is no longer the one with `tag`."""
        answer = self._client.get_object(Bucket=self._name, Key=f"{prefix}/{file}", IfMatch=tag)
        with target.open("wb") as opened:
            shutil.copyfileobj(answer["Body"], opened, 2**20)


class Shelf:
    """The folder that the server reads adapters from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.rmtree(folder / PARTIAL, ignore_errors=True)

    def path(self, adapter: Declared, version: Version) -> Path:
        """Where `version` lies, or will lie."""
        return self._folder / adapter.name / version.name

    def place(self, bucket: Bucket, adapter: Declared, version: Version, limits: Limits) -> Path:
        """Copy and check `version`, unless it is there. Raises AdapterError when it cannot be served."""
        target = self.path(adapter, version)
        if target.is_dir():
            return target
        size = sum(size for _, _, size in version.files)
        if size > limits.size:
            message = (
                f"{size} bytes are more than the {limits.size} that an adapter of rank {limits.rank} has on attention "
                "and dense layers: train it without embeddings and experts, or raise adapterSlots.rank"
            )
            raise AdapterError(message)
        partial = self._folder / PARTIAL / adapter.name
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for file, tag, _ in version.files:
            bucket.download(adapter.prefix, file, tag, partial / file)
        check_configuration(json_object(partial / CONFIG), adapter.bases, limits.rank)
        check_weights(partial / WEIGHTS)
        target.parent.mkdir(exist_ok=True)
        partial.rename(target)
        return target

    def prune(self, adapter: Declared, current: Path) -> None:
        """Remove old versions, but not the one before `current`: a request may still run on it."""
        versions = sorted(
            (path for path in current.parent.iterdir() if path != current), key=lambda path: path.stat().st_mtime
        )
        for path in versions[: -(KEPT_VERSIONS - 1)]:
            shutil.rmtree(path)
            log.info("%s: removed version %s", adapter.name, path.name)

    def ready(self, *, now: bool) -> None:
        """Say whether requests for adapters can be answered."""
        if now:
            (self._folder / READY).touch()
        else:
            (self._folder / READY).unlink(missing_ok=True)
