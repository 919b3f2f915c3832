"""A cluster in AWS with buckets, databases and grants made in it, for tests of what stands around the cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi

from components.base.handles import Database, DatabaseRequest, ObjectStore, ObjectStoreRequest, PlatformContext
from components.base.wiring import Workload
from components.gpu_cluster.contract import GpuCluster
from components.gpu_cluster.eks.cluster import EksGpuCluster
from tests.components.gpu_cluster.clusters import BuiltCluster, build_cluster, eks_args, service_plan
from tools.render.monitor import RecordedResource


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the factories of the cluster returned."""

    store: ObjectStore
    databases: dict[str, Database]


def make_data(cluster: GpuCluster, platform: PlatformContext, opts: pulumi.ResourceOptions) -> Data:
    handle = cluster.handle
    request = ObjectStoreRequest(purposes=("models", "backups"), capacity_gib=100, replicas=3)
    store = handle.object_stores.create("data-objects", request, handle, platform, opts)
    databases = handle.databases.create(
        "data-postgres",
        DatabaseRequest(
            databases=("keycloak", "litellm"), instances=2, storage_gib=50, retention_days=14, backups=store
        ),
        handle,
        platform,
        opts,
    )
    for purpose, account, write in (("models", "vllm", False), ("models", "loader", True), ("backups", "loader", True)):
        handle.workload_identity.grant(
            f"{account}-{purpose}",
            namespace="models",
            service_account=account,
            store=store,
            purpose=purpose,  # pyright: ignore[reportArgumentType]
            write=write,
            opts=opts,
        )
    handle.allow_credentials(platform.wiring, Workload.of("models", "vllm", "model"))
    return Data(store=store, databases=dict(databases))


def build_eks(*, services: dict[str, Any] | None = None, data: bool = True, **changes: Any) -> BuiltCluster:
    """Build the cluster; `services` change its service plan, `changes` its other arguments."""
    args = eks_args(**({"services": service_plan(**services)} if services else {}), **changes)
    return build_cluster(lambda opts: EksGpuCluster("cluster", args, opts), make_data if data else None)


def one(built: BuiltCluster, suffix: str) -> RecordedResource:
    """The only resource whose type ends with `suffix`."""
    found = built.of_type(suffix)
    assert len(found) == 1, sorted(found)
    return next(iter(found.values()))


def statements(document: str) -> list[dict[str, Any]]:
    """Statements of a policy document."""
    return json.loads(document)["Statement"]


def role_statements(built: BuiltCluster) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy that a role has."""
    for name, policy in built.of_type("iam/rolePolicy:RolePolicy").items():
        for statement in statements(policy.inputs["policy"]):
            yield name, statement
