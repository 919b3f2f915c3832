"""Where the databases are archived, and with whose key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base.capabilities import provides
from components.base.handles import AccessKey, ClusterHandle, ObjectStore, PlatformContext
from components.base.namespaces import DATA
from components.base.wiring import Workload
from components.rag_data_layer import custom_resources, postgresql_specs
from components.rag_data_layer.custom_resources import CustomObject
from components.rag_data_layer.errors import DataLayerError
from components.rag_data_layer.postgresql_specs import ARCHIVE, CLUSTER

TYPE = "ai-platform:rag_data_layer:PostgreSqlArchive"
API_VERSION = "barmancloud.cnpg.io/v1"


@dataclass(frozen=True, kw_only=True)
class PostgreSqlArchiveArgs:
    """`store` must have a bucket for backups. `instances` are the pods that read and write it. `after` is what defines
    the plug-in's kinds: a component's own dependencies do not reach its children."""

    cluster: ClusterHandle
    platform: PlatformContext
    store: ObjectStore
    instances: Workload
    retention_days: int
    after: Sequence[pulumi.Resource] = ()


class PostgreSqlArchive(pulumi.ComponentResource):
    """The bucket as the plug-in sees it. Instances must be created after `ready`."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: PostgreSqlArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        _check(args.store)
        grant = args.cluster.workload_identity.grant(
            name,
            namespace=DATA,
            # The operator gives the instances a ServiceAccount of the cluster's name.
            service_account=CLUSTER,
            store=args.store,
            purpose="backups",
            write=True,
            opts=args.platform.child_options(self),
        )
        key = [self._key(name, args, grant.access)] if grant.access else []
        archive = custom_resources.create(
            f"{name}-store",
            CustomObject(
                api_version=API_VERSION,
                kind="ObjectStore",
                name=ARCHIVE,
                spec=postgresql_specs.archive_spec(args.store, with_key=bool(key), retention_days=args.retention_days),
                annotations=provides("point-in-time-recovery"),
            ),
            owner=CLUSTER,
            environment=args.platform.environment,
            opts=args.platform.child_options(self, *args.after, *key),
        )
        args.platform.wiring.allow(args.instances, args.store.peer, args.store.port)
        if grant.access is None:
            args.cluster.allow_credentials(args.platform.wiring, args.instances)
        self.ready = (archive, *grant.ready)
        self.register_outputs({"archive": ARCHIVE})

    def _key(self, name: str, args: PostgreSqlArchiveArgs, access: AccessKey) -> pulumi.Resource:
        return k8s.core.v1.Secret(
            f"{name}-key",
            # The label makes the operator hand on a changed key at once.
            metadata=custom_resources.metadata(ARCHIVE, CLUSTER, args.platform.environment, {"cnpg.io/reload": "true"}),
            string_data={
                postgresql_specs.ACCESS_KEY_ID: access.access_key_id,
                postgresql_specs.SECRET_ACCESS_KEY: access.secret_access_key,
                postgresql_specs.REGION_KEY: args.store.region,
            },
            opts=args.platform.child_options(self),
        )


def _check(store: ObjectStore) -> None:
    if "backups" not in store.buckets:
        message = "the object store has no bucket for backups: databases without an archive cannot be restored"
        raise DataLayerError(message)
