"""Where clients enter: a load balancer with its security group, certificate, firewall and address records.

The program itself makes all of it, for either kind of load balancer, so that removing the stack leaves nothing behind;
a controller in the cluster only registers the edge proxies' pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base import peers
from components.base.handles import FrontProxy, LoadBalancer
from components.base.wiring import External
from components.gpu_cluster.eks.edge.application_load_balancer import (
    ApplicationLoadBalancer,
    ApplicationLoadBalancerArgs,
)
from components.gpu_cluster.eks.edge.certificate import EdgeCertificate, EdgeCertificateArgs
from components.gpu_cluster.eks.edge.network_load_balancer import NetworkLoadBalancer, NetworkLoadBalancerArgs
from components.gpu_cluster.eks.edge.plan import HTTP_PORT, HTTPS_PORT, PROXY_PORTS, EdgePlace, EdgePlan
from components.gpu_cluster.eks.edge.web_application_firewall import WebApplicationFirewall, WebApplicationFirewallArgs
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksEdge"

PROXIES_SERVICE = "edge-proxies"
"""Name that the proxies' Service is given, so that their pods can be found."""


@dataclass(frozen=True, kw_only=True)
class EksEdgeArgs:
    """What is asked for, and where it is made."""

    plan: EdgePlan
    place: EdgePlace


class EksEdge(pulumi.ComponentResource):
    """`handle` is what the proxies must know of the load balancer, `source` where its own connections come from.
    `target_groups` are keyed by port of the proxies' Service; pods may be registered after `ready`.
    """

    handle: LoadBalancer
    source: External
    target_groups: Mapping[int, aws.lb.TargetGroup]
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksEdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.handle = edge_handle(args.plan, args.place.subnet_cidrs)
        self.source = load_balancer_source(args.place.subnet_cidrs)
        group = self._security_group()
        made, guards = self._network(group) if args.plan.kind == "network" else self._application(group)
        self.target_groups = made.target_groups
        self._address_records(made.balancer)
        self.ready = (*made.ready, *guards)
        self.register_outputs({"address": made.balancer.dns_name})

    def _tags(self, suffix: str) -> dict[str, str]:
        place = self._args.place
        return resource_tags(f"{place.cluster_name}-edge-{suffix}", place.environment)

    def _security_group(self) -> aws.ec2.SecurityGroup:
        """Clients reach the load balancer, it reaches the proxies, and nothing else."""
        plan, place, name = self._args.plan, self._args.place, self._name
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            description=f"Load balancer of {place.cluster_name}",
            vpc_id=place.vpc_id,
            tags=self._tags("group"),
            opts=self._child,
        )
        for port in (HTTP_PORT, HTTPS_PORT):
            for index, cidr in enumerate(plan.client_cidrs, start=1):
                aws.vpc.SecurityGroupIngressRule(
                    f"{name}-clients{index}-{port}",
                    security_group_id=group.id,
                    description="Clients",
                    cidr_ipv4=cidr,
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    tags=self._tags(f"clients{index}-{port}"),
                    opts=self._child,
                )
        for port in _proxy_ports(plan):
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-proxies-{port}",
                security_group_id=group.id,
                description="Edge proxies",
                referenced_security_group_id=place.proxies_group_id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=self._tags(f"to-proxies-{port}"),
                opts=self._child,
            )
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-at-proxies-{port}",
                security_group_id=place.proxies_group_id,
                description="Load balancer of the edge proxies",
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=self._tags(f"at-proxies-{port}"),
                opts=self._child,
            )
        return group

    def _network(self, group: aws.ec2.SecurityGroup) -> tuple[NetworkLoadBalancer, tuple[pulumi.Resource, ...]]:
        args = NetworkLoadBalancerArgs(plan=self._args.plan, place=self._args.place, security_group_id=group.id)
        return NetworkLoadBalancer(f"{self._name}-net", args, self._child), ()

    def _application(self, group: aws.ec2.SecurityGroup) -> tuple[ApplicationLoadBalancer, tuple[pulumi.Resource, ...]]:
        plan, place = self._args.plan, self._args.place
        made = ApplicationLoadBalancer(
            f"{self._name}-app",
            ApplicationLoadBalancerArgs(
                plan=plan, place=place, security_group_id=group.id, certificate_arn=self._certificate()
            ),
            self._child,
        )
        if plan.firewall is None:
            return made, ()
        firewall = WebApplicationFirewall(
            f"{self._name}-firewall",
            WebApplicationFirewallArgs(
                plan=plan.firewall, place=place, api_host=plan.hosts[0], load_balancer_arn=made.balancer.arn
            ),
            self._child,
        )
        return made, firewall.ready

    def _certificate(self) -> pulumi.Input[str]:
        plan, place = self._args.plan, self._args.place
        if plan.certificate_arn:
            return plan.certificate_arn
        if place.hosted_zone_id is None:
            message = "an application load balancer needs certificate_arn, or hosted_zone_id to have one made"
            raise ValueError(message)
        return EdgeCertificate(
            f"{self._name}-certificate",
            EdgeCertificateArgs(environment=place.environment, hosts=plan.hosts, hosted_zone_id=place.hosted_zone_id),
            self._child,
        ).arn

    def _address_records(self, balancer: aws.lb.LoadBalancer) -> None:
        zone = self._args.place.hosted_zone_id
        if zone is None or not self._args.plan.records:
            return
        for host in self._args.plan.hosts:
            aws.route53.Record(
                # The first label alone: the logical name says nothing of the environment's domain.
                f"{self._name}-{host.split('.')[0]}",
                zone_id=zone,
                name=host,
                type="A",
                aliases=[{"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": True}],
                opts=self._child,
            )


def _proxy_ports(plan: EdgePlan) -> tuple[int, ...]:
    """Ports at which the load balancer reaches the proxies: requests, and whether they are ready."""
    services = PROXY_PORTS if plan.kind == "network" else {HTTPS_PORT: PROXY_PORTS[HTTPS_PORT]}
    return (*services.values(), peers.EDGE_READY_PORT)


def load_balancer_source(subnet_cidrs: tuple[str, ...]) -> External:
    """Where a load balancer's own connections come from: requests of an application one, health checks of either."""
    return External(name="load-balancer", cidrs=subnet_cidrs)


def edge_handle(plan: EdgePlan, subnet_cidrs: tuple[str, ...]) -> LoadBalancer:
    """What the edge proxies must know of the load balancer in front of them."""
    front = FrontProxy(source=load_balancer_source(subnet_cidrs), idle_seconds=plan.idle_seconds)
    return LoadBalancer(
        address_kind="hostname",
        annotations={},
        registered_service=PROXIES_SERVICE,
        front_proxy=front if plan.kind == "application" else None,
    )
