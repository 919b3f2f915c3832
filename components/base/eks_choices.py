"""Names that a stack in AWS may choose among: interface endpoints, add-ons, periods and sizes that AWS offers.

Sources: AWS PrivateLink guide ("AWS services that integrate"), EKS user guide ("Private clusters", "Amazon EKS
add-ons", "EKS Auto Mode"), CloudWatch Logs API (`PutRetentionPolicy`), EKS API (`ControlPlaneScalingConfig`), state of
2026-08.
"""

from __future__ import annotations

INTERFACE_ENDPOINTS = (
    "ecr.api",
    "ecr.dkr",
    "sts",
    "ec2",
    "eks",
    "eks-auth",
    "logs",
    "aps-workspaces",
    "ssm",
    "ssmmessages",
    "ec2messages",
    "sqs",
    "kms",
    "secretsmanager",
    "elasticloadbalancing",
    "autoscaling",
)
"""Services that nodes, add-ons and controllers call. IAM, Route 53 and Pricing have no endpoint in a region: what asks
them leaves through NAT."""

NODE_ADDONS = ("eks-pod-identity-agent", "vpc-cni", "kube-proxy")
"""DaemonSets without which a node runs no pod."""

CLUSTER_ADDONS = (
    "coredns",
    "snapshot-controller",
    "aws-ebs-csi-driver",
    "aws-mountpoint-s3-csi-driver",
    "metrics-server",
    "eks-node-monitoring-agent",
)
"""What runs on the nodes of a cluster, in the order in which it is installed."""

ADDONS = NODE_ADDONS + CLUSTER_ADDONS
"""Every add-on that the platform installs."""

AUTO_MODE_ADDONS = ("snapshot-controller", "aws-mountpoint-s3-csi-driver", "metrics-server")
"""The add-ons that EKS Auto Mode does not bring itself."""

LOG_RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""Periods that CloudWatch Logs offers, in days."""
