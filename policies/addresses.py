"""Address ranges: which of them are the whole internet."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from components.base.address_ranges import UNIQUE_LOCAL, WIDEST_PREFIX
from policies.fields import Field


def is_internet(cidr: Field) -> bool:
    """Whether the range is wider than any network of one owner; False for an absent one. Raises MalformedError."""
    if not cidr.present:
        return False
    network = cidr.parsed(_network, "a CIDR range")
    if isinstance(network, IPv6Network) and network.subnet_of(UNIQUE_LOCAL):
        return False
    return network.prefixlen < WIDEST_PREFIX[network.version]


def _network(cidr: str) -> IPv4Network | IPv6Network:
    return ip_network(cidr, strict=False)
