"""S3 buckets: encrypted with the platform's key, versioned, closed to the public and to plain HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base.handles import (
    Bucket,
    BucketPurpose,
    ClusterHandle,
    ObjectStore,
    ObjectStoreRequest,
    PlatformContext,
)
from components.base.wiring import METADATA_CIDRS, External
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags

S3 = External(
    name="object-store",
    cidrs=("0.0.0.0/0",),
    excluded=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", *METADATA_CIDRS),
)
"""S3 answers on public addresses that change; inside the VPC they are routed to its gateway endpoint."""

OLD_VERSION_DAYS = 30
ABANDONED_UPLOAD_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class S3ObjectStores:
    """Creates one bucket a purpose. Capacity and replicas of the request are S3's own business."""

    region: str
    key_arn: pulumi.Input[str]

    def create(
        self,
        name: str,
        request: ObjectStoreRequest,
        cluster: ClusterHandle,  # noqa: ARG002 # S3 is outside of the cluster
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> ObjectStore:
        """Create the buckets, as children of `opts.parent`."""
        buckets: dict[BucketPurpose, Bucket] = {
            purpose: self._bucket(f"{name}-{purpose}", purpose, platform, opts) for purpose in request.purposes
        }
        return ObjectStore(endpoint_url=None, region=self.region, path_style=False, buckets=buckets, peer=S3, port=443)

    def _bucket(
        self, name: str, purpose: BucketPurpose, platform: PlatformContext, opts: pulumi.ResourceOptions
    ) -> Bucket:
        guarded = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(protect=platform.protect_data or None, retain_on_delete=platform.protect_data)
        )
        # No physical name: names are global to AWS, and the engine's own suffix makes them unique.
        bucket = aws.s3.Bucket(name, tags=resource_tags(name, platform.environment, "object-store"), opts=guarded)
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
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self.key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=opts,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=opts
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=[
                {
                    "id": "leftovers",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": OLD_VERSION_DAYS},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": ABANDONED_UPLOAD_DAYS},
                }
            ],
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[versioning])),
        )
        aws.s3.BucketPolicy(
            f"{name}-tls-only",
            bucket=bucket.id,
            policy=bucket.arn.apply(lambda arn: json.dumps(policy_documents.tls_only(arn))),
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[closed])),
        )
        return Bucket(purpose=purpose, name=bucket.bucket, access=None)
