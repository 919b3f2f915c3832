"""The bucket that holds who read and wrote which object of the other buckets."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base.protection import guarded
from components.gpu_cluster.eks.services import service_policies
from components.gpu_cluster.eks.services.buckets import close_to_public, encrypt, keep_versions
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksAccessLogs"

ACCESS_LOG_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class EksAccessLogsArgs:
    """`protect` guards the log as evidence."""

    environment: str
    account_id: str
    protect: bool


class EksAccessLogs(pulumi.ComponentResource):
    """S3 delivers access logs only into a bucket whose default encryption is its own key (SSE-S3), never a KMS key, and
    without Object Lock (Amazon S3 User Guide, "Enabling Amazon S3 server access logging").
    """

    bucket: aws.s3.Bucket
    delivery: aws.s3.BucketPolicy

    def __init__(self, name: str, args: EksAccessLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.bucket = aws.s3.Bucket(
            f"{name}-bucket",
            force_destroy=not args.protect,
            tags=resource_tags(f"{name}-bucket", args.environment),
            opts=guarded(child, protect=args.protect, outlives_stack=True),
        )
        closed = close_to_public(f"{name}-bucket", self.bucket, child)
        encrypt(f"{name}-bucket", self.bucket, None, child)
        keep_versions(f"{name}-bucket", self.bucket, child, object_days=ACCESS_LOG_DAYS)
        self.delivery = aws.s3.BucketPolicy(
            f"{name}-bucket-policy",
            bucket=self.bucket.id,
            policy=self.bucket.arn.apply(lambda arn: json.dumps(service_policies.log_bucket(arn, args.account_id))),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[closed])),
        )
        self.register_outputs({"bucket": self.bucket.bucket})

    def log_requests(self, name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
        """Log the requests to `bucket` under `name`, in folders by account, region, bucket and day."""
        aws.s3.BucketLogging(
            f"{name}-access-log",
            bucket=bucket.id,
            target_bucket=self.bucket.id,
            target_prefix=f"{name}/",
            target_object_key_format={"partitioned_prefix": {"partition_date_source": "EventTime"}},
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[self.delivery])),
        )
