"""Pure builders of IAM, KMS and bucket policy documents.

What allows names its actions and resources. Two statements do not, as AWS documents them: a key's own policy, whose
resource is the key, hands the key to the account's IAM, and a bucket's policy denies every plain HTTP request.
"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

KEY_USE = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]


def policy(*statements: Document) -> Document:
    """A policy document of `statements`."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resources: list[str], **condition: Any) -> Document:
    """A statement that allows `actions` on `resources`, under `condition` operators if any."""
    statement: Document = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def service_trust(service: str) -> Document:
    """Lets an AWS service assume a role."""
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def pod_trust(account_id: str) -> Document:
    """Lets pods of this account's clusters assume a role, through EKS Pod Identity."""
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        }
    )


def key_policy(account_id: str, *, log_region: str | None = None) -> Document:
    """A key that the account governs through IAM, and that CloudWatch Logs of `log_region` uses for its log groups."""
    account = {
        "Sid": "AccountGoverns",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    if log_region is None:
        return policy(account)
    logs = {
        "Sid": "LogsEncrypt",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{log_region}.amazonaws.com"},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{log_region}:{account_id}:log-group:*"}
        },
    }
    return policy(account, logs)


def tls_only(bucket_arn: str) -> Document:
    """Refuses every request to a bucket that is not encrypted in transit."""
    return policy(
        {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def bucket_access(bucket_arn: str, key_arn: str, *, write: bool) -> Document:
    """Read, and with `write` also write, the objects of one bucket and use its key."""
    object_actions = ["s3:GetObject"]
    key_actions = ["kms:Decrypt"]
    if write:
        object_actions += ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        key_actions += ["kms:GenerateDataKey"]
    return policy(
        allow(["s3:ListBucket", "s3:GetBucketLocation"], [bucket_arn]),
        allow(object_actions, [f"{bucket_arn}/*"]),
        allow(key_actions, [key_arn]),
    )


def volume_key_access(key_arn: str) -> Document:
    """Lets the EBS driver encrypt volumes with a key; grants only for AWS services that attach them."""
    return policy(
        allow(
            ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
            [key_arn],
            Bool={"kms:GrantIsForAWSResource": "true"},
        ),
        allow(KEY_USE, [key_arn]),
    )


def dns_challenges(hosted_zone_id: str) -> Document:
    """Lets cert-manager prove names of one Route 53 zone, by TXT records only."""
    return policy(
        allow(["route53:GetChange"], ["arn:aws:route53:::change/*"]),
        allow(["route53:ListResourceRecordSets"], [f"arn:aws:route53:::hostedzone/{hosted_zone_id}"]),
        allow(
            ["route53:ChangeResourceRecordSets"],
            [f"arn:aws:route53:::hostedzone/{hosted_zone_id}"],
            **{"ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["TXT"]}},
        ),
    )


def flow_log_delivery(log_group_arn: str) -> Document:
    """Lets VPC flow logs write to one log group."""
    return policy(
        allow(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], [f"{log_group_arn}:*"])
    )


def s3_endpoint_policy(account_id: str, region: str) -> Document:
    """What the way to S3 out of the VPC lets through: buckets of the own account, and two that AWS keeps for nodes.

    A pod may open S3 addresses because the platform's buckets are there; without this policy anybody's bucket would do
    to carry data out. The two are the layers of ECR images and the packages of Amazon Linux 2023 (AWS documentation,
    "Gateway endpoints for Amazon S3").
    """
    own = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    readable = [
        f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*",
        f"arn:aws:s3:::al2023-repos-{region}-de612dc2/*",
    ]
    return policy(
        own | {"Condition": {"StringEquals": {"aws:ResourceAccount": account_id}}},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": readable},
    )
