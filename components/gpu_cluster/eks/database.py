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
from components.gpu_cluster import database_roles
from components.gpu_cluster.eks.tags import resource_tags

ADMINISTRATOR = "platform_admin"
PORT = 5432
MOST_RETENTION_DAYS = 35
"""Limit of RDS."""
COMPONENT = "database-roles"


@dataclass(frozen=True, kw_only=True)
class RdsDatabases:
    """Creates the instance in the data subnets, which have no route out of the VPC; `data_cidrs` are their ranges.

    `client_group_id` is the security group of the nodes, the only one that may connect.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: tuple[pulumi.Input[str], ...]
    data_cidrs: tuple[str, ...]
    client_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    instance_class: str

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
        recovery is the service's own: `request.backups` is not used. Raises ValueError for a retention that RDS
        does not offer.
        """
        if not 1 <= request.retention_days <= MOST_RETENTION_DAYS:
            message = (
                f"data.postgres.retentionDays: {request.retention_days}: RDS keeps 1 to {MOST_RETENTION_DAYS} days"
            )
            raise ValueError(message)
        administrator = _password(f"{name}-administrator", opts)
        passwords = {database: _password(f"{name}-{database}", opts) for database in request.databases}
        instance = self._instance(name, request, administrator, platform, opts)
        peer = External(name="postgres", cidrs=self.data_cidrs)
        job = _roles_job(
            name,
            instance=instance,
            passwords={database_roles.ADMINISTRATOR_KEY: administrator, **passwords},
            extensions=request.extensions,
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

    def _instance(
        self,
        name: str,
        request: DatabaseRequest,
        administrator: random.RandomPassword,
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> aws.rds.Instance:
        tags = resource_tags(
            name, platform.environment, "relational-database", "point-in-time-recovery", "backup-schedule"
        )
        subnets = aws.rds.SubnetGroup(f"{name}-subnets", subnet_ids=list(self.subnet_ids), tags=tags, opts=opts)
        parameters = aws.rds.ParameterGroup(
            f"{name}-parameters",
            family=f"postgres{_major()}",
            parameters=[{"name": "rds.force_ssl", "value": "1"}],
            tags=tags,
            opts=opts,
        )
        suffix = random.RandomId(f"{name}-final-snapshot", byte_length=4, opts=opts)
        return aws.rds.Instance(
            f"{name}-instance",
            engine="postgres",
            engine_version=_major(),
            instance_class=self.instance_class,
            allocated_storage=request.storage_gib,
            max_allocated_storage=request.storage_gib * 4,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=self.key_arn,
            username=ADMINISTRATOR,
            password=administrator.result,
            multi_az=request.instances > 1,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[self._group(name, tags, opts).id],
            parameter_group_name=parameters.name,
            publicly_accessible=False,
            iam_database_authentication_enabled=True,
            backup_retention_period=request.retention_days,
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=platform.protect_data,
            skip_final_snapshot=False,
            final_snapshot_identifier=pulumi.Output.concat(name, "-final-", suffix.hex),
            enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
            performance_insights_enabled=True,
            performance_insights_kms_key_id=self.key_arn,
            auto_minor_version_upgrade=True,
            tags=tags,
            opts=pulumi.ResourceOptions.merge(
                opts,
                # Minor versions move by themselves, inside the maintenance window.
                pulumi.ResourceOptions(protect=platform.protect_data or None, ignore_changes=["engineVersion"]),
            ),
        )

    def _group(self, name: str, tags: dict[str, str], opts: pulumi.ResourceOptions) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            f"{name}-group", vpc_id=self.vpc_id, description="PostgreSQL from cluster nodes only", tags=tags, opts=opts
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-nodes",
            security_group_id=group.id,
            referenced_security_group_id=self.client_group_id,
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            tags=tags,
            opts=opts,
        )
        return group


def _major() -> str:
    """Major version of PostgreSQL, the same as where an operator runs it."""
    return pins.POSTGRESQL.tag.split("-")[0].split(".")[0]


def _password(name: str, opts: pulumi.ResourceOptions) -> random.RandomPassword:
    return random.RandomPassword(f"{name}-password", length=40, special=False, opts=opts)


def _roles_job(
    name: str,
    *,
    instance: aws.rds.Instance,
    passwords: Mapping[str, random.RandomPassword],
    extensions: Mapping[str, Sequence[str]],
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
        data={"roles.sh": database_roles.SCRIPT},
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
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[account])),
    )
