"""EKS add-ons in an order that works: network and identity before nodes, Deployments after untainted nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags

NODE_ADDONS_TYPE = "ai-platform:gpu_cluster:EksNodeAddons"
CLUSTER_ADDONS_TYPE = "ai-platform:gpu_cluster:EksClusterAddons"

NETWORK_CONFIGURATION = {
    # The platform's isolation is NetworkPolicies; without this they would be accepted and ignored.
    "enableNetworkPolicy": "true",
    "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
}


@dataclass(frozen=True, kw_only=True)
class EksAddonsArgs:
    """`after` must exist before the add-ons; `volume_key_arn` encrypts EBS volumes."""

    environment: str
    account_id: str
    cluster_name: pulumi.Input[str]
    volume_key_arn: pulumi.Input[str]
    after: tuple[pulumi.Resource, ...]


class _Addons(pulumi.ComponentResource):
    """What both groups of add-ons share."""

    def __init__(self, type_: str, name: str, args: EksAddonsArgs, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(type_, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)

    def _addon(
        self,
        addon: str,
        *,
        configuration: Mapping[str, object] | None = None,
        identities: Mapping[str, aws.iam.Role] | None = None,
        after: tuple[pulumi.Resource, ...] = (),
    ) -> aws.eks.Addon:
        """One add-on at EKS's default version for the cluster; `identities` are roles by ServiceAccount."""
        return aws.eks.Addon(
            f"{self._name}-{addon}",
            addon_name=addon,
            cluster_name=self._args.cluster_name,
            configuration_values=json.dumps(configuration, sort_keys=True) if configuration else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            pod_identity_associations=[
                {"service_account": account, "role_arn": role.arn} for account, role in (identities or {}).items()
            ],
            tags=resource_tags(f"{self._name}-{addon}", self._args.environment),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self._args.after, *after]),
        )

    def _pod_role(self, suffix: str, managed_policy: str) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        role = aws.iam.Role(
            f"{self._name}-{suffix}-role",
            assume_role_policy=json.dumps(policy_documents.pod_trust(self._args.account_id)),
            tags=resource_tags(f"{self._name}-{suffix}-role", self._args.environment),
            opts=self._child,
        )
        attachment = aws.iam.RolePolicyAttachment(
            f"{self._name}-{suffix}-role-policy",
            role=role.name,
            policy_arn=f"arn:aws:iam::aws:policy/{managed_policy}",
            opts=self._child,
        )
        return role, attachment


class EksNodeAddons(_Addons):
    """DaemonSets that a node needs before it can run pods; they become active without any node."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksAddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(NODE_ADDONS_TYPE, name, args, opts)
        identity_agent = self._addon("eks-pod-identity-agent")
        # The network plug-in manages network interfaces; with a role of its own the nodes' role cannot.
        role, attachment = self._pod_role("network", "AmazonEKS_CNI_Policy")
        network = self._addon(
            "vpc-cni",
            configuration=NETWORK_CONFIGURATION,
            identities={"aws-node": role},
            after=(identity_agent, attachment),
        )
        self.ready = (identity_agent, network, self._addon("kube-proxy"))
        self.register_outputs({})


class EksClusterAddons(_Addons):
    """Deployments. Without an untainted node to run on EKS calls them degraded, and fails after 20 minutes."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksAddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(CLUSTER_ADDONS_TYPE, name, args, opts)
        role, attachment = self._pod_role("volumes", "service-role/AmazonEBSCSIDriverPolicy")
        key_access = aws.iam.RolePolicy(
            f"{name}-volumes-key",
            role=role.name,
            policy=pulumi.Output.from_input(args.volume_key_arn).apply(
                lambda arn: json.dumps(policy_documents.volume_key_access(arn))
            ),
            opts=self._child,
        )
        volumes = self._addon(
            "aws-ebs-csi-driver",
            identities={"ebs-csi-controller-sa": role},
            after=(attachment, key_access),
        )
        self.ready = (volumes, self._addon("coredns"), self._addon("metrics-server"))
        self.register_outputs({})
