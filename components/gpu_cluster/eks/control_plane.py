"""The EKS control plane: own key, own log group, API access by named roles only, endpoint inside the VPC."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksControlPlane"

LOG_DAYS = 90
LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@dataclass(frozen=True, kw_only=True)
class EksControlPlaneArgs:
    """`key` encrypts Secrets and logs. `public_cidrs` may reach the endpoint from outside the VPC; none when empty."""

    environment: str
    cluster_name: str
    kubernetes_version: str
    subnet_ids: tuple[pulumi.Input[str], ...]
    service_cidr: str
    key: aws.kms.Key
    public_cidrs: tuple[str, ...]
    admin_role_arns: tuple[str, ...]
    protect: bool


class EksControlPlane(pulumi.ComponentResource):
    """`access` are the entries without which nobody, the deploying role included, may use the API."""

    cluster: aws.eks.Cluster
    access: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        role, attachment = self._role()
        # EKS would make this group itself, unencrypted and kept forever.
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/eks/{args.cluster_name}/cluster",
            retention_in_days=LOG_DAYS,
            kms_key_id=args.key.arn,
            tags=self._tags("logs"),
            opts=self._child,
        )
        self.cluster = aws.eks.Cluster(
            f"{name}-cluster",
            name=args.cluster_name,
            version=args.kubernetes_version,
            role_arn=role.arn,
            bootstrap_self_managed_addons=False,
            deletion_protection=args.protect,
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=list(args.subnet_ids),
                endpoint_private_access=True,
                endpoint_public_access=bool(args.public_cidrs),
                public_access_cidrs=list(args.public_cidrs) or None,
            ),
            encryption_config={"provider": {"key_arn": args.key.arn}, "resources": ["secrets"]},
            kubernetes_network_config={"service_ipv4_cidr": args.service_cidr, "ip_family": "ipv4"},
            enabled_cluster_log_types=LOG_TYPES,
            upgrade_policy={"support_type": "STANDARD"},
            zonal_shift_config={"enabled": True},
            tags=self._tags("cluster"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs, attachment], protect=args.protect or None),
        )
        self.access = tuple(self._admit(index, arn) for index, arn in enumerate(args.admin_role_arns, start=1))
        self.register_outputs({"endpoint": self.cluster.endpoint})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._args.cluster_name}-{suffix}", self._args.environment)

    def _role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        role = aws.iam.Role(
            f"{self._name}-role",
            assume_role_policy=json.dumps(policy_documents.service_trust("eks.amazonaws.com")),
            tags=self._tags("role"),
            opts=self._child,
        )
        attachment = aws.iam.RolePolicyAttachment(
            f"{self._name}-role-policy",
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
            opts=self._child,
        )
        return role, attachment

    def _admit(self, index: int, role_arn: str) -> aws.eks.AccessPolicyAssociation:
        entry = aws.eks.AccessEntry(
            f"{self._name}-admin{index}",
            cluster_name=self.cluster.name,
            principal_arn=role_arn,
            type="STANDARD",
            tags=self._tags(f"admin{index}"),
            opts=self._child,
        )
        return aws.eks.AccessPolicyAssociation(
            f"{self._name}-admin{index}-policy",
            cluster_name=self.cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=ADMIN_POLICY,
            access_scope={"type": "cluster"},
            opts=self._child,
        )
