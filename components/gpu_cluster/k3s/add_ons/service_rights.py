"""A ServiceAccount with exactly the rights that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels
from components.base.handles import PlatformContext

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
    from pulumi_kubernetes.rbac.v1 import PolicyRuleArgsDict, RoleRefArgsDict, SubjectArgsDict

TYPE = "ai-platform:gpu_cluster:ServiceRights"
_GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True, kw_only=True)
class ServiceRightsArgs:
    """`account` in `namespace` gets `own_rules` in its namespace and `cluster_rules` in the whole cluster. Pods get its
    token without asking when `automount` is True.
    """

    account: str
    namespace: str
    component: str
    platform: PlatformContext
    own_rules: Sequence[PolicyRuleArgsDict]
    cluster_rules: Sequence[PolicyRuleArgsDict]
    automount: bool = False


class ServiceRights(pulumi.ComponentResource):
    """Pods that run as the account wait for `ready`."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: ServiceRightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = args.platform.child_options(self)
        own = _metadata(args) | {"namespace": args.namespace}
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=own, automount_service_account_token=args.automount, opts=child
        )
        role = k8s.rbac.v1.Role(f"{name}-role", metadata=own, rules=args.own_rules, opts=child)
        cluster_role = k8s.rbac.v1.ClusterRole(
            f"{name}-cluster-role", metadata=_metadata(args), rules=args.cluster_rules, opts=child
        )
        subjects: list[SubjectArgsDict] = [
            {"kind": "ServiceAccount", "name": args.account, "namespace": args.namespace}
        ]
        binding = k8s.rbac.v1.RoleBinding(
            f"{name}-role-binding",
            metadata=own,
            role_ref=_reference("Role", args.account),
            subjects=subjects,
            opts=args.platform.child_options(self, account, role),
        )
        cluster_binding = k8s.rbac.v1.ClusterRoleBinding(
            f"{name}-cluster-role-binding",
            metadata=_metadata(args),
            role_ref=_reference("ClusterRole", args.account),
            subjects=subjects,
            opts=args.platform.child_options(self, account, cluster_role),
        )
        self.ready = (account, binding, cluster_binding)
        self.register_outputs({"account": args.account})


def _metadata(args: ServiceRightsArgs) -> ObjectMetaArgsDict:
    # Explicit names: pods name the account, and a binding cannot be changed to another role.
    return {
        "name": args.account,
        "labels": labels.object_labels(args.account, args.component, args.platform.environment),
    }


def _reference(kind: str, name: str) -> RoleRefArgsDict:
    return {"api_group": _GROUP, "kind": kind, "name": name}
