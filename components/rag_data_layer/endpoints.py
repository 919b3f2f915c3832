"""Typed endpoints of the stores that are the same on every substrate."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base.wiring import Workload


@dataclass(frozen=True, kw_only=True)
class VectorStore:
    """Qdrant. The keys are secret Outputs, sent as the header `api-key` or as a bearer token.

    `secret` is the name of the Secret in the store's namespace that holds the keys, under `API_KEY` and
    `READ_ONLY_KEY` of `components.rag_data_layer.qdrant_workload`. `peer` is the other end of the wiring.
    """

    host: str
    http_port: int
    grpc_port: int
    api_key: pulumi.Output[str]
    read_only_api_key: pulumi.Output[str]
    secret: pulumi.Output[str]
    peer: Workload

    @property
    def url(self) -> str:
        """Address of the HTTP interface."""
        return f"http://{self.host}:{self.http_port}"


@dataclass(frozen=True, kw_only=True)
class Cache:
    """Valkey with least-recently-used eviction. `password` is a secret Output, `peer` the other end of the wiring."""

    host: str
    port: int
    password: pulumi.Output[str]
    peer: Workload
