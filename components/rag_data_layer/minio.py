"""MinIO: the S3 server that was asked for by name, from an image that the operator supplies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from components.base.capabilities import provides
from components.base.handles import (
    AccessKey,
    BucketPurpose,
    ClusterHandle,
    ObjectStore,
    ObjectStoreRequest,
    PlatformContext,
)
from components.rag_data_layer import metadata, minio_buckets, minio_config, minio_workload, object_store

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

TYPE = "ai-platform:rag_data_layer:Minio"


@dataclass(frozen=True, kw_only=True)
class MinioFactory:
    """Object stores from `image`, a reference into an own registry: it is used as it stands, mirror or not."""

    image: str

    def create(
        self,
        name: str,
        request: ObjectStoreRequest,
        cluster: ClusterHandle,
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> ObjectStore:
        """Create the servers and the buckets. Raises DataLayerError where the cluster cannot hold them."""
        args = MinioArgs(image=self.image, cluster=cluster, platform=platform, request=request)
        return Minio(name, args, opts).store


@dataclass(frozen=True, kw_only=True)
class MinioArgs:
    """What to create, and where."""

    image: str
    cluster: ClusterHandle
    platform: PlatformContext
    request: ObjectStoreRequest


class Minio(pulumi.ComponentResource):
    """Servers, buckets and a user for each bucket. `store` is how everything else reaches them."""

    store: ObjectStore

    def __init__(self, name: str, args: MinioArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        object_store.require_possible("minio", args.request.replicas, args.cluster.pools)
        platform = args.platform
        keys = object_store.create_keys(name, args.request.purposes, platform.data_options(self))
        administrator = object_store.create_administrator(name, platform.data_options(self))
        server = self._server(name, args, administrator)
        self.store = object_store.make_store(minio_config.PORT, keys)
        self._buckets(name, args, administrator, keys, server)
        _allow_connections(platform)
        self.register_outputs({"endpoint": self.store.endpoint_url})

    def _server(self, name: str, args: MinioArgs, administrator: AccessKey) -> k8s.apps.v1.StatefulSet:
        platform, request = args.platform, args.request
        child = platform.child_options(self)
        addresses = object_store.Addresses(
            port=minio_config.PORT,
            peer_ports={"s3": minio_config.PORT},
            affinity="None",
            replicas=request.replicas,
        )
        created = object_store.create_addresses(name, addresses, platform, child)
        root = k8s.core.v1.Secret(
            f"{name}-root",
            metadata=_metadata(args),
            string_data={
                minio_workload.ROOT_USER_KEY: administrator.access_key_id,
                minio_workload.ROOT_PASSWORD_KEY: administrator.secret_access_key,
            },
            opts=child,
        )
        servers = minio_workload.MinioServers(
            image=args.image,
            environment=platform.environment,
            replicas=request.replicas,
            capacity_gib=request.capacity_gib,
            storage_class=args.cluster.storage.retained,
            secret=root.metadata["name"],
        )
        return k8s.apps.v1.StatefulSet(
            f"{name}-server",
            metadata={**_metadata(args), "name": object_store.NAME, "annotations": provides("object-store")},
            spec=minio_workload.stateful_set_spec(servers),
            opts=platform.data_options(self, *created),
        )

    def _buckets(
        self,
        name: str,
        args: MinioArgs,
        administrator: AccessKey,
        keys: dict[BucketPurpose, AccessKey],
        server: k8s.apps.v1.StatefulSet,
    ) -> None:
        child = args.platform.child_options(self)
        buckets = [object_store.bucket_name(purpose) for purpose in args.request.purposes]
        policies = k8s.core.v1.ConfigMap(
            f"{name}-policies", metadata=_metadata(args), data=minio_buckets.policies(buckets), opts=child
        )
        users = k8s.core.v1.Secret(
            f"{name}-users",
            metadata=_metadata(args),
            string_data=minio_buckets.secret_data(
                object_store.endpoint_url(minio_config.PORT).removeprefix("http://"), administrator, keys
            ),
            opts=child,
        )
        k8s.batch.v1.Job(
            f"{name}-buckets",
            metadata=metadata.auto_named(object_store.BUCKETS_JOB, object_store.COMPONENT, args.platform.environment),
            spec=minio_buckets.job_spec(
                image=args.image,
                environment=args.platform.environment,
                buckets=buckets,
                config_map=policies.metadata["name"],
                secret=users.metadata["name"],
            ),
            opts=args.platform.child_options(self, server),
        )


def _metadata(args: MinioArgs) -> ObjectMetaArgsDict:
    return metadata.auto_named(object_store.NAME, object_store.COMPONENT, args.platform.environment)


def _allow_connections(platform: PlatformContext) -> None:
    # Metrics need a token of the root user, so Prometheus has no way in.
    platform.wiring.allow(object_store.SERVER, object_store.SERVER, minio_config.PORT)
    platform.wiring.allow(object_store.BUCKETS, object_store.SERVER, minio_config.PORT)
