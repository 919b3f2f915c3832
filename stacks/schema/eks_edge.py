"""How clients enter a cluster in AWS: the load balancer, its certificate and its firewall."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.schema.base import SettingsModel
from stacks.schema.eks_network import Cidrs

_SMALLEST_SUBNET = 27
"""An application load balancer asks for subnets of at least this size."""
_MOST_CLIENTS = 60 // 2
"""A security group takes 60 rules in either direction (Amazon VPC quotas), and each client needs one for each port."""


class WebApplicationFirewallSettings(SettingsModel):
    """The web application firewall (AWS WAF). Rules against attacks always apply; prompts are looked at less closely,
    because code in a prompt looks like an attack."""

    requests_per_five_minutes: int = Field(ge=10, le=2_000_000_000, default=20_000)
    """Requests that one client address may make in five minutes; more are answered with 429. Everybody behind one
    address translation shares it."""
    anonymous_addresses: Literal["allow", "refuse"] = "allow"
    """Whether Tor, public proxies and VPNs may connect."""


class EdgeSettings(SettingsModel):
    """The load balancer in front of the gateway."""

    kind: Literal["network", "application"] = "network"
    """`network` passes connections on to the gateway, which ends TLS with a certificate of `issuer`. `application` ends
    TLS itself, so that a firewall can look into requests, and encrypts again on the way to the gateway."""
    client_cidrs: Cidrs = ()
    """Who may connect. Empty: `vpcCidr` and `connectedCidrs` where `loadBalancerScheme` is `internal`, otherwise
    everybody."""
    certificate_arn: (
        Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+$")] | None
    ) = None
    """Certificate of AWS Certificate Manager for all public names, `kind: application` only; null: one is made and
    proven in `hostedZoneId`, which must be a public zone."""
    firewall: WebApplicationFirewallSettings | None = None
    """Firewall, `kind: application` only, where null means its defaults."""
    address_records: bool = True
    """Point the public names at the load balancer, in `hostedZoneId` where there is one."""

    @model_validator(mode="after")
    def _kind_can(self) -> EdgeSettings:
        if self.kind == "application":
            return self
        if self.firewall:
            message = (
                "firewall: a network load balancer cannot carry a web application firewall, which looks into requests: "
                "set kind: application, or remove firewall"
            )
            raise ValueError(message)
        if self.certificate_arn:
            message = (
                "certificateArn: behind a network load balancer the gateway ends TLS, with a certificate of issuer: "
                "set kind: application, or remove certificateArn"
            )
            raise ValueError(message)
        return self


@dataclass(frozen=True, kw_only=True)
class EdgeSurroundings:
    """What the settings around the load balancer say. `public_subnets` hold an internet-facing one, and `own_networks`
    are the clients of an internal one.
    """

    region: str
    account_id: str
    hosted_zone_id: str | None
    scheme: str
    vpc_cidr: str
    public_subnets: tuple[str, ...]
    own_networks: tuple[str, ...]


def edge_problem(edge: EdgeSettings, around: EdgeSurroundings) -> str | None:
    """What does not fit the rest of the cluster, as `<key below the cluster>: <problem and fix>`; None if all does."""
    return _client_problem(edge, around) or _application_problem(edge, around)


def _client_problem(edge: EdgeSettings, around: EdgeSurroundings) -> str | None:
    key, clients = ("edge.clientCidrs", edge.client_cidrs)
    if not clients and around.scheme == "internal":
        key, clients = ("connectedCidrs", around.own_networks)
    if len(clients) <= _MOST_CLIENTS:
        return None
    return (
        f"{key}: {len(clients)} ranges for two ports of the load balancer are more rules than a security group takes: "
        f"name at most {_MOST_CLIENTS} wider ones in edge.clientCidrs"
    )


def _application_problem(edge: EdgeSettings, around: EdgeSurroundings) -> str | None:
    if edge.kind == "network":
        return None
    if not edge.certificate_arn and not around.hosted_zone_id:
        return (
            "edge.certificateArn: an application load balancer ends TLS and needs a certificate: name one, or set "
            "hostedZoneId to have one made"
        )
    place = [around.region, around.account_id]
    if edge.certificate_arn and edge.certificate_arn.split(":")[3:5] != place:
        return (
            f"edge.certificateArn: use a certificate in {around.region} of account {around.account_id}, as the cluster"
        )
    smallest = max(ip_network(subnet).prefixlen for subnet in around.public_subnets)
    if around.scheme == "internet-facing" and smallest > _SMALLEST_SUBNET:
        return (
            f"vpcCidr: {around.vpc_cidr} leaves public subnets of /{smallest}, and an internet-facing application load "
            f"balancer needs /{_SMALLEST_SUBNET}: use a larger range"
        )
    return None
