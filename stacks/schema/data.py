"""The data layer: object store, databases, vectors and cache."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from components.base.quorum import ObjectStoreBackend, object_store_problem, vector_store_problem
from stacks.schema.base import PositiveInt, SettingsModel

_CRON_FIELDS = 6
_CRON_FIELD = re.compile(r"[0-9A-Za-z*/,?-]+")
_IMAGE = re.compile(r"[a-z0-9.-]+(?::[0-9]+)?/[a-z0-9._/-]+(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")


def _cron_with_seconds(text: str) -> str:
    fields = text.split()
    if len(fields) == _CRON_FIELDS - 1:
        message = f"{text!r} has five fields; this schedule starts with the seconds: write '0 {text}'"
        raise ValueError(message)
    if len(fields) != _CRON_FIELDS or not all(_CRON_FIELD.fullmatch(field) for field in fields):
        message = f"{text!r} is no schedule: write six fields, second minute hour day month weekday ('0 0 2 * * *')"
        raise ValueError(message)
    return text


def _pinned_image(text: str | None) -> str | None:
    if text is None:
        return None
    found = _IMAGE.fullmatch(text)
    if found is None:
        message = f"{text!r} is no image: write host/path:tag or host/path@sha256:…"
        raise ValueError(message)
    if found["digest"] is None and found["tag"] in {None, "latest"}:
        message = f"{text!r} is not pinned: name an exact tag or a digest"
        raise ValueError(message)
    return text


CronWithSeconds = Annotated[str, AfterValidator(_cron_with_seconds)]
"""A schedule of six fields, the first of them seconds, in UTC."""


class ObjectStoreSettings(SettingsModel):
    """The S3 store of an own cluster. On a cloud its own object store is used and only the buckets are created."""

    backend: ObjectStoreBackend = "seaweedfs"
    """Which S3 server runs: `seaweedfs`, or `minio` with an image of your own."""
    image: Annotated[str | None, AfterValidator(_pinned_image)] = None
    """Image of the server, required for `minio`; it must hold `minio`, `mc` and a shell. `seaweedfs` takes none."""
    capacity_gib: Annotated[int, Field(ge=10)] = 200
    """What all buckets together can hold, in GiB; copies and parity come on top."""
    replicas: PositiveInt = 3
    """Servers, each on its own node. seaweedfs: 1, 3 or 5. minio: 1 or 4 to 16. With 1, a lost volume is lost data."""

    @model_validator(mode="after")
    def _backend_can_run(self) -> Self:
        problem = object_store_problem(self.backend, self.replicas)
        if problem:
            message = f"replicas: {problem}"
            raise ValueError(message)
        if self.backend == "minio" and self.image is None:
            message = (
                "image: minio needs an image from your own registry: the open-source project ended in 2026 and its "
                "public images are gone. Build one (its last release lacks the fix of CVE-2025-62506) or license "
                "AIStor, or use backend: seaweedfs"
            )
            raise ValueError(message)
        if self.backend == "seaweedfs" and self.image is not None:
            message = "image: only minio takes one; the version of seaweedfs is pinned by the platform: remove it"
            raise ValueError(message)
        return self


class PostgresSettings(SettingsModel):
    """PostgreSQL for the platform's own services and for applications."""

    instances: Annotated[int, Field(ge=1, le=9)] = 3
    """One primary and its standbys, each on its own node. With 1 there is no failover."""
    storage_gib: Annotated[int, Field(ge=5)] = 20
    """Volume of each instance in GiB; the write-ahead log gets a volume of its own beside it."""
    retention_days: Annotated[int, Field(ge=1, le=365)] = 14
    """How many days point-in-time recovery reaches back."""
    backup_schedule: CronWithSeconds = "0 0 2 * * *"
    """When base backups are made, six fields from seconds to weekday, in UTC. The log is archived all the time."""


class VectorSettings(SettingsModel):
    """Qdrant."""

    replicas: PositiveInt = 3
    """Servers, each on its own node: 1, or at least 3. From 3 on every shard has two copies."""
    storage_gib: Annotated[int, Field(ge=1)] = 50
    """Volume of each server in GiB. It also holds the snapshots."""

    @model_validator(mode="after")
    def _has_a_quorum(self) -> Self:
        problem = vector_store_problem(self.replicas)
        if problem:
            message = f"replicas: {problem}"
            raise ValueError(message)
        return self


class CacheSettings(SettingsModel):
    """Valkey as a cache: the least recently used entry goes first, and nothing outlives a restart."""

    memory_mib: Annotated[int, Field(ge=64)] = 1024
    """Memory for entries in MiB."""


class DataSettings(SettingsModel):
    """Everything that holds data. The defaults survive the loss of one node."""

    object_store: ObjectStoreSettings = ObjectStoreSettings()
    """Buckets for models, backups, documents, logs and traces."""
    postgres: PostgresSettings = PostgresSettings()
    """Relational databases."""
    vectors: VectorSettings = VectorSettings()
    """Vector store."""
    cache: CacheSettings = CacheSettings()
    """Cache of answers."""
