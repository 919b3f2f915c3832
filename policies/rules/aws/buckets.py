"""S3: nobody outside reads a bucket, nothing in it is lost by mistake, and who asked for what is written down."""

from __future__ import annotations

from policies.checks import per_subject
from policies.demands import accompanied, is_on, is_set, of_types, switched_off
from policies.fields import any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.policy_documents import EVERYTHING, Statement, statements
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import Subject

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
PUBLIC_ACCESS = ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",)
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
VERSIONING = ("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2")
POLICIES = ("aws:s3/bucketPolicy:BucketPolicy",)
LOGGING = ("aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketLoggingV2:BucketLoggingV2")
LIFECYCLE = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
OWNERSHIP = ("aws:s3/bucketOwnershipControls:BucketOwnershipControls",)
VAULTS = ("aws:backup/vault:Vault",)

PUBLIC_ACCESS_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

LOG_DELIVERY = ("logging.s3.amazonaws.com", "logdelivery.elasticloadbalancing.amazonaws.com")
"""Services that deliver logs only to buckets that S3's own key encrypts (Amazon S3 user guide, "Enabling server access
logging"; Elastic Load Balancing documentation, "Access logs")."""


def _all_blocked(block: Subject) -> bool:
    # A loop would end at an unknown switch and not see the next one, which is off.
    return not any_known(PUBLIC_ACCESS_SWITCHES, lambda switch: not is_on(block.root.at(switch).value))


def _encrypted(stack: Stack, bucket: Subject) -> Outcomes:
    settings = stack.dependents(bucket, *ENCRYPTION)
    if any_known(settings, _has_own_key):
        return
    if settings and any_known(stack.dependents(bucket, *POLICIES), _takes_logs):
        return
    yield Violation("", "has no BucketServerSideEncryptionConfiguration with sseAlgorithm aws:kms and an own key")


def _has_own_key(encryption: Subject) -> bool:
    defaults = (rule.at("applyServerSideEncryptionByDefault") for rule in encryption.root.at("rules").items())
    return any_known(
        defaults,
        lambda default: (
            default.at("sseAlgorithm").text().startswith("aws:kms") and is_set(default.at("kmsMasterKeyId").value)
        ),
    )


def _takes_logs(policy: Subject, services: tuple[str, ...] = LOG_DELIVERY) -> bool:
    return any(
        statement.allows and service in statement.principals.get("Service", ())
        for statement in statements(policy.root.at("policy"))
        for service in services
    )


def _logged(stack: Stack, bucket: Subject) -> Outcomes:
    if any_known(stack.dependents(bucket, *LOGGING), _is_log_of_requests):
        return
    # The requests that deliver logs would be logged there in turn, without end.
    if not any_known(stack.dependents(bucket, *POLICIES), lambda policy: _takes_logs(policy, LOG_DELIVERY[:1])):
        yield Violation("", "has no BucketLogging, and is not where S3 delivers the logs of others")


def _keeps_versions(versioning: Subject) -> bool:
    return versioning.root.at("versioningConfiguration", "status").value == "Enabled"


def _refuses_plain_http(policy: Subject) -> bool:
    return any(_is_refusal(statement) for statement in statements(policy.root.at("policy")))


def _is_refusal(statement: Statement) -> bool:
    # One more condition, and the statement would refuse less.
    plain = statement.conditions == {"bool": {"aws:securetransport": ("false",)}}
    everything = all(statement.covers(action) for action in ("s3:getobject", "s3:putobject", "s3:listbucket"))
    everybody = statement.is_for_everybody and not statement.excludes_principals
    return not statement.allows and everybody and everything and plain and _is_about_all_of_it(statement)


def _is_about_all_of_it(statement: Statement) -> bool:
    """Whether the bucket and all objects in it are meant."""
    if statement.excludes_resources:
        return False
    content = {resource.partition("/")[2] for resource in statement.resources if resource != EVERYTHING}
    return EVERYTHING in statement.resources or {"", EVERYTHING} <= content


def _is_log_of_requests(logging: Subject) -> bool:
    return is_set(logging.root.at("targetBucket").value)


def _cleans_up(lifecycle: Subject) -> bool:
    return any_known(lifecycle.root.at("rules").items(), lambda rule: rule.at("status").value == "Enabled")


