"""Amazon Managed Grafana, optional: dashboards outside of the cluster, over the metrics that are kept outside of it.

The platform's own Grafana, with its dashboards and single sign-on, stays: this one comes empty, because its content is
managed by an API key that only a person who signed in can make. Who signs in is known to IAM Identity Center or to an
identity provider that speaks SAML; neither can be made by a program in a fresh account, so the settings name it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base import pins
from components.gpu_cluster.eks.services import service_policies
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksGrafanaWorkspace"

HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class IdentityCenterLogin:
    """Ids of groups in IAM Identity Center, by what they may do."""

    admin_group_ids: tuple[str, ...]
    editor_group_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SamlLogin:
    """An identity provider: where its metadata is, and which values of which attribute make an administrator."""

    metadata_url: str
    role_attribute: str
    admin_roles: tuple[str, ...]
    editor_roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GrafanaPlan:
    """How people sign in, and the IPv4 ranges that they come from."""

    login: IdentityCenterLogin | SamlLogin
    allowed_cidrs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EksGrafanaWorkspaceArgs:
    """`metrics_workspace_arn` is what the workspace may query, `metrics_cidrs` where that answers inside the VPC."""

    environment: str
    account_id: str
    cluster_name: str
    vpc_id: pulumi.Input[str]
    subnet_ids: tuple[pulumi.Input[str], ...]
    metrics_workspace_arn: pulumi.Input[str]
    metrics_cidrs: tuple[str, ...]
    key_arn: pulumi.Input[str]
    plan: GrafanaPlan


class EksGrafanaWorkspace(pulumi.ComponentResource):
    """`workspace.endpoint` is the host name that people open."""

    workspace: aws.grafana.Workspace

    def __init__(self, name: str, args: EksGrafanaWorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        role, access = self._role()
        login = args.plan.login
        self.workspace = aws.grafana.Workspace(
            f"{name}-workspace",
            name=args.cluster_name,
            account_access_type="CURRENT_ACCOUNT",
            permission_type="CUSTOMER_MANAGED",
            authentication_providers=["SAML" if isinstance(login, SamlLogin) else "AWS_SSO"],
            data_sources=["PROMETHEUS"],
            grafana_version=pins.MANAGED_GRAFANA_VERSION,
            kms_key_id=args.key_arn,
            role_arn=role.arn,
            vpc_configuration={
                "subnet_ids": list(args.subnet_ids),
                "security_group_ids": [self._group().id],
            },
            # No VPC endpoint reaches it: people come from the named ranges.
            network_access_control={"prefix_list_ids": [self._ranges().id], "vpce_ids": []},
            tags=resource_tags(args.cluster_name, args.environment, "dashboards"),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[access])),
        )
        self._admit(login)
        self.register_outputs({"endpoint": self.workspace.endpoint})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._args.cluster_name}-{suffix}", self._args.environment)

    def _role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        args = self._args
        role = aws.iam.Role(
            f"{self._name}-role",
            assume_role_policy=json.dumps(service_policies.grafana_trust(args.account_id)),
            tags=self._tags("grafana-role"),
            opts=self._child,
        )
        access = aws.iam.RolePolicy(
            f"{self._name}-queries",
            role=role.name,
            policy=pulumi.Output.from_input(args.metrics_workspace_arn).apply(
                lambda arn: json.dumps(service_policies.workspace_queries(arn))
            ),
            opts=self._child,
        )
        return role, access

    def _group(self) -> aws.ec2.SecurityGroup:
        args = self._args
        group = aws.ec2.SecurityGroup(
            f"{self._name}-group",
            vpc_id=args.vpc_id,
            description="Managed Grafana to metrics only",
            tags=self._tags("grafana-group"),
            opts=self._child,
        )
        for index, cidr in enumerate(args.metrics_cidrs, start=1):
            aws.vpc.SecurityGroupEgressRule(
                f"{self._name}-to-metrics{index}",
                security_group_id=group.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                tags=self._tags(f"grafana-to-metrics{index}"),
                opts=self._child,
            )
        return group

    def _ranges(self) -> aws.ec2.ManagedPrefixList:
        cidrs = self._args.plan.allowed_cidrs
        return aws.ec2.ManagedPrefixList(
            f"{self._name}-ranges",
            name=f"{self._args.cluster_name}-grafana",
            address_family="IPv4",
            max_entries=len(cidrs),
            entries=[{"cidr": cidr} for cidr in cidrs],
            tags=self._tags("grafana-ranges"),
            opts=self._child,
        )

    def _admit(self, login: IdentityCenterLogin | SamlLogin) -> None:
        if isinstance(login, SamlLogin):
            aws.grafana.WorkspaceSamlConfiguration(
                f"{self._name}-saml",
                workspace_id=self.workspace.id,
                idp_metadata_url=login.metadata_url,
                role_assertion=login.role_attribute,
                admin_role_values=list(login.admin_roles),
                editor_role_values=list(login.editor_roles),
                opts=self._child,
            )
            return
        for role, groups in (("ADMIN", login.admin_group_ids), ("EDITOR", login.editor_group_ids)):
            if groups:
                aws.grafana.RoleAssociation(
                    f"{self._name}-{role.lower()}s",
                    workspace_id=self.workspace.id,
                    role=role,
                    group_ids=list(groups),
                    opts=self._child,
                )
