"""What nodes of EKS Auto Mode need in AWS: a role, and leave to join the cluster with it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksAutoNodes"

NODE_POLICIES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")
JOIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy"


@dataclass(frozen=True, kw_only=True)
class EksAutoNodesArgs:
    """`name` of the cluster is known before it exists, `cluster_name` once it does."""

    environment: str
    name: str
    cluster_name: pulumi.Input[str]


class EksAutoNodes(pulumi.ComponentResource):
    """EKS makes the access entry itself for its own pools only. `ready` must outlive the nodes."""

    role: aws.iam.Role
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksAutoNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=json.dumps(policy_documents.service_trust("ec2.amazonaws.com")),
            tags=resource_tags(f"{args.name}-auto-nodes", args.environment),
            opts=child,
        )
        attachments = tuple(
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}",
                role=self.role.name,
                policy_arn=f"arn:aws:iam::aws:policy/{policy}",
                opts=child,
            )
            for policy in NODE_POLICIES
        )
        entry = aws.eks.AccessEntry(
            f"{name}-access",
            cluster_name=args.cluster_name,
            principal_arn=self.role.arn,
            type="EC2",
            tags=resource_tags(f"{args.name}-auto-nodes", args.environment),
            opts=child,
        )
        join = aws.eks.AccessPolicyAssociation(
            f"{name}-access-policy",
            cluster_name=args.cluster_name,
            principal_arn=entry.principal_arn,
            policy_arn=JOIN_POLICY,
            access_scope={"type": "cluster"},
            opts=child,
        )
        self.ready = (*attachments, join)
        self.register_outputs({"role": self.role.name})