def _belongs_to_the_owner(ownership: Subject) -> bool:
    return ownership.root.at("rule", "objectOwnership").value == "BucketOwnerEnforced"


RULES = (
    Rule(
        id="AWS-01",
        title="No bucket can be made public",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="One wrong ACL or bucket policy shows weights, documents or backups to the whole internet.",
        sources=("FSBP S3.1, S3.2, S3.3, S3.8", "CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "CKV2_AWS_6"),
        remediation="Give the bucket a BucketPublicAccessBlock with all four switches true.",
        of_stack=accompanied(
            BUCKETS,
            PUBLIC_ACCESS,
            _all_blocked,
            f"has no BucketPublicAccessBlock with {', '.join(PUBLIC_ACCESS_SWITCHES)} all true",
        ),
    ),
    Rule(
        id="AWS-11",
        title="Buckets are encrypted with a key of the platform",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Under S3's own key the right to read the object is enough: no second right is asked for, and no "
        "key can be disabled to stop a leak.",
        sources=("FSBP S3.17", "CKV_AWS_145", "CKV_AWS_19"),
        remediation="Set sseAlgorithm aws:kms and kmsMasterKeyId. Logs of S3 and of load balancers only go to "
        "buckets with S3's own key, which is allowed for these.",
        of_stack=per_subject(lambda stack: stack.of_type(*BUCKETS), _encrypted),
    ),
    Rule(
        id="AWS-12",
        title="Buckets keep versions",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="A wrong sync, or an attacker who may write, overwrites or deletes weights and backups for good.",
        sources=("FSBP S3.14", "CKV_AWS_21"),
        remediation="Give the bucket a BucketVersioning with status Enabled: what is overwritten can be brought back.",
        of_stack=accompanied(BUCKETS, VERSIONING, _keeps_versions, "has no BucketVersioning whose status is Enabled"),
    ),
    Rule(
        id="AWS-13",
        title="Buckets refuse plain HTTP",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A client that is set to http sends documents and weights readable, and changeable, through every "
        "network on the way.",
        sources=("FSBP S3.5", "CKV_AWS_379"),
        remediation="Deny s3:* to everybody where aws:SecureTransport is false, in the bucket's policy.",
        of_stack=accompanied(
            BUCKETS,
            POLICIES,
            _refuses_plain_http,
            "has no BucketPolicy that denies s3:* to everybody where aws:SecureTransport is false",
        ),
    ),
    Rule(
        id="AWS-14",
        title="Requests to buckets are logged",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="After a leak nobody can tell who read which object of the bucket.",
        sources=("FSBP S3.9", "CKV_AWS_18"),
        remediation="Give the bucket a BucketLogging. The bucket that the logs go to needs none of its own.",
        of_stack=per_subject(lambda stack: stack.of_type(*BUCKETS), _logged),
    ),
    Rule(
        id="AWS-15",
        title="Buckets clean up",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="Old versions and broken uploads pile up for ever: they cost money, and personal data that was "
        "deleted is still there.",
        sources=("FSBP S3.10, S3.13", "CKV2_AWS_61", "CKV_AWS_300"),
        remediation="Give the bucket a BucketLifecycleConfiguration that ends old versions and broken uploads.",
        of_stack=accompanied(
            BUCKETS, LIFECYCLE, _cleans_up, "has no BucketLifecycleConfiguration with a rule that is Enabled"
        ),
    ),
    Rule(
        id="AWS-17",
        title="Rights to buckets come from policies alone",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="An ACL on one object gives it to another account, and no policy that somebody reviews shows that.",
        sources=("FSBP S3.12", "CKV2_AWS_65"),
        remediation="Give the bucket BucketOwnershipControls with objectOwnership BucketOwnerEnforced: it ends ACLs.",
        of_stack=accompanied(
            BUCKETS,
            OWNERSHIP,
            _belongs_to_the_owner,
            "has no BucketOwnershipControls whose objectOwnership is BucketOwnerEnforced",
        ),
    ),
    Rule(
        id="AWS-16",
        title="No bucket or vault is emptied to be deleted",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Removing a stack, or a change of name that replaces the bucket or vault, deletes every object and "
        "every backup in it without asking.",
        sources=("own",),
        remediation="Leave forceDestroy false: what is in there is deleted by a person, never along with a stack.",
        of_object=of_types((*BUCKETS, *VAULTS), switched_off("forceDestroy")),
    ),
)
