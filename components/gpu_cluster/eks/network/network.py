"""The VPC: three zones, nodes in private subnets with a way out, flow logs, services of AWS without leaving it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.base.eks_choices import INTERFACE_ENDPOINTS
from components.gpu_cluster.eks.network.endpoints import EksEndpoints, EksEndpointsArgs
from components.gpu_cluster.eks.network.flow_logs import EksFlowLogs, EksFlowLogsArgs
from components.gpu_cluster.eks.network.outbound import EksOutbound, EksOutboundArgs
from components.gpu_cluster.eks.network.subnets import ZoneSubnets, subnet_layout
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksNetwork"

DISCOVERY_TAG = "karpenter.sh/discovery"
"""Tag by which Karpenter finds subnets and security groups of nodes. Its value is the cluster's name."""

NatGateways = Literal["per-zone", "single"]


@dataclass(frozen=True, kw_only=True)
class NetworkPlan:
    """What the stack asks of the network.

    `vpc_cidr` and `service_cidr` are the ranges of nodes with their pods, and of Services; `connected_cidrs` the own
    networks that a VPN, peering or `transit_gateway_id` connects. No two of them overlap. `log_days` is how long flow
    logs are kept.
    """

    zones: tuple[str, ...]
    vpc_cidr: str
    service_cidr: str = "172.20.0.0/16"
    connected_cidrs: tuple[str, ...] = ()
    transit_gateway_id: str | None = None
    nat_gateways: NatGateways = "per-zone"
    interface_endpoints: tuple[str, ...] = INTERFACE_ENDPOINTS
    log_days: int = 90


@dataclass(frozen=True, kw_only=True)
class EksNetworkArgs:
    """`cluster_name` tags subnets for load balancers and nodes; `log_key_arn` encrypts the flow logs."""

    environment: str
    account_id: str
    cluster_name: str
    region: str
    plan: NetworkPlan
    log_key_arn: pulumi.Input[str]


class EksNetwork(pulumi.ComponentResource):
    """Subnets are keyed by zone. `ready` is what nodes need before they can reach anything: routes and endpoints."""

    vpc: aws.ec2.Vpc
    layout: tuple[ZoneSubnets, ...]
    public_subnets: dict[str, aws.ec2.Subnet]
    private_subnets: dict[str, aws.ec2.Subnet]
    data_subnets: dict[str, aws.ec2.Subnet]
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.layout = subnet_layout(args.plan.vpc_cidr, args.plan.zones)
        self.vpc = self._vpc()
        self._close_defaults()
        EksFlowLogs(
            f"{name}-flow-logs",
            EksFlowLogsArgs(
                environment=args.environment,
                cluster_name=args.cluster_name,
                vpc_id=self.vpc.id,
                log_key_arn=args.log_key_arn,
                log_days=args.plan.log_days,
            ),
            self._child,
        )
        self.public_subnets, self.private_subnets, self.data_subnets = {}, {}, {}
        for index, subnets in enumerate(self.layout, start=1):
            self._add_subnets(f"zone{index}", subnets)
        self.ready = (*self._outbound().ready, *self._endpoints().ready)
        self.register_outputs({"vpc": self.vpc.id})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._args.cluster_name}-{suffix}", self._args.environment)

    def _vpc(self) -> aws.ec2.Vpc:
        return aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=self._args.plan.vpc_cidr,
            instance_tenancy="default",
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags("vpc"),
            opts=self._child,
        )

    def _close_defaults(self) -> None:
        """Empty what AWS makes with a VPC, and what everything falls into that names nothing else."""
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-group", vpc_id=self.vpc.id, tags=self._tags("default-group"), opts=self._child
        )
        # Subnets without a table of their own use this one: the data subnets, which have no way out.
        aws.ec2.DefaultRouteTable(
            f"{self._name}-default-routes",
            default_route_table_id=self.vpc.default_route_table_id,
            routes=[],
            tags=self._tags("default-routes"),
            opts=self._child,
        )

    def _add_subnets(self, zone: str, subnets: ZoneSubnets) -> None:
        nodes = {"kubernetes.io/role/internal-elb": "1", DISCOVERY_TAG: self._args.cluster_name}
        self.public_subnets[subnets.zone] = self._subnet(
            f"{zone}-public", subnets.zone, subnets.public, {"kubernetes.io/role/elb": "1"}
        )
        self.private_subnets[subnets.zone] = self._subnet(f"{zone}-private", subnets.zone, subnets.private, nodes)
        self.data_subnets[subnets.zone] = self._subnet(f"{zone}-data", subnets.zone, subnets.data, {})

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

    def _outbound(self) -> EksOutbound:
        args = self._args
        return EksOutbound(
            f"{self._name}-outbound",
            EksOutboundArgs(
                environment=args.environment,
                account_id=args.account_id,
                cluster_name=args.cluster_name,
                region=args.region,
                vpc_id=self.vpc.id,
                public_subnet_ids={zone: subnet.id for zone, subnet in self.public_subnets.items()},
                private_subnet_ids={zone: subnet.id for zone, subnet in self.private_subnets.items()},
                nat_gateways=args.plan.nat_gateways,
                connected_cidrs=args.plan.connected_cidrs,
                transit_gateway_id=args.plan.transit_gateway_id,
            ),
            self._child,
        )

    def _endpoints(self) -> EksEndpoints:
        args = self._args
        return EksEndpoints(
            f"{self._name}-endpoints",
            EksEndpointsArgs(
                environment=args.environment,
                account_id=args.account_id,
                cluster_name=args.cluster_name,
                region=args.region,
                vpc_id=self.vpc.id,
                subnet_ids=[subnet.id for subnet in self.private_subnets.values()],
                client_cidrs=[zone.private for zone in self.layout],
                services=args.plan.interface_endpoints,
            ),
            self._child,
        )
