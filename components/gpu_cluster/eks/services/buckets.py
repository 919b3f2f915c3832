"""What every bucket of the platform has in common, whatever lies in it."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

OLD_VERSION_DAYS = 30
ABANDONED_UPLOAD_DAYS = 7


def close_to_public(name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> aws.s3.BucketPublicAccessBlock:
    """Refuse every way of making the bucket public, and every object that its owner would not own."""
    closed = aws.s3.BucketPublicAccessBlock(
        f"{name}-public-access",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
    aws.s3.BucketOwnershipControls(
        f"{name}-ownership", bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=opts
    )
    return closed


def encrypt(name: str, bucket: aws.s3.Bucket, key_arn: pulumi.Input[str] | None, opts: pulumi.ResourceOptions) -> None:
    """Encrypt what is put into the bucket with `key_arn`, or with S3's own key where it is None."""
    default: aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgsDict = (
        {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn} if key_arn else {"sse_algorithm": "AES256"}
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.id,
        rules=[
            {
                "apply_server_side_encryption_by_default": default,
                "bucket_key_enabled": key_arn is not None,
                # S3 refuses keys of clients in new buckets; left out, the engine would take that back.
                "blocked_encryption_types": ["SSE-C"],
            }
        ],
        opts=opts,
    )


def keep_versions(
    name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions, *, object_days: int | None = None
) -> None:
    """Keep overwritten and deleted objects for a while; with `object_days`, end every object after so many days."""
    versioning = aws.s3.BucketVersioning(
        f"{name}-versioning", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=opts
    )
    rule: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": "leftovers",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "noncurrent_version_expiration": {"noncurrent_days": OLD_VERSION_DAYS},
        "abort_incomplete_multipart_upload": {"days_after_initiation": ABANDONED_UPLOAD_DAYS},
    }
    if object_days is not None:
        rule["expiration"] = {"days": object_days}
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=bucket.id,
        rules=[rule],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[versioning])),
    )
