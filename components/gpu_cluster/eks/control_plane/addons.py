"""EKS add-ons in an order that works: network and identity before nodes, Deployments after untainted nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.base.eks_choices import CLUSTER_ADDONS
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.control_plane.addon_values import addon_values
from components.gpu_cluster.eks.tags import resource_tags

NODE_ADDONS_TYPE = "ai-platform:gpu_cluster:EksNodeAddons"
CLUSTER_ADDONS_TYPE = "ai-platform:gpu_cluster:EksClusterAddons"

VOLUMES = "aws-ebs-csi-driver"


@dataclass(frozen=True, kw_only=True)
class EksAddonsArgs:
    """`after` must exist before the add-ons; `volume_key_arn` encrypts EBS volumes.

    `versions` are those that the stack pins, by add-on. Any other starts at EKS's default for the cluster's version,
    and stays there until it is pinned: EKS never moves an add-on by itself.
    """

    environment: str
    account_id: str
    region: str
    cluster_name: pulumi.Input[str]
    volume_key_arn: pulumi.Input[str]
    after: tuple[pulumi.Resource, ...]
    versions: Mapping[str, str] = field(default_factory=dict[str, str])


class _Addons(pulumi.ComponentResource):
    """What both groups of add-ons share."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, type_: str, name: str, args: EksAddonsArgs, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(type_, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)

    def _addon(
        self,
        addon: str,
        *,
        identities: Mapping[str, aws.iam.Role] | None = None,
        after: tuple[pulumi.Resource, ...] = (),
    ) -> aws.eks.Addon:
        """One add-on. `identities` are roles by ServiceAccount, given by Pod Identity."""
        args = self._args
        values = addon_values(addon, region=args.region)
        return aws.eks.Addon(
            f"{self._name}-{addon}",
            addon_name=addon,
            addon_version=args.versions.get(addon),
            cluster_name=args.cluster_name,
            configuration_values=json.dumps(values, sort_keys=True) if values else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            pod_identity_associations=[
                {"service_account": account, "role_arn": role.arn} for account, role in (identities or {}).items()
            ],
            tags=resource_tags(f"{self._name}-{addon}", args.environment),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*args.after, *after]),
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

    def __init__(self, name: str, args: EksAddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(NODE_ADDONS_TYPE, name, args, opts)
        identity_agent = self._addon("eks-pod-identity-agent")
        self.ready = (identity_agent, self._network(identity_agent), self._addon("kube-proxy"))
        self.register_outputs({})

    def _network(self, identity_agent: aws.eks.Addon) -> aws.eks.Addon:
        """The network plug-in, which manages network interfaces in a role of its own, so that the nodes' role cannot.

        It starts on a new node before that node has a network. Its credentials come from the agent beside it, which
        uses the host's network; so the agent is there first, and nothing waits for the other.
        """
        role, attachment = self._pod_role("network", "AmazonEKS_CNI_Policy")
        return self._addon("vpc-cni", identities={"aws-node": role}, after=(identity_agent, attachment))


class EksClusterAddons(_Addons):
    """Deployments. Without an untainted node to run on EKS calls them degraded, and fails after 20 minutes.

    `addons` are those to install: all of them, or what EKS Auto Mode does not bring itself.
    """

    def __init__(
        self,
        name: str,
        args: EksAddonsArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        addons: tuple[str, ...] = CLUSTER_ADDONS,
    ) -> None:
        super().__init__(CLUSTER_ADDONS_TYPE, name, args, opts)
        created = {addon: self._addon(addon) for addon in addons if addon != VOLUMES}
        if VOLUMES in addons:
            # Its snapshot container runs only where the definitions of snapshots exist.
            created[VOLUMES] = self._volumes(created["snapshot-controller"])
        self.ready = tuple(created.values())
        self.register_outputs({"addons": sorted(created)})

    def _volumes(self, snapshots: aws.eks.Addon) -> aws.eks.Addon:
        role, attachment = self._pod_role("volumes", "service-role/AmazonEBSCSIDriverPolicy")
        key_access = aws.iam.RolePolicy(
            f"{self._name}-volumes-key",
            role=role.name,
            policy=pulumi.Output.from_input(self._args.volume_key_arn).apply(
                lambda arn: json.dumps(policy_documents.volume_key_access(arn))
            ),
            opts=self._child,
        )
        return self._addon(
            VOLUMES, identities={"ebs-csi-controller-sa": role}, after=(attachment, key_access, snapshots)
        )
