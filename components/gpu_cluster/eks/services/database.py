"""PostgreSQL as a managed service: one RDS instance, with a standby where more than one instance is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import labels, namespaces, pins
from components.base.handles import ClusterHandle, Database, DatabaseRequest, PlatformContext
from components.base.wiring import External, Workload
from components.gpu_cluster.eks.services import database_roles
from components.gpu_cluster.eks.services.database_instance import (
    ADMINISTRATOR,
    PORT,
    DatabasePlan,
    RdsPlace,
    create_instance,
)

MOST_RETENTION_DAYS = 35
"""Limit of RDS."""
LEAST_STORAGE_GIB = 20
"""Limit of RDS for PostgreSQL on gp3."""
COMPONENT = "database-roles"


@dataclass(frozen=True, kw_only=True)
class RdsDatabases:
    """Creates the instance in the data subnets, whose address ranges are `data_cidrs`."""

    place: RdsPlace
    plan: DatabasePlan
    data_cidrs: tuple[str, ...]

    def create(
        self,
        name: str,
        request: DatabaseRequest,
        cluster: ClusterHandle,
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> Mapping[str, Database]:
        """Create the instance, and in it the databases and their owners by a Job in the cluster.

        The host of a returned database is known once that Job is done, so that whatever uses it waits. Point-in-time
        recovery is the service's own: `request.backups` is not used. Raises ValueError for a retention or a size
        that RDS does not offer.
        """
        _check(request, self.plan)
        administrator = _password(f"{name}-administrator", opts)
        passwords = {database: _password(f"{name}-{database}", opts) for database in request.databases}
        instance = create_instance(
            name,
            place=self.place,
            plan=self.plan,
            request=request,
            password=administrator.result,
            platform=platform,
            opts=opts,
        )
        peer = External(name="postgres", cidrs=self.data_cidrs)
        job = _roles_job(
            name,
            instance=instance,
            passwords={database_roles.ADMINISTRATOR_KEY: administrator, **passwords},
            extensions=request.extensions,
            authority_certificates=self.plan.authority_certificates,
            cluster=cluster,
            platform=platform,
            opts=opts,
        )
        platform.wiring.allow(Workload.of(namespaces.DATA, f"{name}-roles", COMPONENT), peer, PORT)
        host = pulumi.Output.all(instance.address, job.id).apply(lambda both: str(both[0]))
        return {
            database: Database(host=host, port=PORT, name=database, user=database, password=password.result, peer=peer)
            for database, password in passwords.items()
        }


def _check(request: DatabaseRequest, plan: DatabasePlan) -> None:
    problem = ""
    least_growth = -(-request.storage_gib * 11 // 10)
    if not 1 <= request.retention_days <= MOST_RETENTION_DAYS:
        problem = f"data.postgres.retentionDays: {request.retention_days}: RDS keeps 1 to {MOST_RETENTION_DAYS} days"
    elif request.storage_gib < LEAST_STORAGE_GIB:
        problem = f"data.postgres.storageGib: {request.storage_gib}: RDS needs at least {LEAST_STORAGE_GIB}"
    elif plan.max_storage_gib is not None and plan.max_storage_gib < least_growth:
        problem = (
            f"cluster.database.maxStorageGib: {plan.max_storage_gib}: RDS needs room for a tenth, "
            f"at least {least_growth} GiB"
        )
    if problem:
        raise ValueError(problem)


def _password(name: str, opts: pulumi.ResourceOptions) -> random.RandomPassword:
    return random.RandomPassword(f"{name}-password", length=40, special=False, opts=opts)


def _roles_job(
    name: str,
    *,
    instance: aws.rds.Instance,
    passwords: Mapping[str, random.RandomPassword],
    extensions: Mapping[str, Sequence[str]],
    authority_certificates: str | None,
    cluster: ClusterHandle,
    platform: PlatformContext,
    opts: pulumi.ResourceOptions,
) -> k8s.batch.v1.Job:
    """The Job is named by its content, so that a new database or password makes a new one, which runs again."""
    names = labels.object_labels(f"{name}-roles", COMPONENT, platform.environment)
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(platform.ready)))
    account = k8s.core.v1.ServiceAccount(
        f"{name}-roles-account",
        metadata={"name": f"{name}-roles", "namespace": namespaces.DATA, "labels": names},
        automount_service_account_token=False,
        opts=opts,
    )
    secret = k8s.core.v1.Secret(
        f"{name}-passwords",
        metadata={"namespace": namespaces.DATA, "labels": names},
        string_data={key: password.result for key, password in passwords.items()},
        opts=opts,
    )
    script = k8s.core.v1.ConfigMap(
        f"{name}-roles-script",
        metadata={"namespace": namespaces.DATA, "labels": names},
        data=database_roles.script_files(authority_certificates),
        opts=opts,
    )
    return k8s.batch.v1.Job(
        f"{name}-roles",
        metadata={"namespace": namespaces.DATA, "labels": names},
        spec=database_roles.roles_job_spec(
            databases=[key for key in passwords if key != database_roles.ADMINISTRATOR_KEY],
            extensions=extensions,
            service_account=f"{name}-roles",
            labels=names,
            image=cluster.registry.rewrite(pins.POSTGRESQL.reference),
            host=instance.address,
            port=PORT,
            administrator=ADMINISTRATOR,
            secret=secret.metadata["name"],
            script=script.metadata["name"],
            checked=authority_certificates is not None,
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[account])),
    )
