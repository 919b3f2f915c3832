"""Qdrant: the vector store."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import peers, pins
from components.base.capabilities import provides
from components.base.handles import ClusterHandle, PlatformContext
from components.base.quorum import vector_store_problem
from components.rag_data_layer import metadata, placement, qdrant_workload
from components.rag_data_layer.endpoints import VectorStore
from components.rag_data_layer.errors import DataLayerError
from components.rag_data_layer.qdrant_workload import COMPONENT, NAME, PEERS

TYPE = "ai-platform:rag_data_layer:Qdrant"
SETTING = "data.vectors.replicas"

_KEY_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class QdrantArgs:
    """`storage_gib` is the size of each server's volume, which also holds its snapshots."""

    cluster: ClusterHandle
    platform: PlatformContext
    replicas: int
    storage_gib: int


class Qdrant(pulumi.ComponentResource):
    """One or more servers that ask for an API key. `store` is how everything else reaches them."""

    store: VectorStore

    def __init__(self, name: str, args: QdrantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        _check(args)
        data = args.platform.data_options(self)
        api_key = random.RandomPassword(f"{name}-key", length=_KEY_LENGTH, special=False, opts=data).result
        read_only = random.RandomPassword(f"{name}-read-only-key", length=_KEY_LENGTH, special=False, opts=data).result
        secret = k8s.core.v1.Secret(
            f"{name}-secret",
            metadata=metadata.auto_named(NAME, COMPONENT, args.platform.environment),
            string_data={qdrant_workload.API_KEY: api_key, qdrant_workload.READ_ONLY_KEY: read_only},
            opts=args.platform.child_options(self),
        )
        self._server(name, args, secret.metadata["name"])
        _allow_connections(args.platform)
        self.store = VectorStore(
            host=qdrant_workload.host(),
            http_port=qdrant_workload.HTTP_PORT,
            grpc_port=qdrant_workload.GRPC_PORT,
            api_key=api_key,
            read_only_api_key=read_only,
            secret=secret.metadata["name"],
            peer=qdrant_workload.SERVER,
        )
        self.register_outputs({"host": self.store.host})

    def _server(self, name: str, args: QdrantArgs, secret: pulumi.Output[str]) -> None:
        platform = args.platform
        child = platform.child_options(self)
        own = metadata.named(NAME, NAME, COMPONENT, platform.environment)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=own, automount_service_account_token=False, opts=child
        )
        k8s.core.v1.Service(f"{name}-service", metadata=own, spec=qdrant_workload.service_spec(), opts=child)
        headless = k8s.core.v1.Service(
            f"{name}-peers",
            metadata=metadata.named(PEERS, NAME, COMPONENT, platform.environment),
            spec=qdrant_workload.peers_service_spec(),
            opts=child,
        )
        if args.replicas > 1:
            k8s.policy.v1.PodDisruptionBudget(
                f"{name}-disruption-budget", metadata=own, spec=qdrant_workload.disruption_budget_spec(), opts=child
            )
        servers = qdrant_workload.QdrantServers(
            image=args.cluster.registry.rewrite(pins.QDRANT.reference),
            environment=platform.environment,
            replicas=args.replicas,
            storage_gib=args.storage_gib,
            storage_class=args.cluster.storage.retained,
            secret=secret,
        )
        k8s.apps.v1.StatefulSet(
            f"{name}-server",
            metadata={**own, "annotations": provides("vector-store")},
            spec=qdrant_workload.stateful_set_spec(servers),
            opts=platform.data_options(self, account, headless),
        )


def _check(args: QdrantArgs) -> None:
    problem = vector_store_problem(args.replicas)
    if problem:
        message = f"{SETTING}: {problem}"
        raise DataLayerError(message)
    placement.require_nodes(SETTING, args.replicas, args.cluster.pools)


def _allow_connections(platform: PlatformContext) -> None:
    server = qdrant_workload.SERVER
    platform.wiring.allow(server, server, qdrant_workload.PEER_PORT)
    platform.wiring.allow(peers.PROMETHEUS, server, qdrant_workload.HTTP_PORT)
