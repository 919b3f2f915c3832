"""AWS Backup: daily and weekly copies of databases, volumes and buckets in a vault that nobody empties.

What is copied says so itself, by a tag. Nothing goes to cold storage: RDS and S3 have none, and a volume's archive is
billed as a full copy for 90 days at least. The cluster's own objects are not a resource here: they are made anew by the
program, and a recovery point of EKS holds no images, no VPC and no access.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base import labels
from components.base.protection import guarded
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.services import service_policies
from components.gpu_cluster.eks.services.notices import EksNotices
from components.gpu_cluster.eks.tags import BACKUP, DAILY, resource_tags

TYPE = "ai-platform:gpu_cluster:EksBackup"

BACKUP_POLICIES = ("service-role/AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForS3Backup")
RESTORE_POLICIES = ("service-role/AWSBackupServiceRolePolicyForRestores", "AWSBackupServiceRolePolicyForS3Restore")
"""AWS keeps both pairs up to date with what each kind of resource needs, KMS grants by way of the service included."""
RESOURCES = ("arn:aws:rds:*:*:db:*", "arn:aws:ec2:*:*:volume/*", "arn:aws:s3:::*")
"""Named kinds are copied whatever the account opted in to (AWS Backup, "Assign resources to a backup plan")."""
EVENTS = ("BACKUP_JOB_FAILED", "BACKUP_JOB_EXPIRED", "COPY_JOB_FAILED", "RESTORE_JOB_FAILED", "S3_BACKUP_OBJECT_FAILED")
START_MINUTES = 60
COMPLETION_MINUTES = 12 * 60


@dataclass(frozen=True, kw_only=True)
class BackupPlan:
    """Retentions in days. `start` is hour and minute (UTC) of the daily copy, the weekly one follows on Sundays an hour
    later. `locked` puts the vault under a governance lock; `copy_region` holds a second copy, None for none.
    """

    daily_retention_days: int
    weekly_retention_days: int
    start: tuple[int, int]
    locked: bool
    copy_region: str | None

    @property
    def shortest_days(self) -> int:
        """The shorter of both retentions: what the lock holds every recovery point for."""
        return min(self.daily_retention_days, self.weekly_retention_days)


@dataclass(frozen=True, kw_only=True)
class EksBackupArgs:
    """`protect` guards the vault."""

    environment: str
    account_id: str
    cluster_name: str
    plan: BackupPlan
    notices: EksNotices
    protect: bool


class EksBackup(pulumi.ComponentResource):
    """`restore_role` is what a person names when restoring; nothing else uses it."""

    vault: aws.backup.Vault
    restore_role: aws.iam.Role

    def __init__(self, name: str, args: EksBackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.vault = self._vault("vault", None)
        aws.backup.VaultNotifications(
            f"{name}-notices",
            backup_vault_name=self.vault.name,
            sns_topic_arn=args.notices.topic.arn,
            backup_vault_events=list(EVENTS),
            opts=self._after(*args.notices.ready),
        )
        copy = self._vault("copy", args.plan.copy_region) if args.plan.copy_region else None
        plan = self._plan(copy)
        role, attachments = self._role("role", BACKUP_POLICIES)
        self.restore_role, _ = self._role("restore-role", RESTORE_POLICIES)
        aws.backup.Selection(
            f"{name}-selection",
            name=f"{args.cluster_name}-tagged",
            plan_id=plan.id,
            iam_role_arn=role.arn,
            resources=list(RESOURCES),
            # All of them must hold. The environment is among them, or two stacks of one account would copy each other.
            conditions=[
                {
                    "string_equals": [
                        {"key": f"aws:ResourceTag/{BACKUP}", "value": DAILY},
                        {"key": f"aws:ResourceTag/{labels.ENVIRONMENT}", "value": args.environment},
                    ]
                }
            ],
            opts=self._after(*attachments),
        )
        self.register_outputs({"vault": self.vault.name, "restoreRole": self.restore_role.arn})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._args.cluster_name}-{suffix}", self._args.environment)

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))

    def _vault(self, suffix: str, region: str | None) -> aws.backup.Vault:
        """A vault with a key of its own: copies outlive the key of what was copied."""
        args, name = self._args, f"{self._name}-{suffix}"
        key = aws.kms.Key(
            f"{name}-key",
            region=region,
            description=f"backups of {args.cluster_name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=json.dumps(policy_documents.key_policy(args.account_id)),
            tags=self._tags(f"backup-{suffix}-key"),
            opts=guarded(self._child, protect=args.protect, outlives_stack=True),
        )
        vault = aws.backup.Vault(
            name,
            region=region,
            name=f"{args.cluster_name}-{suffix}",
            kms_key_arn=key.arn,
            force_destroy=not args.protect,
            tags=resource_tags(f"{args.cluster_name}-{suffix}", args.environment, "backup-schedule"),
            opts=guarded(self._child, protect=args.protect, outlives_stack=True),
        )
        aws.backup.VaultPolicy(
            f"{name}-policy",
            region=region,
            backup_vault_name=vault.name,
            policy=json.dumps(service_policies.kept_recovery_points()),
            opts=self._child,
        )
        if args.plan.locked:
            # Without a number of days to change one's mind this is governance mode: who may remove the lock can. The
            # other mode can never be taken back, not by AWS either, so the program does not offer it.
            aws.backup.VaultLockConfiguration(
                f"{name}-lock",
                region=region,
                backup_vault_name=vault.name,
                min_retention_days=args.plan.shortest_days,
                opts=self._child,
            )
        return vault

    def _plan(self, copy: aws.backup.Vault | None) -> aws.backup.Plan:
        args, plan = self._args, self._args.plan
        hour, minute = plan.start
        rules = (
            ("daily", f"cron({minute} {hour} * * ? *)", plan.daily_retention_days),
            ("weekly", f"cron({minute} {(hour + 1) % 24} ? * SUN *)", plan.weekly_retention_days),
        )
        return aws.backup.Plan(
            f"{self._name}-plan",
            name=args.cluster_name,
            rules=[self._rule(rule, schedule, days, copy) for rule, schedule, days in rules],
            tags=resource_tags(args.cluster_name, args.environment, "backup-schedule"),
            opts=self._child,
        )

    def _rule(self, name: str, schedule: str, days: int, copy: aws.backup.Vault | None) -> aws.backup.PlanRuleArgsDict:
        rule: aws.backup.PlanRuleArgsDict = {
            "rule_name": name,
            "target_vault_name": self.vault.name,
            "schedule": schedule,
            "schedule_expression_timezone": "Etc/UTC",
            "start_window": START_MINUTES,
            "completion_window": COMPLETION_MINUTES,
            "lifecycle": {"delete_after": days},
            "recovery_point_tags": self._tags(f"{name}-backup"),
        }
        if copy:
            rule["copy_actions"] = [{"destination_vault_arn": copy.arn, "lifecycle": {"delete_after": days}}]
        return rule

    def _role(self, suffix: str, policies: tuple[str, ...]) -> tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]]:
        role = aws.iam.Role(
            f"{self._name}-{suffix}",
            assume_role_policy=json.dumps(policy_documents.service_trust("backup.amazonaws.com")),
            tags=self._tags(f"backup-{suffix}"),
            opts=self._child,
        )
        attachments = [
            aws.iam.RolePolicyAttachment(
                f"{self._name}-{suffix}-{policy.rsplit('/', 1)[-1]}",
                role=role.name,
                policy_arn=f"arn:aws:iam::aws:policy/{policy}",
                opts=self._child,
            )
            for policy in policies
        ]
        return role, attachments
