"""Settings of the data layer → what RagDataLayer is given, and the factories of clusters without a cloud below."""

from __future__ import annotations

from components.base.handles import (
    ClusterHandle,
    DatabaseFactory,
    ObjectStoreFactory,
    ObjectStoreRequest,
    PlatformContext,
)
from components.charts import ChartSource
from components.rag_data_layer import (
    CloudNativePgFactory,
    DatabaseNeeds,
    MinioFactory,
    RagDataLayerArgs,
    SeaweedFsFactory,
)
from stacks.schema.data import DataSettings

KEYCLOAK_DATABASE = "keycloak"
LITELLM_DATABASE = "litellm"
RAG_DATABASE = "rag"
"""For applications: relations beside the vectors, with pgvector."""


def object_stores(data: DataSettings) -> ObjectStoreFactory:
    """The S3 server that a cluster without a cloud runs itself."""
    if data.object_store.image is not None:
        return MinioFactory(image=data.object_store.image)
    return SeaweedFsFactory()


def databases(data: DataSettings, charts: ChartSource) -> DatabaseFactory:
    """The PostgreSQL that a cluster without a cloud runs itself."""
    return CloudNativePgFactory(charts=charts, backup_schedule=data.postgres.backup_schedule)


def data_layer(data: DataSettings, cluster: ClusterHandle, platform: PlatformContext) -> RagDataLayerArgs:
    """Buckets, databases, vectors and cache in the sizes that the stack asks for."""
    return RagDataLayerArgs(
        cluster=cluster,
        platform=platform,
        objects=ObjectStoreRequest(
            purposes=("models", "backups", "documents"),
            capacity_gib=data.object_store.capacity_gib,
            replicas=data.object_store.replicas,
        ),
        databases=DatabaseNeeds(
            databases=(KEYCLOAK_DATABASE, LITELLM_DATABASE, RAG_DATABASE),
            instances=data.postgres.instances,
            storage_gib=data.postgres.storage_gib,
            retention_days=data.postgres.retention_days,
            extensions={RAG_DATABASE: ("vector",)},
        ),
        vector_replicas=data.vectors.replicas,
        vector_storage_gib=data.vectors.storage_gib,
        cache_memory_mib=data.cache.memory_mib,
    )
