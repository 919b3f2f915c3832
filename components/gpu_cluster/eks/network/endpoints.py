"""Interface endpoints: services of AWS that nodes call, at addresses inside the VPC."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksEndpoints"

HTTPS = 443

_IAM_PREFIXES = {"ecr.api": "ecr", "ecr.dkr": "ecr", "aps-workspaces": "aps"}
"""Prefix of a service's IAM actions, where it is not the endpoint's own name."""

_WITHOUT_POLICY = frozenset({"eks-auth"})
"""Endpoints whose documentation names no endpoint policy; AWS refuses to make an endpoint with one that the service
does not know. Only a node's own role gets an answer from `eks-auth`, and only for pods of its own cluster."""


@dataclass(frozen=True, kw_only=True)
class EksEndpointsArgs:
    """`services` are names as in `com.amazonaws.<region>.<service>`, `client_cidrs` the ranges that may connect.

    An endpoint has an address in each subnet of `subnet_ids`. `vpc_id` and `subnet_ids` belong together.
    """

    environment: str
    account_id: str
    cluster_name: str
    region: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_cidrs: Sequence[str]
    services: Sequence[str]


class EksEndpoints(pulumi.ComponentResource):
    """One endpoint a service behind one security group. Their private names replace the public ones in the VPC.

    `ready` is what must exist before somebody relies on these names: the endpoints and the way to them.
    """

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.ready = self._create() if args.services else ()
        self.register_outputs({"services": list(args.services)})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._args.cluster_name}-{suffix}-endpoint", self._args.environment)

    def _create(self) -> tuple[pulumi.Resource, ...]:
        args = self._args
        group = aws.ec2.SecurityGroup(
            f"{self._name}-group",
            vpc_id=args.vpc_id,
            description="AWS services from the private subnets only",
            tags=self._tags("group"),
            opts=self._child,
        )
        rules = [self._admit(index, group, cidr) for index, cidr in enumerate(args.client_cidrs, start=1)]
        return (*rules, *(self._endpoint(service, group) for service in args.services))

    def _admit(self, index: int, group: aws.ec2.SecurityGroup, cidr: str) -> aws.vpc.SecurityGroupIngressRule:
        return aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-from-zone{index}",
            security_group_id=group.id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            tags=self._tags(f"from-zone{index}"),
            opts=self._child,
        )

    def _endpoint(self, service: str, group: aws.ec2.SecurityGroup) -> aws.ec2.VpcEndpoint:
        args = self._args
        policy = endpoint_policy(service, args.account_id)
        return aws.ec2.VpcEndpoint(
            f"{self._name}-{service.replace('.', '-')}",
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{args.region}.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=list(args.subnet_ids),
            security_group_ids=[group.id],
            private_dns_enabled=True,
            policy=json.dumps(policy) if policy else None,
            tags=self._tags(service),
            opts=self._child,
        )


def endpoint_policy(service: str, account_id: str) -> policy_documents.Document | None:
    """Who may use the endpoint of `service`: identities of the own account. None where the service knows no policy."""
    if service in _WITHOUT_POLICY:
        return None
    return policy_documents.own_identities(_IAM_PREFIXES.get(service, service), account_id)
