"""What RAG applications and the platform itself keep: objects, relations, vectors and a cache."""

from components.rag_data_layer.component import DatabaseNeeds, RagDataLayer, RagDataLayerArgs
from components.rag_data_layer.endpoints import Cache, VectorStore
from components.rag_data_layer.errors import DataLayerError
from components.rag_data_layer.minio import MinioFactory
from components.rag_data_layer.postgresql import CloudNativePgFactory
from components.rag_data_layer.seaweedfs import SeaweedFsFactory

__all__ = [
    "Cache",
    "CloudNativePgFactory",
    "DataLayerError",
    "DatabaseNeeds",
    "MinioFactory",
    "RagDataLayer",
    "RagDataLayerArgs",
    "SeaweedFsFactory",
    "VectorStore",
]
