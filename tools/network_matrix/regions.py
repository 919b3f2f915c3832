"""All IP addresses, divided where a network policy or the wiring makes a difference.

Within one region every address is treated alike, so that one of them answers for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range
from itertools import pairwise
from typing import Any

from components.base.network_policy import Block, PolicyRule, read_policy
from components.base.reachability import PRIVATE_RANGES
from components.base.wiring import METADATA_CIDRS
from tools.network_matrix.stack_network import Outside, StackNetwork

METADATA_SERVICE = "metadata service"
METADATA: tuple[Block, ...] = tuple(ip_network(text) for text in (*METADATA_CIDRS, "fd00:ec2::254/128"))
"""Where AWS answers with the credentials of a node (AWS, "Access instance metadata"); other clouds use the first."""

IPV4, IPV6 = 4, 6
_EVERYTHING = 1 << 32
"""A peer as wide as this says nothing about what is at an address."""
_ADDRESSES = {IPV4: (32, IPv4Address), IPV6: (128, IPv6Address)}
_PRIVATE: tuple[Block, ...] = tuple(ip_network(text) for text in PRIVATE_RANGES)


@dataclass(frozen=True, kw_only=True)
class Region:
    """Addresses that all policies treat alike. `wired` are the wired peers they belong to, `address` is one of them."""

    name: str
    address: str
    blocks: tuple[Block, ...]
    wired: frozenset[str]


_Address = IPv4Address | IPv6Address
_Range = tuple[Block, tuple[Block, ...]]
"""The block of a peer, and what it leaves out."""
_Key = tuple[frozenset[str], frozenset[int], bool, bool, int]


def regions_of(network: StackNetwork, policies: Iterable[Mapping[str, Any]]) -> tuple[Region, ...]:
    """Divide all addresses for the policies given, which may be others than the stack's own."""
    rules = [ranges for policy in policies for rule in _rules(policy) if (ranges := _ranges(rule))]
    cuts = [METADATA, _PRIVATE]
    cuts += [(*outside.blocks, *outside.excluded) for outside in network.outside]
    cuts += [(block, *excluded) for ranges in rules for block, excluded in ranges]
    found: dict[_Key, list[Block]] = {}
    for version in _ADDRESSES:
        blocks = {block for group in cuts for block in group if block.version == version}
        for first, last in _intervals(version, blocks):
            wired = frozenset(outside.name for outside in network.outside if holds(outside, first))
            listed = frozenset(number for number, ranges in enumerate(rules) if _in_ranges(first, ranges))
            key = (wired, listed, _in(first, METADATA), _in(first, _PRIVATE), version)
            found.setdefault(key, []).extend(summarize_address_range(first, last))  # pyright: ignore[reportArgumentType] # both ends are of one version
    return _named(found, network.outside)


def holds(outside: Outside, address: _Address) -> bool:
    """Whether an address belongs to a wired peer."""
    return _in(address, outside.blocks) and not _in(address, outside.excluded)


def _rules(policy: Mapping[str, Any]) -> Iterable[PolicyRule]:
    read = read_policy(policy)
    return (*(read.ingress or ()), *(read.egress or ()))


def _ranges(rule: PolicyRule) -> tuple[_Range, ...]:
    return tuple((peer.block, peer.excluded) for peer in rule.peers if peer.block)


def _in_ranges(address: _Address, ranges: Iterable[_Range]) -> bool:
    return any(address in block and not _in(address, excluded) for block, excluded in ranges)


def _in(address: _Address, blocks: Iterable[Block]) -> bool:
    return any(address in block for block in blocks)


def _intervals(version: int, blocks: Iterable[Block]) -> Iterable[tuple[_Address, _Address]]:
    bits, address = _ADDRESSES[version]
    starts = {0, 1 << bits}
    for block in blocks:
        starts |= {int(block.network_address), int(block.broadcast_address) + 1}
    return ((address(first), address(after - 1)) for first, after in pairwise(sorted(starts)))


def _named(found: Mapping[_Key, list[Block]], outside: Iterable[Outside]) -> tuple[Region, ...]:
    """Name each region after the narrowest wired peer that holds it, and number those of one name."""
    widths = {end.name: min(sum(block.num_addresses for block in end.blocks), _EVERYTHING) for end in outside}
    regions: list[Region] = []
    taken: dict[str, int] = {}
    for (wired, _, metadata, private, version), blocks in sorted(found.items(), key=lambda item: _order(item[1])):
        name = _name(wired, widths, metadata=metadata, private=private, version=version)
        taken[name] = taken.get(name, 0) + 1
        full = f"outside/{name}" if taken[name] == 1 else f"outside/{name} {taken[name]}"
        regions.append(Region(name=full, address=_example(blocks), blocks=tuple(blocks), wired=wired))
    return tuple(regions)


def _order(blocks: list[Block]) -> tuple[int, int]:
    return blocks[0].version, int(blocks[0].network_address)


def _example(blocks: list[Block]) -> str:
    return str(blocks[0].network_address)


def _name(wired: frozenset[str], widths: Mapping[str, int], *, metadata: bool, private: bool, version: int) -> str:
    suffix = " (IPv6)" if version == IPV6 else ""
    if metadata:
        return METADATA_SERVICE + suffix
    least = min((widths[name] for name in wired), default=_EVERYTHING)
    if least < _EVERYTHING:
        return " or ".join(sorted(name.removeprefix("external/") for name in wired if widths[name] == least)) + suffix
    return ("private addresses" if private else "internet") + suffix
