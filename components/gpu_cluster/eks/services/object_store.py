"""S3 buckets: encrypted with the platform's key, versioned, logged, closed to the public and to plain HTTP.

No bucket has Object Lock. It would guard `backups` against whoever may write there, but it also keeps every version
that a client replaces or expires for the whole lock, and no client here sets a lock of its own. The second copy that
nobody may delete is AWS Backup's, in a vault of its own. AWS Backup turns EventBridge notifications on for the buckets
that it copies; nothing here manages a bucket's notifications, so the two do not fight.
"""

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
from components.base.protection import guarded
from components.base.wiring import METADATA_CIDRS, External
from components.gpu_cluster.eks.services import service_policies
from components.gpu_cluster.eks.services.access_logs import EksAccessLogs
from components.gpu_cluster.eks.services.buckets import close_to_public, encrypt, keep_versions
from components.gpu_cluster.eks.tags import backed_up, resource_tags

S3 = External(
    name="object-store",
    cidrs=("0.0.0.0/0",),
    excluded=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", *METADATA_CIDRS),
)
"""S3 answers on public addresses that change; inside the VPC they are routed to its gateway endpoint."""

BACKED_UP: frozenset[BucketPurpose] = frozenset({"backups", "documents"})
"""Weights are downloaded again, logs and traces are not worth a copy."""


@dataclass(frozen=True, kw_only=True)
class S3ObjectStores:
    """Creates one bucket a purpose. Capacity and replicas of the request are S3's own business."""

    region: str
    key_arn: pulumi.Input[str]
    access_logs: EksAccessLogs

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
        tags = resource_tags(name, platform.environment, "object-store")
        # No physical name: names are global to AWS, and the engine's own suffix makes them unique.
        bucket = aws.s3.Bucket(
            name,
            force_destroy=not platform.protect_data,
            tags=tags | (backed_up() if purpose in BACKED_UP else {}),
            opts=guarded(opts, protect=platform.protect_data, outlives_stack=True),
        )
        closed = close_to_public(name, bucket, opts)
        encrypt(name, bucket, self.key_arn, opts)
        keep_versions(name, bucket, opts)
        document = pulumi.Output.all(bucket.arn, self.key_arn).apply(
            lambda arns: json.dumps(service_policies.data_bucket(arns[0], arns[1]))
        )
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=document,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[closed])),
        )
        self.access_logs.log_requests(name, bucket, opts)
        return Bucket(purpose=purpose, name=bucket.bucket, access=None)
