"""The network of a cluster in AWS: address ranges, ways in and out, endpoints of AWS services."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.base.eks_choices import INTERFACE_ENDPOINTS
from stacks.schema.base import SettingsModel
from stacks.schema.cluster_parts import PRIVATE_CIDRS, Cidr

_VPC_PREFIXES = range(16, 21)
_SERVICE_PREFIXES = range(12, 25)
"""What EKS accepts (EKS API, `KubernetesNetworkConfigRequest.serviceIpv4Cidr`)."""
_WIDEST_CLIENT_PREFIX = 8
"""No organisation has more public addresses of its own."""


def _endpoints(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in INTERFACE_ENDPOINTS:
            message = (
                f"{name!r} is not an endpoint that the platform uses: choose among {', '.join(INTERFACE_ENDPOINTS)}"
            )
            raise ValueError(message)
        if names.count(name) > 1:
            message = f"{name!r} is named twice: remove one"
            raise ValueError(message)
    return names


def _service_cidr(text: str) -> str:
    network = IPv4Network(text)
    if network.prefixlen not in _SERVICE_PREFIXES:
        message = f"{text}: EKS takes a range between /12 and /24"
        raise ValueError(message)
    if not any(network.subnet_of(IPv4Network(private)) for private in PRIVATE_CIDRS):
        message = f"{text}: EKS takes a range inside {', '.join(PRIVATE_CIDRS)}"
        raise ValueError(message)
    return text


def _vpc_cidr(text: str) -> str:
    if IPv4Network(text).prefixlen not in _VPC_PREFIXES:
        message = f"{text}: use a range between /16 and /20, every pod takes an address of it"
        raise ValueError(message)
    return text


def _public_client(text: str) -> str:
    if IPv4Network(text).prefixlen < _WIDEST_CLIENT_PREFIX:
        message = (
            f"{text} opens the API server to the internet: name the addresses that you deploy from, "
            "or leave it empty and deploy over a VPN (apiPrivateCidrs)"
        )
        raise ValueError(message)
    return text


def _different(cidrs: tuple[str, ...]) -> tuple[str, ...]:
    for cidr in cidrs:
        if cidrs.count(cidr) > 1:
            message = f"{cidr} is named twice: remove one, AWS takes no second rule or route of the same range"
            raise ValueError(message)
    return cidrs


Cidrs = Annotated[tuple[Cidr, ...], AfterValidator(_different)]
"""IPv4 networks, each of which becomes a rule or a route."""


def _overlap(text: str, others: Sequence[str]) -> str | None:
    return next((other for other in others if IPv4Network(text).overlaps(IPv4Network(other))), None)


class EksNetworkSettings(SettingsModel):
    """Keys of the network."""

    connected_cidrs: Cidrs = ()
    """Your own networks that a VPN, peering or transit gateway connects. The VPC and Services must not overlap them."""
    service_cidr: Annotated[Cidr, AfterValidator(_service_cidr)] = "172.20.0.0/16"
    """Addresses of Services inside the cluster. Cannot be changed once the cluster exists."""
    vpc_cidr: Annotated[Cidr, AfterValidator(_vpc_cidr)] = "10.64.0.0/16"
    """Address range of the new VPC, /16 to /20. Every pod takes an address of it."""
    transit_gateway_id: Annotated[str, Field(pattern=r"^tgw-[0-9a-f]{17}$")] | None = None
    """Transit gateway that leads to `connectedCidrs`: the VPC is attached and routed to it; null: you route."""
    nat_gateways: Literal["per-zone", "single"] = "per-zone"
    """Ways out to the internet: one in each zone, or a single one, cheaper, with which all zones fail."""
    interface_endpoints: Annotated[tuple[str, ...], AfterValidator(_endpoints)] = INTERFACE_ENDPOINTS
    """AWS services with addresses inside the VPC. Each costs about 0.01 USD an hour and zone, so all 16 in three zones
    about 350 USD a month, and 0.01 USD a GB (list prices of 2026-08, not verified, they differ among regions). What is
    left out is reached through NAT, at 0.045 USD a GB. The gateway endpoint of S3 is free and always there."""
    api_public_cidrs: Annotated[
        tuple[Annotated[Cidr, AfterValidator(_public_client)], ...], AfterValidator(_different)
    ] = ()
    """Addresses that may reach the API server from outside the VPC. Empty: none, deploy from inside or over a VPN."""
    api_private_cidrs: Cidrs = ()
    """Networks that may reach the API server inside the VPC: ranges of `connectedCidrs`, or of the VPC itself."""

    def network_problem(self) -> str | None:
        """What of the ranges does not fit together, and the fix."""
        return self._overlap_problem() or self._gateway_problem() or self._client_problem()

    def _overlap_problem(self) -> str | None:
        if _overlap(self.vpc_cidr, [self.service_cidr]):
            inside = f"{self.service_cidr}, which Services use inside the cluster"
            return f"vpcCidr: {self.vpc_cidr} overlaps {inside}: choose another vpcCidr or serviceCidr"
        for key, cidr in (("vpcCidr", self.vpc_cidr), ("serviceCidr", self.service_cidr)):
            connected = _overlap(cidr, self.connected_cidrs)
            if connected:
                return f"{key}: {cidr} overlaps {connected} of connectedCidrs, no answer finds its way: choose another"
        return None

    def _gateway_problem(self) -> str | None:
        if self.transit_gateway_id and not self.connected_cidrs:
            return "transitGatewayId: it leads nowhere: name the networks behind it in connectedCidrs"
        return None

    def _client_problem(self) -> str | None:
        inside = [*self.connected_cidrs, self.vpc_cidr]
        for cidr in self.api_private_cidrs:
            if not any(IPv4Network(cidr).subnet_of(IPv4Network(network)) for network in inside):
                return f"apiPrivateCidrs: {cidr} is in none of {', '.join(inside)}: add its network to connectedCidrs"
        return None
