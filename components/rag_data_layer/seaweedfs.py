"""SeaweedFS: an own S3 server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import peers, pins
from components.base.capabilities import provides
from components.base.handles import (
    AccessKey,
    BucketPurpose,
    ClusterHandle,
    ObjectStore,
    ObjectStoreRequest,
    PlatformContext,
)
from components.rag_data_layer import (
    metadata,
    object_store,
    seaweedfs_buckets,
    seaweedfs_config,
    seaweedfs_workload,
)

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

TYPE = "ai-platform:rag_data_layer:SeaweedFs"

_TOKEN_KEY_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class SeaweedFsFactory:
    """Object stores of a cluster without one of its own."""

    def create(
        self,
        name: str,
        request: ObjectStoreRequest,
        cluster: ClusterHandle,
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> ObjectStore:
        """Create the servers and the buckets. Raises DataLayerError where the cluster cannot hold them."""
        return SeaweedFs(name, SeaweedFsArgs(cluster=cluster, platform=platform, request=request), opts).store


@dataclass(frozen=True, kw_only=True)
class SeaweedFsArgs:
    """What to create, and where."""

    cluster: ClusterHandle
    platform: PlatformContext
    request: ObjectStoreRequest


class SeaweedFs(pulumi.ComponentResource):
    """Servers, buckets and a key for each bucket. `store` is how everything else reaches them."""

    store: ObjectStore

    def __init__(self, name: str, args: SeaweedFsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        object_store.require_possible("seaweedfs", args.request.replicas, args.cluster.pools)
        platform, request = args.platform, args.request
        keys = object_store.create_keys(name, request.purposes, platform.data_options(self))
        administrator = object_store.create_administrator(name, platform.data_options(self))
        server = self._server(name, args, keys, administrator)
        self.store = object_store.make_store(seaweedfs_workload.S3_PORT, keys)
        self._buckets(name, args, administrator, server)
        _allow_connections(platform)
        self.register_outputs({"endpoint": self.store.endpoint_url})

    def _server(
        self, name: str, args: SeaweedFsArgs, keys: dict[BucketPurpose, AccessKey], administrator: AccessKey
    ) -> k8s.apps.v1.StatefulSet:
        platform, request = args.platform, args.request
        child = platform.child_options(self)
        addresses = object_store.Addresses(
            port=seaweedfs_workload.S3_PORT,
            peer_ports=seaweedfs_workload.PEER_PORTS,
            # Each server has its own index of objects and sends changes on to the others: a client that stays with one
            # server finds what it has just written.
            affinity="ClientIP" if request.replicas > 1 else "None",
            replicas=request.replicas,
        )
        created = object_store.create_addresses(name, addresses, platform, child)
        config = k8s.core.v1.ConfigMap(
            f"{name}-config", metadata=_metadata(args), data=seaweedfs_config.files(), opts=child
        )
        tokens = {
            key: random.RandomPassword(
                f"{name}-{key.removeprefix('WEED_').replace('_', '-').lower()}",
                length=_TOKEN_KEY_LENGTH,
                special=False,
                opts=platform.data_options(self),
            ).result
            for key in seaweedfs_workload.TOKEN_KEYS
        }
        identities = pulumi.Output.json_dumps(seaweedfs_config.identities(keys, administrator))
        secret = k8s.core.v1.Secret(
            f"{name}-secret",
            metadata=_metadata(args),
            string_data={seaweedfs_workload.IDENTITIES_KEY: identities, **tokens},
            opts=child,
        )
        servers = seaweedfs_workload.SeaweedFsServers(
            image=args.cluster.registry.rewrite(pins.SEAWEEDFS.reference),
            environment=platform.environment,
            replicas=request.replicas,
            capacity_gib=request.capacity_gib,
            storage_class=args.cluster.storage.retained,
            config_map=config.metadata["name"],
            secret=secret.metadata["name"],
        )
        return k8s.apps.v1.StatefulSet(
            f"{name}-server",
            metadata={**_metadata(args), "name": object_store.NAME, "annotations": provides("object-store")},
            spec=seaweedfs_workload.stateful_set_spec(servers),
            opts=platform.data_options(self, *created),
        )

    def _buckets(
        self, name: str, args: SeaweedFsArgs, administrator: AccessKey, server: k8s.apps.v1.StatefulSet
    ) -> None:
        credentials = k8s.core.v1.Secret(
            f"{name}-administrator",
            metadata=_metadata(args),
            string_data={seaweedfs_buckets.CREDENTIALS_KEY: seaweedfs_buckets.credentials(administrator)},
            opts=args.platform.child_options(self),
        )
        k8s.batch.v1.Job(
            f"{name}-buckets",
            metadata=metadata.auto_named(object_store.BUCKETS_JOB, object_store.COMPONENT, args.platform.environment),
            spec=seaweedfs_buckets.job_spec(
                image=args.cluster.registry.rewrite(pins.SEAWEEDFS.reference),
                environment=args.platform.environment,
                endpoint=object_store.endpoint_url(seaweedfs_workload.S3_PORT),
                buckets=[object_store.bucket_name(purpose) for purpose in args.request.purposes],
                secret=credentials.metadata["name"],
            ),
            opts=args.platform.child_options(self, server),
        )


def _metadata(args: SeaweedFsArgs) -> ObjectMetaArgsDict:
    return metadata.auto_named(object_store.NAME, object_store.COMPONENT, args.platform.environment)


def _allow_connections(platform: PlatformContext) -> None:
    server = object_store.SERVER
    platform.wiring.allow(server, server, *seaweedfs_workload.PEER_PORTS.values())
    platform.wiring.allow(object_store.BUCKETS, server, seaweedfs_workload.S3_PORT)
    platform.wiring.allow(peers.PROMETHEUS, server, seaweedfs_workload.METRICS_PORT)
