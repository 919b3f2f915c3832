"""Pure builders of policy documents of the services around the cluster: S3, SNS, Prometheus, Grafana, AWS Backup."""

from __future__ import annotations

from components.gpu_cluster.eks.policy_documents import Document, allow, key_policy, policy

LEAST_TLS_VERSION = "1.2"

_ENCRYPTION = "s3:x-amz-server-side-encryption"


def _deny(sid: str, actions: str | list[str], resources: list[str], **condition: object) -> Document:
    statement: Document = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def encrypted_transport(bucket_arn: str) -> list[Document]:
    """Refuses every request to a bucket over plain HTTP or an outdated TLS version."""
    everything = [bucket_arn, f"{bucket_arn}/*"]
    return [
        _deny("RefusePlainHttp", "s3:*", everything, Bool={"aws:SecureTransport": "false"}),
        _deny("RefuseOldTls", "s3:*", everything, NumericLessThan={"s3:TlsVersion": LEAST_TLS_VERSION}),
    ]


def data_bucket(bucket_arn: str, key_arn: str) -> Document:
    """A bucket of data: encrypted transport, and no object under any key but `key_arn`.

    An upload that says nothing of encryption gets the bucket's default, which is that key. One that does must name it:
    `aws:kms` without a key would mean the key of the account's S3, and a missing key is "not equal" to IAM.
    """
    objects = [f"{bucket_arn}/*"]
    return policy(
        *encrypted_transport(bucket_arn),
        _deny(
            "RefuseOtherKeys",
            "s3:PutObject",
            objects,
            Null={_ENCRYPTION: "false"},
            StringNotEquals={f"{_ENCRYPTION}-aws-kms-key-id": key_arn},
        ),
        _deny(
            "RefuseKeysOfClients",
            "s3:PutObject",
            objects,
            Null={f"{_ENCRYPTION}-customer-algorithm": "false"},
        ),
    )


def log_bucket(bucket_arn: str, account_id: str) -> Document:
    """A bucket that S3 delivers the access logs of this account's buckets to. No ACL is needed, nor possible."""
    delivery: Document = {
        "Sid": "AccessLogDelivery",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"},
            "StringEquals": {"aws:SourceAccount": account_id},
        },
    }
    return policy(delivery, *encrypted_transport(bucket_arn))


def remote_write(workspace_arn: str) -> Document:
    """Lets Prometheus send samples to one workspace. It reads none back: queries go to its own store."""
    return policy(allow(["aps:RemoteWrite"], [workspace_arn]))


def workspace_queries(workspace_arn: str) -> Document:
    """Lets Grafana read one Prometheus workspace."""
    actions = [
        "aps:DescribeWorkspace",
        "aps:GetLabels",
        "aps:GetMetricMetadata",
        "aps:GetSeries",
        "aps:QueryMetrics",
    ]
    return policy(allow(actions, [workspace_arn]))


def grafana_trust(account_id: str) -> Document:
    """Lets Grafana workspaces of this account assume a role."""
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "grafana.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        }
    )


def notice_topic(topic_arn: str) -> Document:
    """A topic that AWS Backup publishes to, and that nobody publishes to over plain HTTP.

    AWS Backup documents its publisher without a source, so there is nothing to compare.
    """
    return policy(
        {
            "Sid": "Backup",
            "Effect": "Allow",
            "Principal": {"Service": "backup.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
        },
        _deny("RefusePlainHttp", "sns:Publish", [topic_arn], Bool={"aws:SecureTransport": "false"}),
    )


def notice_key(account_id: str) -> Document:
    """The key of that topic: the account governs it, and AWS Backup encrypts what it publishes.

    As with every key, `*` in its own policy means this key.
    """
    publisher: Document = {
        "Sid": "PublisherEncrypts",
        "Effect": "Allow",
        "Principal": {"Service": "backup.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
    }
    return policy(*key_policy(account_id)["Statement"], publisher)


def kept_recovery_points() -> Document:
    """A vault in which nobody ends a recovery point before its time.

    The plan's own retention still does: it is no call of a principal. Nor does this lock anybody out: an administrator
    can take the policy away first, by a change of the program that a preview shows. To refuse
    `PutBackupVaultAccessPolicy` as well would leave that to the account's root user.
    """
    return policy(
        _deny(
            "KeepRecoveryPoints",
            ["backup:DeleteRecoveryPoint", "backup:DisassociateRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
            ["*"],
        )
    )
