"""What else holds data in AWS: images, secrets, messages, backups, metrics. Encrypted with a key of the platform."""

from __future__ import annotations

from policies.checks import per_type, together
from policies.demands import Demand, accompanied, is_set, of_types, stated, switched_on
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.rules.aws.buckets import VAULTS
from policies.subjects import Subject

REPOSITORIES = ("aws:ecr/repository:Repository",)
REPOSITORY_TEMPLATES = ("aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",)
SECRETS = ("aws:secretsmanager/secret:Secret",)
TOPICS = ("aws:sns/topic:Topic",)
QUEUES = ("aws:sqs/queue:Queue",)
METRICS = ("aws:amp/workspace:Workspace",)
VAULT_LOCKS = ("aws:backup/vaultLockConfiguration:VaultLockConfiguration",)


def _encrypted_images(repository: Subject) -> Outcomes:
    configurations = repository.root.at("encryptionConfigurations")
    if not any_known(configurations.items(), _has_own_key):
        yield Violation(configurations.path, "must name encryptionType KMS and a key")


def _has_own_key(configuration: Field) -> bool:
    own_key = configuration.at("encryptionType").text().startswith("KMS")
    return own_key and is_set(configuration.at("kmsKey").value)


def _encrypted_queue(queue: Subject) -> Outcomes:
    root = queue.root
    if not any_known((root.at("sqsManagedSseEnabled"), root.at("kmsMasterKeyId")), _is_chosen):
        yield Violation("sqsManagedSseEnabled", "must be true, or kmsMasterKeyId must name a key")


def _is_chosen(field: Field) -> bool:
    return is_set(field.value)


def _keeps_backups(lock: Subject) -> bool:
    return is_set(lock.root.at("minRetentionDays").value)


RULES = (
    Rule(
        id="AWS-06",
        title="Tags of own images do not move",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Whoever may push replaces a reviewed image under the same tag, and the next restart runs it.",
        sources=("FSBP ECR.2", "CKV_AWS_51"),
        remediation="Set imageTagMutability IMMUTABLE. A pull-through cache follows its upstream; what the platform "
        "runs from there is pinned.",
        of_object=of_types(
            REPOSITORIES, Demand(("imageTagMutability",), lambda value: value == "IMMUTABLE", "IMMUTABLE")
        ),
    ),
    Rule(
        id="AWS-29",
        title="Images are scanned when they arrive",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="An image with a known hole goes into production because nothing ever looked into it.",
        sources=("FSBP ECR.1", "CIS EKS 5.1.1", "CKV_AWS_163"),
        remediation="Set imageScanningConfiguration.scanOnPush: true.",
        of_object=of_types(REPOSITORIES, switched_on("imageScanningConfiguration", "scanOnPush")),
    ),
    Rule(
        id="AWS-30",
        title="Images are encrypted with a key of the platform",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="Without a key of the platform nobody can lock its images in an incident, and no record says who "
        "decrypted them.",
        sources=("FSBP ECR.5", "CKV_AWS_136"),
        remediation="Name encryptionType KMS and kmsKey in encryptionConfigurations.",
        of_object=per_type(_encrypted_images, *REPOSITORIES, *REPOSITORY_TEMPLATES),
    ),
    Rule(
        id="AWS-38",
        title="Secrets, topics, backups and metrics are encrypted with a key of the platform",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="The right to the service alone is then enough to read secrets, alerts, backups or metrics, and "
        "there is no key to disable when it leaks.",
        sources=("FSBP SNS.1", "CKV_AWS_26", "CKV_AWS_149"),
        remediation="Set kmsKeyId (secrets), kmsMasterKeyId (topics) or kmsKeyArn (vaults, metrics).",
        of_object=together(
            of_types(SECRETS, stated("kmsKeyId", expected="a key of the platform")),
            of_types(TOPICS, stated("kmsMasterKeyId", expected="a key of the platform")),
            of_types((*VAULTS, *METRICS), stated("kmsKeyArn", expected="a key of the platform")),
        ),
    ),
    Rule(
        id="AWS-39",
        title="Queues are encrypted",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="Messages wait unencrypted on disks of AWS, for up to 14 days, for whoever gets at the storage.",
        sources=("FSBP SQS.1", "CKV_AWS_27"),
        remediation="Set sqsManagedSseEnabled: true, or kmsMasterKeyId.",
        of_object=per_type(_encrypted_queue, *QUEUES),
    ),
    Rule(
        id="AWS-40",
        title="Backups cannot be deleted before their time",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Whoever takes over an administrator of the account, as ransomware does, deletes the backups first "
        "and the data next.",
        sources=("AWS Backup developer guide: Vault Lock", "own"),
        remediation="Give the vault a VaultLockConfiguration with minRetentionDays.",
        of_stack=accompanied(
            VAULTS, VAULT_LOCKS, _keeps_backups, "has no VaultLockConfiguration with minRetentionDays"
        ),
    ),
)
