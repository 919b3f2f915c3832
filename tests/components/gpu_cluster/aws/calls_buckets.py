"""Calls that create buckets."""

from __future__ import annotations

import json
from typing import Any

from tests.components.gpu_cluster.aws.account import Account
from tests.components.gpu_cluster.aws.arguments import Call, Inputs, Outputs, pascal


def _bucket(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("s3").create_bucket(
        Bucket=inputs["bucket"], CreateBucketConfiguration={"LocationConstraint": aws.region}
    )
    return {"id": inputs["bucket"]}


def _public_access(aws: Account, inputs: Inputs) -> Outputs:
    settings = ("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets")
    aws.client("s3").put_public_access_block(
        Bucket=inputs["bucket"],
        PublicAccessBlockConfiguration=pascal({key: inputs[key] for key in settings}),
    )
    return {}


def _ownership(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("s3").put_bucket_ownership_controls(
        Bucket=inputs["bucket"], OwnershipControls={"Rules": [pascal(inputs["rule"])]}
    )
    return {}


def _encryption(aws: Account, inputs: Inputs) -> Outputs:
    [rule] = pascal(inputs["rules"])
    blocked = {"EncryptionType": rule["BlockedEncryptionTypes"]}
    aws.client("s3").put_bucket_encryption(
        Bucket=inputs["bucket"],
        ServerSideEncryptionConfiguration={"Rules": [{**rule, "BlockedEncryptionTypes": blocked}]},
    )
    return {}


def _versioning(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("s3").put_bucket_versioning(
        Bucket=inputs["bucket"], VersioningConfiguration=pascal(inputs["versioningConfiguration"])
    )
    return {}


def _lifecycle(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": pascal(inputs["rules"])}
    )
    return {}


def _bucket_policy(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("s3").put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])
    return {}


def _bucket_logging(aws: Account, inputs: Inputs) -> Outputs:
    """moto checks that the target lets S3 deliver, but stumbles over statements about everybody: it is shown the others
    alone, and the whole document is put back."""
    s3 = aws.client("s3")
    text = s3.get_bucket_policy(Bucket=inputs["targetBucket"])["Policy"]
    document = json.loads(text)
    shown = document | {"Statement": [item for item in document["Statement"] if item["Principal"] != "*"]}
    s3.put_bucket_policy(Bucket=inputs["targetBucket"], Policy=json.dumps(shown))
    target: dict[str, Any] = {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs["targetPrefix"]}
    s3.put_bucket_logging(Bucket=inputs["bucket"], BucketLoggingStatus={"LoggingEnabled": target})
    s3.put_bucket_policy(Bucket=inputs["targetBucket"], Policy=text)
    return {}


CALLS: dict[str, Call] = {
    "s3/bucket:Bucket": _bucket,
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _lifecycle,
    "s3/bucketLogging:BucketLogging": _bucket_logging,
    "s3/bucketOwnershipControls:BucketOwnershipControls": _ownership,
    "s3/bucketPolicy:BucketPolicy": _bucket_policy,
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_access,
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _encryption,
    "s3/bucketVersioning:BucketVersioning": _versioning,
}
