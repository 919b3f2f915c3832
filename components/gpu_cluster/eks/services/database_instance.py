"""One RDS instance: where it stands, who may connect, what it logs and when it is looked after."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.base import pins
from components.base.handles import DatabaseRequest, PlatformContext
from components.base.protection import guarded
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import backed_up, resource_tags

ADMINISTRATOR = "platform_admin"
PORT = 5432
LOG_DAYS = 90
LOGS = ("postgresql", "upgrade")
MONITORING_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"

PARAMETERS = {
    "rds.force_ssl": "1",
    "rds.accepted_password_auth_method": "scram",
    # Says who was connected to what, from where and for how long.
    "log_disconnections": "1",
    "log_lock_waits": "1",
    # The text of an error is logged, and not the statement that met it.
    "log_min_error_statement": "panic",
}
"""No statement is logged, by kind, by duration or for its error: `ALTER ROLE … PASSWORD` is one, and would be in the
log in clear."""


@dataclass(frozen=True, kw_only=True)
class DatabasePlan:
    """Windows are `hh:mm-hh:mm` and `ddd:hh:mm-ddd:hh:mm` (UTC), as RDS writes them.

    `monitoring_seconds` is the interval of the operating system's metrics, 0 for none. `max_storage_gib` is where the
    disk stops growing by itself, None for four times its first size. `authority` signs the server's certificate;
    `authority_certificates` (PEM) is what the platform's own client checks it with, None to encrypt without checking.
    """

    backup_window: str
    maintenance_window: str
    monitoring_seconds: int
    max_storage_gib: int | None
    authority: str
    authority_certificates: str | None


@dataclass(frozen=True, kw_only=True)
class RdsPlace:
    """The subnets have no route out of the VPC. `client_group_id` is the security group of the nodes, the only one that
    may connect. `data_key_arn` encrypts the data, `log_key_arn` what the server logs.
    """

    account_id: str
    vpc_id: pulumi.Input[str]
    subnet_ids: tuple[pulumi.Input[str], ...]
    client_group_id: pulumi.Input[str]
    data_key_arn: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]
    instance_class: str


def create_instance(
    name: str,
    *,
    place: RdsPlace,
    plan: DatabasePlan,
    request: DatabaseRequest,
    password: pulumi.Output[str],
    platform: PlatformContext,
    opts: pulumi.ResourceOptions,
) -> aws.rds.Instance:
    """The instance and everything that must exist before it.

    The administrator's password is drawn by the program and kept, encrypted, in its state. RDS could manage it in
    Secrets Manager, but then the Job that makes the databases would need an AWS client, a role of its own and the right
    to read a secret whose name is not known before the instance exists, and would break each week when RDS changes it.

    Signing in by IAM is on for people, not for components: who has `rds-db:connect` and a role of the database that was
    granted `rds_iam` connects for a quarter of an hour without a password. Nobody has either before it is granted.
    """
    # By name and not by the engine's suffix: RDS derives the names of its log groups from it.
    identifier = f"ai-platform-{platform.environment}-{name}"
    tags = resource_tags(name, platform.environment, "relational-database", "point-in-time-recovery", "backup-schedule")
    subnets = aws.rds.SubnetGroup(f"{name}-subnets", subnet_ids=list(place.subnet_ids), tags=tags, opts=opts)
    parameters = aws.rds.ParameterGroup(
        f"{name}-parameters",
        family=f"postgres{_major()}",
        parameters=[{"name": key, "value": value} for key, value in PARAMETERS.items()],
        tags=tags,
        opts=opts,
    )
    suffix = random.RandomId(f"{name}-final-snapshot", byte_length=4, opts=opts)
    logs = _log_groups(name, identifier, place, tags, opts)
    role, attachment = _monitoring_role(name, place.account_id, tags, opts)
    kept = platform.protect_data
    return aws.rds.Instance(
        f"{name}-instance",
        identifier=identifier,
        engine="postgres",
        engine_version=_major(),
        instance_class=place.instance_class,
        allocated_storage=request.storage_gib,
        max_allocated_storage=plan.max_storage_gib or request.storage_gib * 4,
        storage_type="gp3",
        storage_encrypted=True,
        kms_key_id=place.data_key_arn,
        username=ADMINISTRATOR,
        password=password,
        multi_az=request.instances > 1,
        db_subnet_group_name=subnets.name,
        vpc_security_group_ids=[_group(name, place, tags, opts).id],
        parameter_group_name=parameters.name,
        ca_cert_identifier=plan.authority,
        publicly_accessible=False,
        iam_database_authentication_enabled=True,
        backup_retention_period=request.retention_days,
        backup_window=plan.backup_window,
        maintenance_window=plan.maintenance_window,
        copy_tags_to_snapshot=True,
        delete_automated_backups=not kept,
        deletion_protection=kept,
        skip_final_snapshot=not kept,
        final_snapshot_identifier=pulumi.Output.concat(name, "-final-", suffix.hex),
        enabled_cloudwatch_logs_exports=list(LOGS),
        monitoring_interval=plan.monitoring_seconds,
        monitoring_role_arn=role.arn if plan.monitoring_seconds else None,
        performance_insights_enabled=True,
        performance_insights_kms_key_id=place.data_key_arn,
        # Seven days are free of charge.
        performance_insights_retention_period=7,
        auto_minor_version_upgrade=True,
        tags=tags | backed_up(),
        opts=pulumi.ResourceOptions.merge(
            guarded(opts, protect=kept),
            # Minor versions move by themselves, inside the maintenance window.
            pulumi.ResourceOptions(ignore_changes=["engineVersion"], depends_on=[*logs, attachment]),
        ),
    )


def _log_groups(
    name: str, identifier: str, place: RdsPlace, tags: dict[str, str], opts: pulumi.ResourceOptions
) -> list[aws.cloudwatch.LogGroup]:
    """RDS would make these itself, unencrypted and kept forever.

    `RDSOSMetrics`, for the operating system's metrics, is one group for the whole account: RDS keeps that for 30 days.
    """
    return [
        aws.cloudwatch.LogGroup(
            f"{name}-{log}-logs",
            name=f"/aws/rds/instance/{identifier}/{log}",
            retention_in_days=LOG_DAYS,
            kms_key_id=place.log_key_arn,
            tags=tags,
            opts=opts,
        )
        for log in LOGS
    ]


def _monitoring_role(
    name: str, account_id: str, tags: dict[str, str], opts: pulumi.ResourceOptions
) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
    trust = policy_documents.service_trust("monitoring.rds.amazonaws.com")
    trust["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id}}
    role = aws.iam.Role(f"{name}-monitoring-role", assume_role_policy=json.dumps(trust), tags=tags, opts=opts)
    attachment = aws.iam.RolePolicyAttachment(
        f"{name}-monitoring-role-policy", role=role.name, policy_arn=MONITORING_POLICY, opts=opts
    )
    return role, attachment


def _group(name: str, place: RdsPlace, tags: dict[str, str], opts: pulumi.ResourceOptions) -> aws.ec2.SecurityGroup:
    group = aws.ec2.SecurityGroup(
        f"{name}-group", vpc_id=place.vpc_id, description="PostgreSQL from cluster nodes only", tags=tags, opts=opts
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-from-nodes",
        security_group_id=group.id,
        referenced_security_group_id=place.client_group_id,
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
