"""Pure builders of IAM, KMS and endpoint policy documents.

What allows names its actions and resources. A key's own policy does not, as AWS documents it: its resource is the key,
which it hands to the account's IAM. Nor do policies of endpoints, which name the account instead.
"""

from __future__ import annotations

from typing import Any

from components.base.image_upstreams import layer_buckets

Document = dict[str, Any]

KEY_USE = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]

VOLUME_KEY_USE = [*KEY_USE, "kms:GenerateDataKeyWithoutPlaintext"]
"""What EC2 does with the key of an encrypted volume, under the identity of whoever starts the instance."""


def policy(*statements: Document) -> Document:
    """A policy document of `statements`."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def joined(*documents: Document) -> Document:
    """One policy document of the statements of several."""
    return policy(*(statement for document in documents for statement in document["Statement"]))


def allow(actions: list[str], resources: list[str], **condition: Any) -> Document:
    """A statement that allows `actions` on `resources`, under `condition` operators if any."""
    statement: Document = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def service_trust(service: str, *, session_tags: bool = False) -> Document:
    """Lets an AWS service assume a role, with `session_tags` under tags that its policies refer to."""
    actions = ["sts:AssumeRole", "sts:TagSession"] if session_tags else "sts:AssumeRole"
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": actions})


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


def node_volumes_key(account_id: str) -> Document:
    """Lets node groups encrypt the disks of their nodes with a key: a statement pair for the key's own policy.

    EC2 Auto Scaling starts the nodes of a group under a service-linked role, whose permissions nobody can extend: only
    the key's policy can let it in (EC2 Auto Scaling User Guide, "Required AWS KMS key policy for use with encrypted
    volumes"). The role is named in a condition, because KMS refuses a policy whose principal does not exist yet, and a
    new account gets the role with its first group.
    """
    role = f"arn:aws:iam::{account_id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    statement: Document = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*"}
    caller = {"StringEquals": {"kms:CallerAccount": account_id}, "ArnEquals": {"aws:PrincipalArn": role}}
    use = statement | {"Sid": "NodeGroupsUse", "Action": VOLUME_KEY_USE, "Condition": caller}
    grant = statement | {
        "Sid": "NodeGroupsGrant",
        "Action": "kms:CreateGrant",
        "Condition": caller | {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    }
    return policy(use, grant)


def bucket_access(bucket_arn: str, key_arn: str, *, write: bool, prefix: str = "") -> Document:
    """Read, and with `write` also write, the objects of one bucket (below `prefix`) and use its key.

    The whole bucket can be listed: whoever may not list it is refused where an object is merely missing.
    """
    object_actions = ["s3:GetObject"]
    key_actions = ["kms:Decrypt"]
    if write:
        object_actions += ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        key_actions += ["kms:GenerateDataKey"]
    return policy(
        allow(["s3:ListBucket", "s3:GetBucketLocation"], [bucket_arn]),
        allow(object_actions, [f"{bucket_arn}/{prefix}/*" if prefix else f"{bucket_arn}/*"]),
        allow(key_actions, [key_arn]),
    )


def volume_key_access(key_arn: str) -> Document:
    """Lets a driver encrypt volumes with a key; grants only for AWS services that attach them."""
    return policy(
        allow(
            ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
            [key_arn],
            Bool={"kms:GrantIsForAWSResource": "true"},
        ),
        allow(VOLUME_KEY_USE, [key_arn]),
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
    """What the way to S3 out of the VPC lets through: buckets of the own account, and what nodes read from others.

    A pod may open S3 addresses because the platform's buckets are there; without this policy anybody's bucket would do
    to carry data out. Read from others are layers of images, because registries send whoever pulls from inside AWS to a
    bucket in the same region, and packages of Amazon Linux 2023 (AWS documentation, "Gateway endpoints for Amazon S3").
    """
    own = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    readable = [*layer_buckets(region), f"al2023-repos-{region}-de612dc2"]
    return policy(
        own | {"Condition": {"StringEquals": {"aws:ResourceAccount": account_id}}},
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": [f"arn:aws:s3:::{bucket}/*" for bucket in readable],
        },
    )


def own_identities(service: str, account_id: str) -> Document:
    """What an interface endpoint lets through: any call to `service`, by identities of the own account alone.

    Credentials of another account, brought in to carry data out, get no answer. The account that a call reaches is not
    limited: images of AWS's own add-ons and public parameters belong to accounts of AWS.
    """
    return policy(
        {
            "Sid": "OwnIdentities",
            "Effect": "Allow",
            "Principal": "*",
            "Action": f"{service}:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": account_id}},
        }
    )
