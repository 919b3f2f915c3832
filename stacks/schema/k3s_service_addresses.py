"""Addresses for the Services of a k3s cluster, and how the network learns where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from stacks.schema.base import NOT_EMPTY, DnsLabel, SettingsModel


def address_blocks(text: str) -> tuple[IPv4Network, ...]:
    """The networks that `first-last` or a CIDR range covers. Raises ValueError with the fix."""
    first, dash, last = text.partition("-")
    try:
        if not dash:
            return (IPv4Network(text),)
        ends = IPv4Address(first), IPv4Address(last)
    except ValueError as error:
        message = f"{text!r} is no range of IPv4 addresses ({error}): write 10.20.0.100-10.20.0.110 or 10.20.0.96/28"
        raise ValueError(message) from None
    if ends[0] > ends[1]:
        message = f"{text!r} is upside down: write {last}-{first}"
        raise ValueError(message)
    return tuple(summarize_address_range(*ends))


def _address_range(text: str) -> str:
    address_blocks(text)
    return text


def _router(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        message = f"{text!r} is no IPv4 address: write the router's address, like 10.20.0.1"
        raise ValueError(message) from None


AddressRange = Annotated[str, AfterValidator(_address_range)]
"""IPv4 addresses: `first-last` or a CIDR range."""

Asn = Annotated[int, Field(ge=1, le=4_294_967_295)]
"""Number of an autonomous system."""


class BgpPeerSettings(SettingsModel):
    """A router that learns the addresses."""

    name: DnsLabel
    """Name of the session, unique in the list."""
    address: Annotated[str, AfterValidator(_router)]
    """IPv4 address of the router."""
    asn: Asn
    """The router's autonomous system."""
    password_secret: DnsLabel | None = None
    """Secret of type `kubernetes.io/basic-auth` in namespace `load-balancer`, which you create, with the session's
    password; null: without one."""


class BgpSettings(SettingsModel):
    """Sessions with routers, so that all nodes share the traffic."""

    asn: Asn
    """The nodes' autonomous system."""
    peers: Annotated[tuple[BgpPeerSettings, ...], NOT_EMPTY]
    """Routers that every node opens a session to, at TCP port 179."""

    @field_validator("peers")
    @classmethod
    def _names_differ(cls, peers: tuple[BgpPeerSettings, ...]) -> tuple[BgpPeerSettings, ...]:
        names = [peer.name for peer in peers]
        for name in names:
            if names.count(name) > 1:
                message = f"two peers are called {name!r}: rename one"
                raise ValueError(message)
        return peers


class ServiceAddressSettings(SettingsModel):
    """Addresses of your own network for the gateway's Service. The first of them is what DNS points at."""

    addresses: Annotated[tuple[AddressRange, ...], NOT_EMPTY]
    """Addresses that nothing else uses and no DHCP server hands out, for example `10.20.0.100-10.20.0.110`."""
    mode: Literal["layer2", "bgp"] = "layer2"
    """`layer2`: one node at a time answers for an address, by ARP; the addresses are in the nodes' own network.
    `bgp`: every node announces them to the routers of `bgp`."""
    interfaces: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,15}$")], ...] = ()
    """Network interfaces that answer in mode `layer2`; empty: all of them."""
    bgp: BgpSettings | None = None
    """Sessions of mode `bgp`."""

    @model_validator(mode="after")
    def _mode_complete(self) -> ServiceAddressSettings:
        if self.mode == "bgp" and self.bgp is None:
            message = "bgp: required with mode: bgp: name the routers"
            raise ValueError(message)
        if self.mode == "layer2" and self.bgp is not None:
            message = "bgp: has no effect with mode: layer2: remove it or set mode: bgp"
            raise ValueError(message)
        if self.mode == "bgp" and self.interfaces:
            message = "interfaces: has no effect with mode: bgp: remove it"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _addresses_once(self) -> ServiceAddressSettings:
        seen: list[tuple[str, IPv4Network]] = []
        for text in self.addresses:
            for block in address_blocks(text):
                for other, network in seen:
                    if other != text and block.overlaps(network):
                        message = f"addresses: {text} and {other} share addresses: list each address once"
                        raise ValueError(message)
                seen.append((text, block))
        return self

    def problem(
        self, *, taken: Mapping[str, str], ranges: Mapping[str, str], host_networks: Sequence[str]
    ) -> str | None:
        """What collides or cannot be answered for, in one line that starts with the key path.

        `taken` are addresses in use and `ranges` CIDR ranges used inside the cluster, both by key path;
        `host_networks` are the networks of the hosts, as far as the settings name them.
        """
        for index, text in enumerate(self.addresses):
            blocks, path = address_blocks(text), f"loadBalancer.addresses[{index}]"
            for key, address in taken.items():
                if any(IPv4Address(address) in block for block in blocks):
                    return f"{path}: {text} holds {address}, which is {key}: leave it out of the range"
            for key, cidr in ranges.items():
                if any(block.overlaps(IPv4Network(cidr)) for block in blocks):
                    return f"{path}: {text} overlaps {key} {cidr}, used inside the cluster: use addresses outside of it"
            if self.mode == "layer2" and host_networks and not _lie_in(blocks, host_networks):
                return (
                    f"{path}: {text} lies in none of hostNetworks, and mode: layer2 answers in the nodes' own network "
                    "alone: use addresses there, or mode: bgp"
                )
        return None


def _lie_in(blocks: Sequence[IPv4Network], networks: Sequence[str]) -> bool:
    return all(any(block.subnet_of(IPv4Network(network)) for network in networks) for block in blocks)
