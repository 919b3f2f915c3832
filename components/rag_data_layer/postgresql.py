"""PostgreSQL by the CloudNativePG operator, archived to the object store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.base import labels, naming, peers, pins
from components.base.capabilities import provides
from components.base.handles import ClusterHandle, Database, DatabaseRequest, PlatformContext
from components.base.namespaces import DATA
from components.base.wiring import Workload
from components.charts import ChartSource
from components.rag_data_layer import custom_resources, placement, postgresql_specs
from components.rag_data_layer.custom_resources import CustomObject
from components.rag_data_layer.errors import DataLayerError
from components.rag_data_layer.postgresql_archive import PostgreSqlArchive, PostgreSqlArchiveArgs
from components.rag_data_layer.postgresql_operator import OPERATOR, PostgreSqlOperator, PostgreSqlOperatorArgs
from components.rag_data_layer.postgresql_specs import CLUSTER
from components.rag_data_layer.postgresql_users import PostgreSqlUsers, PostgreSqlUsersArgs

TYPE = "ai-platform:rag_data_layer:PostgreSql"
API_VERSION = "postgresql.cnpg.io/v1"

INSTANCES = Workload.selecting(DATA, CLUSTER, {"cnpg.io/cluster": CLUSTER})

PORT = 5432
STATUS_PORT = 8000
METRICS_PORT = 9187

SETTING = "data.postgres.instances"
RESERVED = frozenset({"app", "postgres", "template0", "template1"})
"""Databases that exist before any is asked for."""

_WAIT_SECONDS = 1800


@dataclass(frozen=True, kw_only=True)
class CloudNativePgFactory:
    """Databases of a cluster without a managed service. `backup_schedule` has six fields, the first of them seconds."""

    charts: ChartSource
    backup_schedule: str

    def create(
        self,
        name: str,
        request: DatabaseRequest,
        cluster: ClusterHandle,
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> Mapping[str, Database]:
        """Create operator, instances and databases. Raises DataLayerError where the cluster cannot hold them."""
        args = PostgreSqlArgs(
            cluster=cluster,
            platform=platform,
            request=request,
            charts=self.charts,
            backup_schedule=self.backup_schedule,
        )
        return PostgreSql(name, args, opts).databases


@dataclass(frozen=True, kw_only=True)
class PostgreSqlArgs:
    """What to create, and where."""

    cluster: ClusterHandle
    platform: PlatformContext
    request: DatabaseRequest
    charts: ChartSource
    backup_schedule: str


class PostgreSql(pulumi.ComponentResource):
    """Operator, archive, one cluster of instances, and the databases in it.

    The host of a returned database is known once the database is made, so that whatever uses it waits for it.
    """

    databases: Mapping[str, Database]

    def __init__(self, name: str, args: PostgreSqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        _check(args)
        self._name, self._args = name, args
        users = PostgreSqlUsers(
            f"{name}-users",
            PostgreSqlUsersArgs(platform=args.platform, databases=args.request.databases),
            pulumi.ResourceOptions(parent=self),
        )
        operator = PostgreSqlOperator(
            f"{name}-operator",
            PostgreSqlOperatorArgs(cluster=args.cluster, platform=args.platform, charts=args.charts),
            pulumi.ResourceOptions(parent=self),
        )
        archive = PostgreSqlArchive(
            f"{name}-archive",
            PostgreSqlArchiveArgs(
                cluster=args.cluster,
                platform=args.platform,
                store=args.request.backups,
                instances=INSTANCES,
                retention_days=args.request.retention_days,
                after=operator.charts,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        cluster = self._cluster([*operator.charts, *archive.ready, *users.secrets])
        self._create(
            "backup-schedule",
            CustomObject(
                api_version=API_VERSION,
                kind="ScheduledBackup",
                name=CLUSTER,
                spec=postgresql_specs.scheduled_backup_spec(args.backup_schedule),
                annotations=provides("backup-schedule"),
            ),
            args.platform.child_options(self, cluster),
        )
        self.databases = {
            database: self._database(database, password, cluster) for database, password in users.passwords.items()
        }
        _allow_connections(args)
        self.register_outputs({"databases": sorted(self.databases)})

    def _cluster(self, after: list[pulumi.Resource]) -> pulumi.Resource:
        args = self._args
        annotations = provides("relational-database")
        if args.charts.deploys:
            # Whatever needs a database starts after the instances are up. Without an operator they never are.
            annotations |= {
                "pulumi.com/waitFor": "condition=Ready",
                "pulumi.com/timeoutSeconds": str(_WAIT_SECONDS),
            }
        spec = postgresql_specs.cluster_spec(
            image=args.cluster.registry.rewrite(pins.POSTGRESQL.reference),
            databases=args.request.databases,
            instances=args.request.instances,
            storage_gib=args.request.storage_gib,
            storage_class=args.cluster.storage.retained,
            labels={labels.PART_OF: "ai-platform", labels.ENVIRONMENT: args.platform.environment},
        )
        item = CustomObject(api_version=API_VERSION, kind="Cluster", name=CLUSTER, spec=spec, annotations=annotations)
        return self._create("cluster", item, args.platform.data_options(self, *after))

    def _database(self, database: str, password: pulumi.Output[str], cluster: pulumi.Resource) -> Database:
        item = CustomObject(
            api_version=API_VERSION,
            kind="Database",
            name=f"{CLUSTER}-{database}",
            spec=postgresql_specs.database_spec(database, self._args.request.extensions.get(database, ())),
            annotations=provides("relational-database"),
        )
        made = self._create(f"{database}-database", item, self._args.platform.child_options(self, cluster))
        host = naming.service_host(f"{CLUSTER}-rw", DATA)
        return Database(
            host=made.urn.apply(lambda _: host),
            port=PORT,
            name=database,
            user=database,
            password=password,
            peer=INSTANCES,
        )

    def _create(self, suffix: str, item: CustomObject, options: pulumi.ResourceOptions) -> pulumi.Resource:
        return custom_resources.create(
            f"{self._name}-{suffix}",
            item,
            owner=CLUSTER,
            environment=self._args.platform.environment,
            opts=options,
        )


def _check(args: PostgreSqlArgs) -> None:
    request = args.request
    placement.require_nodes(SETTING, request.instances, args.cluster.pools)
    taken = sorted(RESERVED & set(request.databases))
    if taken:
        message = f"database {taken[0]!r} exists in every PostgreSQL cluster: choose another name"
        raise DataLayerError(message)
    unknown = sorted(set(request.extensions) - set(request.databases))
    if unknown:
        message = f"extensions are asked for database {unknown[0]!r}, which is none of {sorted(request.databases)}"
        raise DataLayerError(message)


def _allow_connections(args: PostgreSqlArgs) -> None:
    allow = args.platform.wiring.allow
    # The process beside every instance reads its Cluster and reports its state.
    allow(INSTANCES, args.cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
    allow(OPERATOR, INSTANCES, STATUS_PORT, PORT)
    # Replication, and the check of a primary that has lost its standbys.
    allow(INSTANCES, INSTANCES, PORT, STATUS_PORT)
    allow(peers.PROMETHEUS, INSTANCES, METRICS_PORT)
