"""How traffic is to enter the platform, and the place in AWS where it does. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi

from components.base import peers
from components.gpu_cluster.eks.kubernetes import Scheme
from components.gpu_cluster.eks.services.access_logs import EksAccessLogs

EdgeKind = Literal["network", "application"]

HTTP_PORT = 80
HTTPS_PORT = 443
PROXY_PORTS = {HTTP_PORT: peers.EDGE_HTTP_PORT, HTTPS_PORT: peers.EDGE_HTTPS_PORT}
"""Ports of the edge proxies' pods by the ports of their Service."""

IDLE_LIMITS: dict[EdgeKind, int] = {"network": 6000, "application": 4000}
"""Longest time in seconds that a load balancer keeps a silent connection (Elastic Load Balancing documentation,
attributes `tcp.idle_timeout.seconds` of a listener and `idle_timeout.timeout_seconds` of a load balancer)."""


LEAST_IDLE_SECONDS = 60
"""A network load balancer keeps a silent connection at least so long."""


@dataclass(frozen=True, kw_only=True)
class FirewallPlan:
    """`requests_per_five_minutes` limits one client address. `refuse_anonymous` refuses addresses that hide whose they
    are (Tor, public proxies and VPNs).
    """

    requests_per_five_minutes: int
    refuse_anonymous: bool


@dataclass(frozen=True, kw_only=True)
class EdgePlan:
    """`network` passes connections on as they are, `application` ends them and may carry a `firewall`.

    `client_cidrs` may connect. `hosts` are the public names; with `records` they get address records. `certificate_arn`
    is a certificate of yours for an application load balancer, None to have one made. `stream_seconds` is how long a
    stream may go on after its proxy was told to stop, `idle_seconds` how long an answer may be silent.
    """

    kind: EdgeKind
    scheme: Scheme
    client_cidrs: tuple[str, ...]
    hosts: tuple[str, ...]
    records: bool
    certificate_arn: str | None
    minimum_tls_version: str
    stream_seconds: int
    idle_seconds: int
    firewall: FirewallPlan | None


@dataclass(frozen=True, kw_only=True)
class EdgePlace:
    """`subnet_ids` hold the load balancer, and their `subnet_cidrs` are where its connections come from.
    `routes` lead out of the VPC: AWS makes no public load balancer before them, and lets nobody remove them before it.
    `proxies_group_id` is the security group of the edge proxies' nodes. `log_key_arn` encrypts log groups.
    """

    environment: str
    account_id: str
    region: str
    cluster_name: str
    vpc_id: pulumi.Input[str]
    subnet_ids: tuple[pulumi.Input[str], ...]
    subnet_cidrs: tuple[str, ...]
    routes: tuple[pulumi.Resource, ...]
    proxies_group_id: pulumi.Input[str]
    hosted_zone_id: str | None
    log_key_arn: pulumi.Input[str]
    access_logs: EksAccessLogs
    protect: bool
