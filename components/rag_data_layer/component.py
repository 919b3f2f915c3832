"""The data layer: asks the cluster for objects and databases, adds vectors and a cache, and hands all of them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.base.handles import (
    BucketPurpose,
    ClusterHandle,
    Database,
    DatabaseRequest,
    ObjectStore,
    ObjectStoreRequest,
    PlatformContext,
)
from components.rag_data_layer.cache import CacheServer, CacheServerArgs
from components.rag_data_layer.endpoints import Cache, VectorStore
from components.rag_data_layer.errors import DataLayerError
from components.rag_data_layer.qdrant import Qdrant, QdrantArgs

TYPE = "ai-platform:rag_data_layer:RagDataLayer"


@dataclass(frozen=True, kw_only=True)
class DatabaseNeeds:
    """As `DatabaseRequest`, before there is a store for the archive. Sizes are in GiB, `retention_days` in days."""

    databases: tuple[str, ...]
    instances: int
    storage_gib: int
    retention_days: int
    extensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, kw_only=True)
class RagDataLayerArgs:
    """`objects.purposes` must include `backups`: the databases are archived there.

    `vector_storage_gib` is the volume of each vector server in GiB, `cache_memory_mib` the cache's memory in MiB.
    """

    cluster: ClusterHandle
    platform: PlatformContext
    objects: ObjectStoreRequest
    databases: DatabaseNeeds
    vector_replicas: int
    vector_storage_gib: int
    cache_memory_mib: int


class RagDataLayer(pulumi.ComponentResource):
    """`databases` are keyed by name. Nothing here opens a connection to them: whoever uses a store wires itself."""

    store: ObjectStore
    databases: Mapping[str, Database]
    vectors: VectorStore
    cache: Cache

    def __init__(self, name: str, args: RagDataLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        _check(args.objects.purposes)
        child = pulumi.ResourceOptions(parent=self)
        self.store = args.cluster.object_stores.create(
            f"{name}-objects", args.objects, args.cluster, args.platform, child
        )
        self.databases = args.cluster.databases.create(
            f"{name}-databases", _request(args.databases, self.store), args.cluster, args.platform, child
        )
        self.vectors = Qdrant(
            f"{name}-vectors",
            QdrantArgs(
                cluster=args.cluster,
                platform=args.platform,
                replicas=args.vector_replicas,
                storage_gib=args.vector_storage_gib,
            ),
            child,
        ).store
        self.cache = CacheServer(
            f"{name}-cache",
            CacheServerArgs(cluster=args.cluster, platform=args.platform, memory_mib=args.cache_memory_mib),
            child,
        ).cache
        self.register_outputs(
            {
                "objectStore": self.store.endpoint_url,
                "databases": sorted(self.databases),
                "vectors": self.vectors.host,
                "cache": self.cache.host,
            }
        )


def _check(purposes: tuple[BucketPurpose, ...]) -> None:
    if "backups" not in purposes:
        message = f"the data layer needs a bucket for backups, it is asked for {', '.join(purposes) or 'none'}"
        raise DataLayerError(message)


def _request(needs: DatabaseNeeds, store: ObjectStore) -> DatabaseRequest:
    return DatabaseRequest(
        databases=needs.databases,
        instances=needs.instances,
        storage_gib=needs.storage_gib,
        retention_days=needs.retention_days,
        extensions=needs.extensions,
        backups=store,
    )
