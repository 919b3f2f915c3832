"""Specifications of the custom resources of CloudNativePG and of its Barman Cloud plug-in.

Keys are those of `postgresql.cnpg.io/v1` and `barmancloud.cnpg.io/v1`; nothing but the definitions checks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi

from components.base.handles import ObjectStore
from components.base.operator_objects import POSTGRES_NAME
from components.rag_data_layer.placement import NODE

CLUSTER = POSTGRES_NAME
"""Name of the Cluster; the operator derives Services (`postgres-rw`), pods and the ServiceAccount from it."""

ARCHIVE = "postgres-archive"
"""Name of the ObjectStore resource and of the Secret with its key."""

PLUGIN = "barman-cloud.cloudnative-pg.io"
ARCHIVE_FOLDER = "postgresql"

ACCESS_KEY_ID = "ACCESS_KEY_ID"
SECRET_ACCESS_KEY = "ACCESS_SECRET_KEY"  # noqa: S105 # the key of the Secret, not its value
REGION_KEY = "REGION"

_MEMORY_MIB = 2048
_SMALLEST_LOG_GIB = 2


def log_gib(storage_gib: int) -> int:
    """Size in GiB of the volume for the write-ahead log: a quarter of the data's, and never below 2.

    It is apart so that a log that cannot be archived fills its own volume and not the one the tables grow on.
    """
    return max(_SMALLEST_LOG_GIB, -(-storage_gib // 4))


def parameters(storage_gib: int) -> dict[str, str]:
    """Settings of the server, for `_MEMORY_MIB` of memory.

    A quarter of the memory is the server's own cache (PostgreSQL documentation, `shared_buffers`). Half of the log's
    volume may be kept for a standby that is away; then the standby is built anew, instead of the primary stopping.
    """
    log_mib = log_gib(storage_gib) * 1024
    return {
        "max_connections": "300",
        "shared_buffers": f"{_MEMORY_MIB // 4}MB",
        "effective_cache_size": f"{_MEMORY_MIB * 3 // 4}MB",
        "maintenance_work_mem": f"{_MEMORY_MIB // 16}MB",
        "max_wal_size": f"{log_mib // 4}MB",
        "max_slot_wal_keep_size": f"{log_mib // 2}MB",
        "log_min_duration_statement": "1000",
        "log_lock_waits": "on",
        # A client that forgot its transaction keeps VACUUM from removing dead rows.
        "idle_in_transaction_session_timeout": "600000",
        "pg_stat_statements.track": "all",
    }


ACCESS_RULES = (
    # Only over TLS, only with a password, and each user only into the database of its own name.
    "hostssl sameuser all all scram-sha-256",
    # The operator appends a rule that lets every user into every database, also without TLS.
    "host all all all reject",
)
"""Lines of pg_hba.conf between the operator's own: replication and its local connections come before them."""


def cluster_spec(
    *,
    image: str,
    databases: Sequence[str],
    instances: int,
    storage_gib: int,
    storage_class: str,
    labels: dict[str, str],
) -> dict[str, Any]:
    """`spec` of the Cluster. Each of `databases` gets a user of its name; `labels` are set on everything it makes."""
    spec: dict[str, Any] = {
        "instances": instances,
        "imageName": image,
        "inheritedMetadata": {"labels": labels},
        "priorityClassName": "platform-critical",
        "enableSuperuserAccess": False,
        # With one instance a budget would only block the drain of its node.
        "enablePDB": instances > 1,
        "primaryUpdateStrategy": "unsupervised",
        "primaryUpdateMethod": "switchover" if instances > 1 else "restart",
        "storage": {"size": f"{storage_gib}Gi", "storageClass": storage_class},
        "walStorage": {"size": f"{log_gib(storage_gib)}Gi", "storageClass": storage_class},
        "resources": {
            "requests": {"cpu": "500m", "memory": f"{_MEMORY_MIB}Mi"},
            "limits": {"cpu": "2", "memory": f"{_MEMORY_MIB}Mi"},
        },
        "affinity": {
            "enablePodAntiAffinity": True,
            "podAntiAffinityType": "required",
            "topologyKey": NODE,
        },
        # The operator insists on one database of its own; the platform's databases are resources of their own.
        "bootstrap": {"initdb": {"database": "app", "owner": "app", "dataChecksums": True}},
        "managed": {"roles": [_role(database) for database in databases]},
        "plugins": [{"name": PLUGIN, "isWALArchiver": True, "parameters": {"barmanObjectName": ARCHIVE}}],
        "postgresql": {"parameters": parameters(storage_gib), "pg_hba": list(ACCESS_RULES)},
    }
    if instances > 1:
        # A commit waits for one standby, and waits no longer when there is none left.
        spec["postgresql"]["synchronous"] = {"method": "any", "number": 1, "dataDurability": "preferred"}
    return spec


