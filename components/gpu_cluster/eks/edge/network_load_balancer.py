"""A network load balancer: connections of clients reach the edge proxies as they are, encrypted and addressed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks.edge.plan import HTTP_PORT, HTTPS_PORT, EdgePlace, EdgePlan
from components.gpu_cluster.eks.edge.target_groups import listener_options, target_group
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:NetworkLoadBalancer"

LISTENERS = {"http": HTTP_PORT, "https": HTTPS_PORT}


@dataclass(frozen=True, kw_only=True)
class NetworkLoadBalancerArgs:
    """`security_group_id` decides who may connect."""

    plan: EdgePlan
    place: EdgePlace
    security_group_id: pulumi.Input[str]


class NetworkLoadBalancer(pulumi.ComponentResource):
    """`target_groups` are keyed by port of the proxies' Service.

    It has no access log: AWS writes one only where the load balancer itself ends TLS. The proxies log requests, the
    VPC's flow log connections.
    """

    balancer: aws.lb.LoadBalancer
    target_groups: Mapping[int, aws.lb.TargetGroup]
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: NetworkLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        plan, place = args.plan, args.place
        child = pulumi.ResourceOptions(parent=self)
        self.balancer = aws.lb.LoadBalancer(
            f"{name}-lb",
            load_balancer_type="network",
            internal=plan.scheme == "internal",
            ip_address_type="ipv4",
            subnets=list(place.subnet_ids),
            security_groups=[args.security_group_id],
            enforce_security_group_inbound_rules_on_private_link_traffic="on",
            enable_cross_zone_load_balancing=True,
            enable_zonal_shift=True,
            enable_deletion_protection=place.protect,
            tags=resource_tags(f"{place.cluster_name}-edge", place.environment),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=list(place.routes))),
        )
        self.target_groups = {
            port: target_group(f"{name}-{suffix}", port, plan, place, child) for suffix, port in LISTENERS.items()
        }
        self.ready = tuple(
            aws.lb.Listener(
                f"{name}-{suffix}-listener",
                load_balancer_arn=self.balancer.arn,
                port=port,
                protocol="TCP",
                # An answer that is not streamed is silent until it is complete.
                tcp_idle_timeout_seconds=plan.idle_seconds,
                default_actions=[{"type": "forward", "target_group_arn": self.target_groups[port].arn}],
                tags=resource_tags(f"{place.cluster_name}-edge-{suffix}", place.environment),
                opts=listener_options(child),
            )
            for suffix, port in LISTENERS.items()
        )
        self.register_outputs({"address": self.balancer.dns_name})
