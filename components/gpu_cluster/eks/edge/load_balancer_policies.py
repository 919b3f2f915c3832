"""Pure builders of policy documents around load balancers: who registers targets, who delivers logs."""

from __future__ import annotations

from components.base import labels
from components.gpu_cluster.eks.policy_documents import Document, allow, policy
from components.gpu_cluster.eks.services.service_policies import encrypted_transport

ACCESS_LOG_PREFIX = "access"
CONNECTION_LOG_PREFIX = "connections"


def target_registration(account_id: str, region: str, environment: str) -> Document:
    """Lets the AWS Load Balancer Controller register pods with the target groups of one environment, and nothing else.

    Much narrower than the policy that upstream publishes (`docs/install/iam_policy.json` of v3.5.0), which lets it make
    and remove load balancers, listeners and security group rules of the whole account: here the program makes those.
    What is left is what its reconciler of TargetGroupBindings calls. AWS lets nobody scope the four that describe.

    By tag and not by ARN: where target groups are replaced, the controller must still empty the old ones.
    """
    return policy(
        allow(
            [
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeVpcs",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            ["*"],
        ),
        allow(
            ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
            [f"arn:aws:elasticloadbalancing:{region}:{account_id}:targetgroup/*"],
            StringEquals={
                f"aws:ResourceTag/{labels.PART_OF}": "ai-platform",
                f"aws:ResourceTag/{labels.ENVIRONMENT}": environment,
            },
        ),
    )


def load_balancer_logs(bucket_arn: str, account_id: str) -> Document:
    """A bucket that load balancers of the account deliver their logs to.

    The service writes below `AWSLogs/<owner of the load balancer>` alone, so the path keeps other accounts out (Elastic
    Load Balancing documentation, "Enable access logs for your Application Load Balancer").
    """
    prefixes = (ACCESS_LOG_PREFIX, CONNECTION_LOG_PREFIX)
    return policy(
        *encrypted_transport(bucket_arn),
        {
            "Sid": "LogDelivery",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": [f"{bucket_arn}/{prefix}/AWSLogs/{account_id}/*" for prefix in prefixes],
        },
    )


def firewall_logs(log_group_arn: str, account_id: str, region: str) -> Document:
    """Lets the firewall of this account write to one log group."""
    return policy(
        {
            "Sid": "FirewallLogDelivery",
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group_arn}:*",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{region}:{account_id}:*"},
            },
        }
    )
