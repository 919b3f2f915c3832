"""KMS keys, and who else may use what belongs to the platform."""

from __future__ import annotations

from policies.checks import per_type
from policies.demands import Demand, at_least, of_types, switched_on
from policies.findings import Level, Outcomes, Severity, Violation
from policies.policy_documents import statements
from policies.registry import Rule
from policies.subjects import Subject

KEYS = ("aws:kms/key:Key",)

LEAST_WINDOW_DAYS = 14
"""Days in which the deletion of a key can be called off. AWS takes 7 to 30, and 30 where nothing is said."""

RESOURCE_POLICIES = (
    *KEYS,
    "aws:backup/vaultPolicy:VaultPolicy",
    "aws:ecr/registryPolicy:RegistryPolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "aws:kms/keyPolicy:KeyPolicy",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
    "aws:secretsmanager/secret:Secret",
    "aws:secretsmanager/secretPolicy:SecretPolicy",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queue:Queue",
    "aws:sqs/queuePolicy:QueuePolicy",
)
"""Resources whose property `policy` says who may use something."""


def _names_somebody(resource: Subject) -> Outcomes:
    document = resource.root.at("policy")
    for statement in statements(document):
        if statement.allows and statement.is_for_everybody and not statement.narrowed:
            yield Violation(document.path, "must not allow everybody anything without naming an account or a source")


def _waits(value: object) -> bool:
    return value is None or at_least(LEAST_WINDOW_DAYS)(value)


RULES = (
    Rule(
        id="AWS-03",
        title="Keys are rotated",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="The same key material encrypts everything for years, so that one leak of it shows all of that, "
        "from the first day to the last.",
        sources=("FSBP KMS.4", "CIS AWS 3.6", "CKV_AWS_7"),
        remediation="Set enableKeyRotation: true.",
        of_object=of_types(KEYS, switched_on("enableKeyRotation")),
    ),
    Rule(
        id="AWS-18",
        title="The deletion of a key can be called off for two weeks",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="What a deleted key encrypted is lost for good, and a short window is over before anybody has noticed.",
        sources=("FSBP KMS.3", "own"),
        remediation=f"Set deletionWindowInDays to {LEAST_WINDOW_DAYS} or more: what a lost key encrypted is lost too.",
        of_object=of_types(
            KEYS, Demand(("deletionWindowInDays",), _waits, f"at least {LEAST_WINDOW_DAYS} (days) or left out")
        ),
    ),
    Rule(
        id="AWS-25",
        title="No key, bucket, vault, queue, topic, repository or secret is open to everybody",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Any AWS account of the world may use the key, read the bucket or the secret, or write to the queue.",
        sources=("FSBP S3.2, KMS.5, SQS.3, SNS.4", "CKV_AWS_33", "CKV_AWS_70", "CKV_AWS_168", "CKV_AWS_169"),
        remediation="Name principals, or demand aws:PrincipalAccount, aws:SourceArn or the like in a condition.",
        of_object=per_type(_names_somebody, *RESOURCE_POLICIES),
    ),
)