def password_secret(database: str) -> str:
    """Name of the Secret with the password of a database's user."""
    return f"{CLUSTER}-{database}"


def _role(database: str) -> dict[str, Any]:
    return {
        "name": database,
        "ensure": "present",
        "login": True,
        "superuser": False,
        "createdb": False,
        "createrole": False,
        "passwordSecret": {"name": password_secret(database)},
    }


def database_spec(database: str, extensions: Sequence[str]) -> dict[str, Any]:
    """`spec` of a Database. Removing the resource leaves the database where it is."""
    spec: dict[str, Any] = {
        "cluster": {"name": CLUSTER},
        "name": database,
        "owner": database,
        "ensure": "present",
        "databaseReclaimPolicy": "retain",
    }
    if extensions:
        spec["extensions"] = [{"name": extension, "ensure": "present"} for extension in extensions]
    return spec


def archive_spec(store: ObjectStore, *, with_key: bool, retention_days: int) -> dict[str, Any]:
    """`spec` of the ObjectStore that holds base backups and the write-ahead log.

    `with_key` says whether the Secret `ARCHIVE` holds an access key; otherwise the pods' ServiceAccount was granted.
    """
    configuration: dict[str, Any] = {
        "destinationPath": pulumi.Output.concat("s3://", store.buckets["backups"].name, "/", ARCHIVE_FOLDER),
        "s3Credentials": _credentials() if with_key else {"inheritFromIAMRole": True},
        "wal": {"compression": "gzip", "maxParallel": 4},
        "data": {"compression": "gzip", "jobs": 2},
    }
    if store.endpoint_url is not None:
        configuration["endpointURL"] = store.endpoint_url
    return {
        "configuration": configuration,
        "retentionPolicy": f"{retention_days}d",
        "instanceSidecarConfiguration": {
            "env": [
                {"name": "AWS_REGION", "value": store.region},
                # SDKs since 2025 add checksum trailers to every upload, which other S3 servers answer with 400.
                {"name": "AWS_REQUEST_CHECKSUM_CALCULATION", "value": "when_required"},
                {"name": "AWS_RESPONSE_CHECKSUM_VALIDATION", "value": "when_required"},
            ],
            "resources": {
                "requests": {"cpu": "100m", "memory": "512Mi"},
                "limits": {"cpu": "1", "memory": "512Mi"},
            },
        },
    }


def _credentials() -> dict[str, Any]:
    return {
        field: {"name": ARCHIVE, "key": key}
        for field, key in (
            ("accessKeyId", ACCESS_KEY_ID),
            ("secretAccessKey", SECRET_ACCESS_KEY),
            ("region", REGION_KEY),
        )
    }


def scheduled_backup_spec(schedule: str) -> dict[str, Any]:
    """`spec` of the ScheduledBackup. `schedule` has six fields, the first of them seconds.

    The first base backup is made at once: until there is one, no point in time can be restored.
    """
    return {
        "cluster": {"name": CLUSTER},
        "schedule": schedule,
        "immediate": True,
        "method": "plugin",
        "pluginConfiguration": {"name": PLUGIN},
        "target": "prefer-standby",
        "backupOwnerReference": "self",
    }
