"""Pure layout of a VPC: for each zone a large private subnet for nodes and pods, small public and data ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

_PRIVATE_BITS = 3
"""A private subnet is an eighth of the VPC; with the VPC CNI every pod takes an address of it."""
_SMALL_BITS = 5
"""Public and data subnets are each a thirty-second part of the last eighth."""


@dataclass(frozen=True, kw_only=True)
class ZoneSubnets:
    """CIDR ranges of one availability zone. `data` has no route out of the VPC."""

    zone: str
    private: str
    public: str
    data: str


def subnet_layout(vpc_cidr: str, zones: Sequence[str]) -> tuple[ZoneSubnets, ...]:
    """Divide `vpc_cidr` among up to seven `zones`. The same zone keeps its ranges when another is added after it.

    Raises ValueError when there are more zones than eighths, or the small subnets would be under AWS's minimum of /28.
    """
    blocks = list(IPv4Network(vpc_cidr).subnets(prefixlen_diff=_PRIVATE_BITS))
    small = list(blocks[-1].subnets(prefixlen_diff=_SMALL_BITS))
    if len(zones) >= len(blocks) or small[0].prefixlen > 28:  # noqa: PLR2004 # AWS's minimum
        message = f"{vpc_cidr} is too small for {len(zones)} zones: use a range of at least /20 and at most 7 zones"
        raise ValueError(message)
    half = len(small) // 2
    return tuple(
        ZoneSubnets(
            zone=zone,
            private=str(blocks[index]),
            public=str(small[index]),
            data=str(small[half + index]),
        )
        for index, zone in enumerate(zones)
    )
