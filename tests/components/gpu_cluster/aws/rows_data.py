"""Rows of the baseline: buckets, databases, metrics and copies."""

from __future__ import annotations

from tests.components.gpu_cluster.aws.requirements import (
    PLAIN_HTTP,
    Requirement,
    Subject,
    absent,
    after,
    allows_services_alone,
    asks,
    between,
    both,
    companion,
    contains,
    either,
    equals,
    given,
    outlives_stack,
    own_key,
    protected,
    refuses,
)


def _is_log_target(encryption: Subject) -> bool:
    """S3 and load balancers deliver their logs only where S3's own key encrypts."""
    targets = {log.one("targetBucket") for log in encryption.others("s3/bucketLogging:BucketLogging")}
    targets |= {f"{one.one('accessLogs.bucket')}-id" for one in encryption.others("lb/loadBalancer:LoadBalancer")}
    return encryption.one("bucket") in targets and encryption.at("rules.*.applyServerSideEncryptionByDefault") == [
        {"sseAlgorithm": "AES256"}
    ]


ROWS: dict[str, tuple[Requirement, ...]] = {
    "s3/bucket:Bucket": (
        asks("it is guarded, and outlives the stack", "own", outlives_stack),
        asks("objects survive a mistaken teardown", "own", lambda bucket: bucket.one("forceDestroy") in (None, False)),
        asks(
            "it is closed to the public",
            "FSBP S3.8",
            companion("s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "bucket"),
        ),
        asks(
            "access lists are off",
            "FSBP S3.12",
            companion("s3/bucketOwnershipControls:BucketOwnershipControls", "bucket"),
        ),
        asks(
            "it has an encryption of its own",
            "FSBP S3.17",
            companion("s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "bucket"),
        ),
        asks("it keeps versions", "FSBP S3.14", companion("s3/bucketVersioning:BucketVersioning", "bucket")),
        asks(
            "what it keeps ends some day",
            "FSBP S3.13",
            companion("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "bucket"),
        ),
        asks("it has a policy", "FSBP S3.5", companion("s3/bucketPolicy:BucketPolicy", "bucket")),
        asks(
            "who reads and writes is logged, or it is where the logs go",
            "FSBP S3.9",
            either(
                companion("s3/bucketLogging:BucketLogging", "bucket"),
                companion("s3/bucketLogging:BucketLogging", "targetBucket"),
            ),
        ),
    ),
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": tuple(
        asks(f"{setting} is on", "FSBP S3.8", equals(setting, True))
        for setting in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ),
    "s3/bucketOwnershipControls:BucketOwnershipControls": (
        asks("access lists are off", "FSBP S3.12", equals("rule.objectOwnership", "BucketOwnerEnforced")),
    ),
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        asks(
            "it encrypts with a key of the platform, or, where S3 delivers logs, with S3's own",
            "FSBP S3.17",
            lambda one: (
                both(
                    equals("rules.*.applyServerSideEncryptionByDefault.sseAlgorithm", "aws:kms"),
                    own_key("rules.*.applyServerSideEncryptionByDefault.kmsMasterKeyId"),
                    equals("rules.*.bucketKeyEnabled", True),
                )(one)
                or _is_log_target(one)
            ),
        ),
    ),
    "s3/bucketVersioning:BucketVersioning": (
        asks("versions are kept", "FSBP S3.14", equals("versioningConfiguration.status", "Enabled")),
    ),
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        asks("its rules are in force", "FSBP S3.13", equals("rules.*.status", "Enabled")),
        asks("old versions end", "FSBP S3.13", between("rules.*.noncurrentVersionExpiration.noncurrentDays", 1, 3650)),
        asks(
            "uploads that nobody finished end",
            "own",
            between("rules.*.abortIncompleteMultipartUpload.daysAfterInitiation", 1, 30),
        ),
        asks("versions are on before they are counted", "own", after("s3/bucketVersioning:BucketVersioning")),
    ),
    "s3/bucketPolicy:BucketPolicy": (
        asks("plain HTTP is refused", "FSBP S3.5", refuses("policy", PLAIN_HTTP)),
        asks(
            "the bucket is closed to the public before anything is said of who may use it",
            "own",
            after("s3/bucketPublicAccessBlock:BucketPublicAccessBlock"),
        ),
        asks(
            "only services of AWS are allowed anything by it",
            "FSBP S3.6",
            allows_services_alone,
        ),
    ),
    "s3/bucketLogging:BucketLogging": (
        asks("the log lies in another bucket", "FSBP S3.9", lambda log: log.one("bucket") != log.one("targetBucket")),
        asks("the other bucket takes deliveries first", "own", after("s3/bucketPolicy:BucketPolicy")),
    ),
    "rds/instance:Instance": (
        asks(
            "its disk is encrypted with a key of the platform",
            "FSBP RDS.3",
            both(equals("storageEncrypted", True), own_key("kmsKeyId")),
        ),
        asks("it has no public address", "FSBP RDS.2", equals("publiclyAccessible", False)),
        asks("it stands in a network of its own", "FSBP RDS.18", given("dbSubnetGroupName")),
        asks("it has a standby in another zone", "FSBP RDS.5", equals("multiAz", True)),
        asks("it can go back in time for a week at least", "FSBP RDS.11", between("backupRetentionPeriod", 7, 35)),
        asks("its copies outlive it", "own", equals("deleteAutomatedBackups", False)),
        asks("a last copy is made before it goes", "own", equals("skipFinalSnapshot", False)),
        asks("AWS refuses to delete it", "FSBP RDS.8", equals("deletionProtection", True)),
        asks("it is guarded", "own", protected),
        asks("people sign in with IAM", "FSBP RDS.10", equals("iamDatabaseAuthenticationEnabled", True)),
        asks("its logs leave it", "FSBP RDS.36", contains("enabledCloudwatchLogsExports", "postgresql", "upgrade")),
        asks("its operating system is watched", "FSBP RDS.6", between("monitoringInterval", 1, 60)),
        asks("it takes minor versions by itself", "FSBP RDS.13", equals("autoMinorVersionUpgrade", True)),
        asks("its copies carry its tags", "FSBP RDS.17", equals("copyTagsToSnapshot", True)),
        asks(
            "its administrator has no usual name",
            "FSBP RDS.25",
            lambda one: one.one("username") not in ("postgres", "admin"),
        ),
        asks("what it observes is encrypted too", "own", own_key("performanceInsightsKmsKeyId")),
        asks("its log groups exist before it makes its own", "own", after("cloudwatch/logGroup:LogGroup")),
        asks("the daily backup finds it", "FSBP RDS.26", equals("tags.ai-platform/backup", "daily")),
    ),
    "rds/parameterGroup:ParameterGroup": (
        asks(
            "connections are encrypted",
            "FSBP RDS.38",
            lambda one: {"name": "rds.force_ssl", "value": "1"} in (one.one("parameters") or []),
        ),
    ),
    "grafana/workspace:Workspace": (
        asks("it is encrypted with a key of the platform", "own", own_key("kmsKeyId")),
        asks("only named ranges reach it", "own", given("networkAccessControl.prefixListIds")),
        asks("it sees metrics through the network", "own", given("vpcConfiguration.securityGroupIds")),
        asks("its role has its rights first", "own", after("iam/rolePolicy:RolePolicy")),
    ),
    "backup/vaultLockConfiguration:VaultLockConfiguration": (
        asks("copies are kept for a week at least", "own", between("minRetentionDays", 7, 3650)),
        asks("an administrator can still remove it", "own", absent("changeableForDays")),
    ),
    "sns/topic:Topic": (
        asks("it is encrypted with a key of the platform", "FSBP SNS.1", own_key("kmsMasterKeyId")),
        asks("who publishes is written down", "FSBP SNS.4", companion("sns/topicPolicy:TopicPolicy", "arn")),
    ),
    "sns/topicPolicy:TopicPolicy": (
        asks("plain HTTP is refused", "own", refuses("policy", PLAIN_HTTP)),
        asks(
            "only services of AWS are allowed anything by it",
            "FSBP SNS.4",
            allows_services_alone,
        ),
    ),
    "amp/workspace:Workspace": (
        asks("it is encrypted with a key of the platform", "own", own_key("kmsKeyArn")),
        asks("what goes wrong in it is logged", "own", given("loggingConfiguration.logGroupArn")),
        asks("it is guarded", "own", protected),
    ),
    "amp/workspaceConfiguration:WorkspaceConfiguration": (
        asks("what it keeps ends some day", "own", between("retentionPeriodInDays", 1, 1095)),
    ),
    "backup/vault:Vault": (
        asks("it is encrypted with a key of the platform", "FSBP Backup.1", own_key("kmsKeyArn")),
        asks("it is guarded, and outlives the stack", "own", outlives_stack),
        asks("copies survive a mistaken teardown", "own", lambda one: one.one("forceDestroy") in (None, False)),
        asks("nobody empties it", "own", companion("backup/vaultPolicy:VaultPolicy", "backupVaultName")),
    ),
    "backup/vaultPolicy:VaultPolicy": (
        asks(
            "deleting a copy is refused to everybody",
            "own",
            lambda one: any(
                statement["Effect"] == "Deny"
                and statement["Principal"] == "*"
                and "backup:DeleteRecoveryPoint" in statement["Action"]
                for statement in one.statements("policy")
            ),
        ),
    ),
    "backup/plan:Plan": (
        asks("copies are kept for a week at least", "own", between("rules.*.lifecycle.deleteAfter", 7, 3650)),
    ),
    "backup/selection:Selection": (
        asks("its role has its rights first", "own", after("iam/rolePolicyAttachment:RolePolicyAttachment")),
    ),
    "backup/vaultNotifications:VaultNotifications": (
        asks("somebody hears of a backup that failed", "own", contains("backupVaultEvents", "BACKUP_JOB_FAILED")),
    ),
}
