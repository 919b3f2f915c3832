"""Builds the data layer, or one of its stores, as small programs for the tests beside this file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi

from components.base.handles import BucketPurpose, DatabaseRequest, ObjectStoreFactory, ObjectStoreRequest
from components.charts import ChartSource
from components.rag_data_layer import (
    CloudNativePgFactory,
    DatabaseNeeds,
    MinioFactory,
    RagDataLayer,
    RagDataLayerArgs,
    SeaweedFsFactory,
)
from tests.components.surroundings import Built, Surroundings, build, object_store
from tools.render import wire

PURPOSES: tuple[BucketPurpose, ...] = ("models", "backups", "documents", "logs", "traces")
IMAGE = "registry.example.org/minio/minio:RELEASE.2025-09-07T16-13-09Z"

FACTORIES: dict[str, ObjectStoreFactory] = {"seaweedfs": SeaweedFsFactory(), "minio": MinioFactory(image=IMAGE)}


def store(
    backend: str,
    *,
    replicas: int = 1,
    capacity_gib: int = 100,
    purposes: tuple[BucketPurpose, ...] = PURPOSES,
    **changes: Any,
) -> Built:
    """One object store alone. Its result is the `ObjectStore`, and clear keys by purpose."""
    request = ObjectStoreRequest(purposes=purposes, capacity_gib=capacity_gib, replicas=replicas)
    keys: dict[str, dict[str, str]] = {}

    def program(s: Surroundings) -> Any:
        made = FACTORIES[backend].create("data-objects", request, s.cluster, s.platform, s.opts)
        for purpose, bucket in made.buckets.items():
            assert bucket.access is not None
            pulumi.Output.all(id=bucket.access.access_key_id, secret=bucket.access.secret_access_key).apply(
                _keep(keys, purpose)
            )
        return made, keys

    return build(program, **changes)


def _keep(kept: dict[str, Any], name: str) -> Callable[[Any], None]:
    return lambda value: kept.__setitem__(name, value)


def databases(
    *names: str,
    instances: int = 3,
    charts: str = "none",
    extensions: dict[str, tuple[str, ...]] | None = None,
    purposes: tuple[BucketPurpose, ...] = ("backups",),
    **changes: Any,
) -> Built:
    """PostgreSQL alone, archived to a store that was made up. Its result is the databases and their hosts, by name."""
    hosts: dict[str, str] = {}
    factory = CloudNativePgFactory(charts=ChartSource(location=charts), backup_schedule="0 0 2 * * *")

    def program(s: Surroundings) -> Any:
        request = DatabaseRequest(
            databases=names or ("keycloak", "litellm"),
            instances=instances,
            storage_gib=20,
            retention_days=14,
            backups=object_store(*purposes),
            extensions=extensions or {},
        )
        made = factory.create("data-databases", request, s.cluster, s.platform, s.opts)
        for name, database in made.items():
            pulumi.Output.from_input(database.host).apply(_keep(hosts, name))
        return made, hosts

    return build(program, **changes)


def data_layer(
    backend: str = "seaweedfs", *, replicas: int = 3, purposes: tuple[BucketPurpose, ...] = PURPOSES, **changes: Any
) -> Built:
    """The whole layer as an own cluster has it."""
    needs = DatabaseNeeds(
        databases=("keycloak", "litellm", "rag"),
        instances=replicas,
        storage_gib=20,
        retention_days=14,
        extensions={"rag": ("vector",)},
    )

    def program(s: Surroundings) -> Any:
        args = RagDataLayerArgs(
            cluster=s.cluster,
            platform=s.platform,
            objects=ObjectStoreRequest(purposes=purposes, capacity_gib=100, replicas=replicas),
            databases=needs,
            vector_replicas=replicas,
            vector_storage_gib=50,
            cache_memory_mib=512,
        )
        return RagDataLayer("data", args, s.opts)

    own = CloudNativePgFactory(charts=ChartSource(location="none"), backup_schedule="0 0 2 * * *")
    return build(program, **({"object_stores": FACTORIES[backend], "databases": own} | changes))


def clear_secrets(built: Built) -> dict[str, dict[str, str]]:
    """Clear text of every Secret, by the start of its name: what a pod would read."""
    return {
        resource.name: wire.clear(resource.inputs["stringData"])
        for resource in built.rendered.objects
        if resource.inputs["kind"] == "Secret"
    }
