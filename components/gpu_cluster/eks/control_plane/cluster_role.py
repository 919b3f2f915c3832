"""The role in which EKS works on the account's resources for one cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.auto_mode import auto_mode_policies
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksClusterRole"

POLICIES = ("AmazonEKSClusterPolicy",)
AUTO_MODE_POLICIES = (
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
"""What EKS needs to make nodes, volumes and load balancers itself (EKS user guide, "Identity and access in EKS Auto
Mode"). AWS's own and not narrower ones: AWS widens them as Auto Mode learns, and without that nodes would not start."""


@dataclass(frozen=True, kw_only=True)
class EksClusterRoleArgs:
    """`volume_key_arn` encrypts the volumes that EKS makes in Auto Mode."""

    environment: str
    account_id: str
    region: str
    cluster_name: str
    auto_mode: bool
    volume_key_arn: pulumi.Input[str]


class EksClusterRole(pulumi.ComponentResource):
    """`ready` must exist before the cluster and outlive it: it cleans up its network interfaces with these rights."""

    role: aws.iam.Role
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksClusterRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        trust = policy_documents.service_trust("eks.amazonaws.com", session_tags=args.auto_mode)
        self.role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=json.dumps(trust),
            tags=resource_tags(f"{args.cluster_name}-role", args.environment),
            opts=self._child,
        )
        policies = POLICIES + (AUTO_MODE_POLICIES if args.auto_mode else ())
        attachments = tuple(self._attach(policy) for policy in policies)
        self.ready = (*attachments, *(self._auto_mode() if args.auto_mode else ()))
        self.register_outputs({"role": self.role.arn})

    def _attach(self, policy: str) -> aws.iam.RolePolicyAttachment:
        return aws.iam.RolePolicyAttachment(
            f"{self._name}-{policy}",
            role=self.role.name,
            policy_arn=f"arn:aws:iam::aws:policy/{policy}",
            opts=self._child,
        )

    def _auto_mode(self) -> tuple[pulumi.Resource, ...]:
        args = self._args
        tagging = aws.iam.RolePolicy(
            f"{self._name}-tags",
            role=self.role.name,
            policy=json.dumps(auto_mode_policies.own_tags(args.account_id, args.region)),
            opts=self._child,
        )
        key_access = aws.iam.RolePolicy(
            f"{self._name}-volume-key",
            role=self.role.name,
            policy=pulumi.Output.from_input(args.volume_key_arn).apply(
                lambda arn: json.dumps(policy_documents.volume_key_access(arn))
            ),
            opts=self._child,
        )
        return (tagging, key_access)
