"""The EKS control plane: own key, own log group, API access by named roles only, endpoint inside the VPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.base.protection import guarded
from components.gpu_cluster.eks.control_plane.cluster_role import EksClusterRole, EksClusterRoleArgs
from components.gpu_cluster.eks.network.network import DISCOVERY_TAG
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksControlPlane"

LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
"""Reads most objects of every namespace, but no Secrets."""
HTTPS = 443

_LOAD_BALANCING = aws.eks.ClusterKubernetesNetworkConfigElasticLoadBalancingArgs(enabled=True)

ScalingTier = Literal["standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"]


@dataclass(frozen=True, kw_only=True)
class ControlPlanePlan:
    """What the stack asks of the control plane.

    `public_cidrs` reach the endpoint over the internet, `private_cidrs` from connected networks; nodes always do.
    `viewer_role_arns` may read everything but Secrets. `log_days` is how long the logs are kept. With
    `extended_support` AWS bills a higher price for a version at its end instead of upgrading the cluster.
    """

    kubernetes_version: str
    admin_role_arns: tuple[str, ...]
    viewer_role_arns: tuple[str, ...] = ()
    public_cidrs: tuple[str, ...] = ()
    private_cidrs: tuple[str, ...] = ()
    log_days: int = 90
    scaling_tier: ScalingTier = "standard"
    extended_support: bool = False


@dataclass(frozen=True, kw_only=True)
class EksControlPlaneArgs:
    """`key` encrypts the objects of the API and the logs, `volume_key_arn` the volumes that Auto Mode makes."""

    environment: str
    account_id: str
    region: str
    cluster_name: str
    vpc_id: pulumi.Input[str]
    subnet_ids: tuple[pulumi.Input[str], ...]
    service_cidr: str
    key: aws.kms.Key
    volume_key_arn: pulumi.Input[str]
    plan: ControlPlanePlan
    auto_mode: bool
    protect: bool


class EksControlPlane(pulumi.ComponentResource):
    """`access` are the entries without which nobody, the deploying role included, may use the API."""

    cluster: aws.eks.Cluster
    access: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.cluster = self._cluster()
        # Nodes use the group that EKS makes; it is found by this tag.
        aws.ec2.Tag(
            f"{name}-node-discovery",
            resource_id=self.cluster.vpc_config.cluster_security_group_id,
            key=DISCOVERY_TAG,
            value=args.cluster_name,
            opts=self._child,
        )
        plan = args.plan
        self.access = tuple(
            self._admit(f"admin{index}", arn, ADMIN_POLICY) for index, arn in enumerate(plan.admin_role_arns, start=1)
        )
        for index, arn in enumerate(plan.viewer_role_arns, start=1):
            self._admit(f"viewer{index}", arn, VIEW_POLICY)
        self.register_outputs({"endpoint": self.cluster.endpoint})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._args.cluster_name}-{suffix}", self._args.environment)

    def _cluster(self) -> aws.eks.Cluster:
        args, plan = self._args, self._args.plan
        role = self._role()
        # EKS would make this group itself, unencrypted and kept forever.
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=f"/aws/eks/{args.cluster_name}/cluster",
            retention_in_days=plan.log_days,
            kms_key_id=args.key.arn,
            tags=self._tags("logs"),
            opts=self._child,
        )
        return aws.eks.Cluster(
            f"{self._name}-cluster",
            name=args.cluster_name,
            version=plan.kubernetes_version,
            role_arn=role.role.arn,
            bootstrap_self_managed_addons=False,
            deletion_protection=args.protect,
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            vpc_config=self._endpoint(),
            encryption_config={"provider": {"key_arn": args.key.arn}, "resources": ["secrets"]},
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
                service_ipv4_cidr=args.service_cidr,
                ip_family="ipv4",
                elastic_load_balancing=_LOAD_BALANCING if args.auto_mode else None,
            ),
            # These two and load balancing above are one switch: EKS refuses some of them without the others.
            compute_config={"enabled": True} if args.auto_mode else None,
            storage_config={"block_storage": {"enabled": True}} if args.auto_mode else None,
            enabled_cluster_log_types=LOG_TYPES,
            upgrade_policy={"support_type": "EXTENDED" if plan.extended_support else "STANDARD"},
            zonal_shift_config={"enabled": True},
            control_plane_scaling_config={"tier": plan.scaling_tier},
            tags=self._tags("cluster"),
            opts=guarded(
                pulumi.ResourceOptions(parent=self, depends_on=[logs, *role.ready]),
                protect=args.protect,
            ),
        )

    def _role(self) -> EksClusterRole:
        args = self._args
        return EksClusterRole(
            f"{self._name}-role",
            EksClusterRoleArgs(
                environment=args.environment,
                account_id=args.account_id,
                region=args.region,
                cluster_name=args.cluster_name,
                auto_mode=args.auto_mode,
                volume_key_arn=args.volume_key_arn,
            ),
            self._child,
        )

    def _endpoint(self) -> aws.eks.ClusterVpcConfigArgs:
        plan = self._args.plan
        return aws.eks.ClusterVpcConfigArgs(
            subnet_ids=list(self._args.subnet_ids),
            security_group_ids=[self._clients().id] if plan.private_cidrs else None,
            endpoint_private_access=True,
            endpoint_public_access=bool(plan.public_cidrs),
            public_access_cidrs=list(plan.public_cidrs) or None,
        )

    def _clients(self) -> aws.ec2.SecurityGroup:
        """Admits connected networks to the private endpoint; EKS's own group admits nodes alone."""
        group = aws.ec2.SecurityGroup(
            f"{self._name}-clients",
            vpc_id=self._args.vpc_id,
            description="The Kubernetes API from connected networks",
            tags=self._tags("api-clients"),
            opts=self._child,
        )
        for index, cidr in enumerate(self._args.plan.private_cidrs, start=1):
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-client{index}",
                security_group_id=group.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                tags=self._tags(f"api-client{index}"),
                opts=self._child,
            )
        return group

    def _admit(self, suffix: str, role_arn: str, policy_arn: str) -> aws.eks.AccessPolicyAssociation:
        entry = aws.eks.AccessEntry(
            f"{self._name}-{suffix}",
            cluster_name=self.cluster.name,
            principal_arn=role_arn,
            type="STANDARD",
            tags=self._tags(suffix),
            opts=self._child,
        )
        return aws.eks.AccessPolicyAssociation(
            f"{self._name}-{suffix}-policy",
            cluster_name=self.cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=policy_arn,
            access_scope={"type": "cluster"},
            opts=self._child,
        )
