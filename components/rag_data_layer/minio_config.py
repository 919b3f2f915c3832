"""Configuration of MinIO: sizes and the policy of each bucket."""

from __future__ import annotations

import json

from components.rag_data_layer import object_store

PORT = 9000
DATA_FOLDER = "/data"

USABLE_PERCENT = 90
"""What objects may fill of a drive: MinIO refuses writes when a drive is nearly full."""

_PARITY_BY_DRIVES = ((8, 4), (6, 3), (4, 2))


def parity(replicas: int) -> int:
    """Drives of an erasure set whose loss costs no object (MinIO's default for the standard storage class)."""
    return next((parity for drives, parity in _PARITY_BY_DRIVES if replicas >= drives), 0)


def claim_gib(capacity_gib: int, replicas: int) -> int:
    """Size in GiB of each server's drive, so that all of them hold `capacity_gib` beside the parity."""
    return -(-capacity_gib * 100 // ((replicas - parity(replicas)) * USABLE_PERCENT))


def drives(replicas: int) -> str:
    """The drives as MinIO's argument: a folder, or one on every server in MinIO's own notation for a range."""
    if replicas == 1:
        return DATA_FOLDER
    host = object_store.hosts(1)[0].replace(f"{object_store.NAME}-0", f"{object_store.NAME}-{{0...{replicas - 1}}}", 1)
    return f"http://{host}:{PORT}{DATA_FOLDER}"


def policy_name(bucket: str) -> str:
    """Name of the policy that lets a user reach `bucket`."""
    return f"bucket-{bucket}"


def policy(bucket: str) -> str:
    """The policy: read, write and list `bucket`, nothing else. It can neither delete the bucket nor open it."""
    statements = [
        {
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            "Resource": [f"arn:aws:s3:::{bucket}"],
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:DeleteObjectTagging",
                "s3:GetObject",
                "s3:GetObjectTagging",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
                "s3:PutObjectTagging",
            ],
            "Resource": [f"arn:aws:s3:::{bucket}/*"],
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n"
