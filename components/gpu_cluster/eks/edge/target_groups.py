"""Target groups of the edge proxies: their pods by address, checked where Envoy itself says whether it is ready."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.base import peers
from components.gpu_cluster.eks.edge.plan import PROXY_PORTS, EdgePlace, EdgePlan
from components.gpu_cluster.eks.tags import resource_tags

CHECK_SECONDS = 10


def target_group(
    name: str, service_port: int, plan: EdgePlan, place: EdgePlace, opts: pulumi.ResourceOptions
) -> aws.lb.TargetGroup:
    """Pods behind `service_port` of the proxies' Service. Nothing is in it until pods are registered.

    No physical name: the engine adds eight characters to the logical one, and AWS allows 32.
    """
    network = plan.kind == "network"
    return aws.lb.TargetGroup(
        name,
        vpc_id=place.vpc_id,
        target_type="ip",
        ip_address_type="ipv4",
        port=PROXY_PORTS[service_port],
        # An application load balancer encrypts again; it does not check the proxies' certificate.
        protocol="TCP" if network else "HTTPS",
        # Envoy sees who connected. No pod of the platform comes in through its own load balancer, which this would
        # break where both ends are on one node.
        preserve_client_ip="true" if network else None,
        load_balancing_algorithm_type=None if network else "least_outstanding_requests",
        # A proxy that stops finishes its streams: nobody cuts them before.
        deregistration_delay=plan.stream_seconds,
        connection_termination=False if network else None,
        target_health_states=[_unhealthy_targets(plan)] if network else None,
        health_check={
            "enabled": True,
            "protocol": "HTTP",
            "port": str(peers.EDGE_READY_PORT),
            "path": peers.EDGE_READY_PATH,
            "matcher": "200",
            "interval": CHECK_SECONDS,
            "timeout": CHECK_SECONDS // 2,
            "healthy_threshold": 2,
            "unhealthy_threshold": 2,
        },
        tags=resource_tags(name, place.environment),
        opts=opts,
    )


def _unhealthy_targets(plan: EdgePlan) -> aws.lb.TargetGroupTargetHealthStateArgsDict:
    """A proxy that drains calls itself unready, and by default that would cut its connections at once."""
    return {
        "enable_unhealthy_connection_termination": False,
        "unhealthy_draining_interval": plan.stream_seconds,
    }


def listener_options(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """`opts` for a listener that forwards to a target group.

    AWS lets a target group stand behind one load balancer only: where that is replaced, as by another scheme, its
    listener must be gone before the new one's is made.
    """
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True))
