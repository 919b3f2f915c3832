"""The ways out of the VPC: NAT gateways, S3 inside AWS, and the organisation's own networks over a transit gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksOutbound"

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class EksOutboundArgs:
    """Subnets are keyed by zone, in the order of the zones. Without `transit_gateway_id` no route leads to
    `connected_cidrs`: whoever peers the VPC or attaches a VPN adds them.
    """

    environment: str
    account_id: str
    cluster_name: str
    region: str
    vpc_id: pulumi.Input[str]
    public_subnet_ids: Mapping[str, pulumi.Input[str]]
    private_subnet_ids: Mapping[str, pulumi.Input[str]]
    nat_gateways: Literal["per-zone", "single"]
    connected_cidrs: tuple[str, ...]
    transit_gateway_id: str | None


class EksOutbound(pulumi.ComponentResource):
    """Route tables of the public and private subnets. `ready` is what a node in a private subnet needs to get out."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksOutboundArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._zones = {zone: f"zone{index}" for index, zone in enumerate(args.private_subnet_ids, start=1)}
        internet = self._internet()
        nats = self._nat_gateways(internet)
        tables = {zone: self._table(f"{suffix}-routes") for zone, suffix in self._zones.items()}
        ready: list[pulumi.Resource] = []
        for zone, table in tables.items():
            suffix = self._zones[zone]
            nat = nats.get(zone) or next(iter(nats.values()))
            ready.append(self._route(f"{suffix}-default", table, ANYWHERE, nat_gateway_id=nat.id))
            ready.append(self._associate(f"{suffix}-private", args.private_subnet_ids[zone], table))
        self.ready = (*ready, self._s3(tables), *self._transit(tables))
        self.register_outputs({"natGateways": len(nats)})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._args.cluster_name}-{suffix}", self._args.environment)

    def _internet(self) -> pulumi.Resource:
        """The public subnets' way out; returns the route, which NAT gateways need to work."""
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet", vpc_id=self._args.vpc_id, tags=self._tags("internet"), opts=self._child
        )
        table = self._table("public-routes")
        for zone, subnet_id in self._args.public_subnet_ids.items():
            self._associate(f"{self._zones[zone]}-public", subnet_id, table)
        return self._route("public-default", table, ANYWHERE, gateway_id=gateway.id)

    def _nat_gateways(self, internet: pulumi.Resource) -> dict[str, aws.ec2.NatGateway]:
        """One a zone, so that a zone that fails takes its own nodes' way out only; or the first zone's for all."""
        zones = list(self._zones)
        if self._args.nat_gateways == "single":
            zones = zones[:1]
        return {zone: self._nat(zone, internet) for zone in zones}

    def _nat(self, zone: str, internet: pulumi.Resource) -> aws.ec2.NatGateway:
        suffix = self._zones[zone]
        address = aws.ec2.Eip(
            f"{self._name}-{suffix}-nat-address", domain="vpc", tags=self._tags(f"{suffix}-nat"), opts=self._child
        )
        return aws.ec2.NatGateway(
            f"{self._name}-{suffix}-nat",
            subnet_id=self._args.public_subnet_ids[zone],
            allocation_id=address.allocation_id,
            tags=self._tags(f"{suffix}-nat"),
            opts=self._after(internet),
        )

    def _s3(self, tables: Mapping[str, aws.ec2.RouteTable]) -> aws.ec2.VpcEndpoint:
        document = policy_documents.s3_endpoint_policy(self._args.account_id, self._args.region)
        return aws.ec2.VpcEndpoint(
            f"{self._name}-s3-endpoint",
            vpc_id=self._args.vpc_id,
            service_name=f"com.amazonaws.{self._args.region}.s3",
            vpc_endpoint_type="Gateway",
            policy=json.dumps(document),
            route_table_ids=[table.id for table in tables.values()],
            tags=self._tags("s3-endpoint"),
            opts=self._child,
        )

    def _transit(self, tables: Mapping[str, aws.ec2.RouteTable]) -> tuple[pulumi.Resource, ...]:
        args = self._args
        if not args.transit_gateway_id:
            return ()
        attachment = aws.ec2transitgateway.VpcAttachment(
            f"{self._name}-transit",
            transit_gateway_id=args.transit_gateway_id,
            vpc_id=args.vpc_id,
            subnet_ids=list(args.private_subnet_ids.values()),
            dns_support="enable",
            tags=self._tags("transit"),
            opts=self._child,
        )
        return tuple(
            self._route(
                f"{self._zones[zone]}-connected{index}",
                table,
                cidr,
                after=attachment,
                transit_gateway_id=args.transit_gateway_id,
            )
            for zone, table in tables.items()
            for index, cidr in enumerate(args.connected_cidrs, start=1)
        )

    def _table(self, suffix: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{self._name}-{suffix}", vpc_id=self._args.vpc_id, tags=self._tags(suffix), opts=self._child
        )

    def _route(
        self,
        suffix: str,
        table: aws.ec2.RouteTable,
        cidr: str,
        *,
        after: pulumi.Resource | None = None,
        **target: pulumi.Input[str],
    ) -> aws.ec2.Route:
        return aws.ec2.Route(
            f"{self._name}-{suffix}",
            route_table_id=table.id,
            destination_cidr_block=cidr,
            opts=self._after(after) if after else self._child,
            **target,
        )

    def _associate(
        self, suffix: str, subnet_id: pulumi.Input[str], table: aws.ec2.RouteTable
    ) -> aws.ec2.RouteTableAssociation:
        return aws.ec2.RouteTableAssociation(
            f"{self._name}-{suffix}-association", subnet_id=subnet_id, route_table_id=table.id, opts=self._child
        )

    def _after(self, resource: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=[resource])
