"""The VPC: three zones, nodes in private subnets, one NAT gateway a zone, flow logs, S3 without leaving AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.subnets import ZoneSubnets, subnet_layout
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksNetwork"

FLOW_LOG_DAYS = 90
ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class EksNetworkArgs:
    """`cluster_name` tags subnets for load balancers; `log_key_arn` encrypts the flow logs."""

    environment: str
    account_id: str
    cluster_name: str
    region: str
    vpc_cidr: str
    zones: tuple[str, ...]
    log_key_arn: pulumi.Input[str]


class EksNetwork(pulumi.ComponentResource):
    """`private_subnets` are keyed by zone; `routes` are what nodes need before they can reach anything."""

    vpc: aws.ec2.Vpc
    layout: tuple[ZoneSubnets, ...]
    private_subnets: dict[str, aws.ec2.Subnet]
    data_subnets: dict[str, aws.ec2.Subnet]
    routes: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.layout = subnet_layout(args.vpc_cidr, args.zones)
        self.vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.vpc_cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags("vpc"),
            opts=self._child,
        )
        # The group that everything falls into that names none: without rules it connects nothing.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-group", vpc_id=self.vpc.id, tags=self._tags("default-group"), opts=self._child
        )
        self._log_flows()
        self.private_subnets, self.data_subnets = {}, {}
        routes: list[pulumi.Resource] = []
        private_tables: list[aws.ec2.RouteTable] = []
        public_table = self._public_table()
        for index, subnets in enumerate(self.layout, start=1):
            private_tables.append(self._add_zone(f"zone{index}", subnets, public_table, routes))
        aws.ec2.VpcEndpoint(
            f"{name}-s3-endpoint",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{args.region}.s3",
            vpc_endpoint_type="Gateway",
            policy=json.dumps(policy_documents.s3_endpoint_policy(args.account_id, args.region)),
            route_table_ids=[table.id for table in private_tables],
            tags=self._tags("s3-endpoint"),
            opts=self._child,
        )
        self.routes = tuple(routes)
        self.register_outputs({"vpc": self.vpc.id})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._args.cluster_name}-{suffix}", self._args.environment)

    def _log_flows(self) -> None:
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-flow-logs",
            name=f"/aws/vpc/{self._args.cluster_name}/flow-logs",
            retention_in_days=FLOW_LOG_DAYS,
            kms_key_id=self._args.log_key_arn,
            tags=self._tags("flow-logs"),
            opts=self._child,
        )
        role = aws.iam.Role(
            f"{self._name}-flow-logs-role",
            assume_role_policy=json.dumps(policy_documents.service_trust("vpc-flow-logs.amazonaws.com")),
            tags=self._tags("flow-logs-role"),
            opts=self._child,
        )
        aws.iam.RolePolicy(
            f"{self._name}-flow-logs-policy",
            role=role.name,
            policy=group.arn.apply(lambda arn: json.dumps(policy_documents.flow_log_delivery(arn))),
            opts=self._child,
        )
        aws.ec2.FlowLog(
            f"{self._name}-flow-log",
            vpc_id=self.vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=self._tags("flow-log"),
            opts=self._child,
        )

    def _public_table(self) -> aws.ec2.RouteTable:
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet", vpc_id=self.vpc.id, tags=self._tags("internet"), opts=self._child
        )
        table = aws.ec2.RouteTable(
            f"{self._name}-public-routes", vpc_id=self.vpc.id, tags=self._tags("public-routes"), opts=self._child
        )
        aws.ec2.Route(
            f"{self._name}-public-default",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )
        return table

    def _add_zone(
        self, zone: str, subnets: ZoneSubnets, public_table: aws.ec2.RouteTable, routes: list[pulumi.Resource]
    ) -> aws.ec2.RouteTable:
        """Add subnets, NAT gateway and routes of one zone; return the route table of its private subnet."""
        public = self._subnet(f"{zone}-public", subnets.zone, subnets.public, {"kubernetes.io/role/elb": "1"})
        private = self._subnet(
            f"{zone}-private", subnets.zone, subnets.private, {"kubernetes.io/role/internal-elb": "1"}
        )
        data = self._subnet(f"{zone}-data", subnets.zone, subnets.data, {})
        self.private_subnets[subnets.zone], self.data_subnets[subnets.zone] = private, data
        address = aws.ec2.Eip(
            f"{self._name}-{zone}-nat-address", domain="vpc", tags=self._tags(f"{zone}-nat"), opts=self._child
        )
        # One a zone: a zone that fails takes the way out of its own nodes only.
        nat = aws.ec2.NatGateway(
            f"{self._name}-{zone}-nat",
            subnet_id=public.id,
            allocation_id=address.allocation_id,
            tags=self._tags(f"{zone}-nat"),
            opts=self._child,
        )
        table = aws.ec2.RouteTable(
            f"{self._name}-{zone}-routes", vpc_id=self.vpc.id, tags=self._tags(f"{zone}-routes"), opts=self._child
        )
        route = aws.ec2.Route(
            f"{self._name}-{zone}-default",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            nat_gateway_id=nat.id,
            opts=self._child,
        )
        routes += [route, self._associate(f"{zone}-private", private, table)]
        self._associate(f"{zone}-public", public, public_table)
        return table

    def _subnet(self, suffix: str, zone: str, cidr: str, role: dict[str, str]) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            f"{self._name}-{suffix}",
            vpc_id=self.vpc.id,
            availability_zone=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=False,
            tags=self._tags(suffix) | role,
            opts=self._child,
        )

    def _associate(
        self, suffix: str, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable
    ) -> aws.ec2.RouteTableAssociation:
        return aws.ec2.RouteTableAssociation(
            f"{self._name}-{suffix}-association", subnet_id=subnet.id, route_table_id=table.id, opts=self._child
        )
