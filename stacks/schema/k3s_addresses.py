"""Whether the addresses of a k3s cluster fit together: hosts, pods, Services, and the API's own address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

_NODE_PREFIX = 24
"""Every node takes a range of this size out of the pods' range (`node-cidr-mask-size`)."""
_POD_PREFIXES = range(8, _NODE_PREFIX + 1)
_SERVICE_PREFIXES = range(12, 25)
"""The API server takes no larger range; a smaller one is soon full."""


@dataclass(frozen=True, kw_only=True)
class ClusterAddresses:
    """`servers` and `agents` are addresses of hosts. `brings_api_address`: kube-vip brings it to the servers."""

    pod_cidr: str
    service_cidr: str
    host_networks: tuple[str, ...]
    servers: tuple[str, ...]
    agents: tuple[str, ...]
    api_address: str | None
    brings_api_address: bool

    @property
    def hosts(self) -> dict[str, str]:
        """Addresses of all hosts by their key path."""
        servers = {f"servers[{index}].address": address for index, address in enumerate(self.servers)}
        return servers | {f"agents[{index}].address": address for index, address in enumerate(self.agents)}

    @property
    def own_ranges(self) -> dict[str, IPv4Network]:
        """What is used inside of the cluster alone, by key path."""
        return {"podCidr": IPv4Network(self.pod_cidr), "serviceCidr": IPv4Network(self.service_cidr)}

    @property
    def ranges(self) -> dict[str, IPv4Network]:
        """All ranges by key path."""
        hosts = {f"hostNetworks[{index}]": IPv4Network(cidr) for index, cidr in enumerate(self.host_networks)}
        return self.own_ranges | hosts


def address_problem(addresses: ClusterAddresses) -> str | None:
    """The first problem, in one line that starts with the key path; None when everything fits."""
    return next(_problems(addresses), None)


def endpoint_problem(endpoint: str, addresses: ClusterAddresses, ways_out: Sequence[str] | None) -> str | None:
    """Whether an S3 endpoint (host with an optional port) is part of the cluster that it shall outlive, or out of its
    hosts' reach: `ways_out` are the networks that they may reach, None for all. A name is not looked up.
    """
    host = endpoint.partition(":")[0]
    where = _place_in_cluster(host, addresses)
    if where is None:
        return _reach_problem(host, ways_out) if ways_out is not None else None
    return (
        f"etcdSnapshots.s3.endpoint: {host} is {where}, and snapshots there are lost together with the cluster: "
        "use a bucket elsewhere"
    )


def _reach_problem(host: str, ways_out: Sequence[str]) -> str | None:
    try:
        address = IPv4Address(host)
    except ValueError:
        return None
    if any(address in IPv4Network(network) for network in ways_out):
        return None
    return f"etcdSnapshots.s3.endpoint: hosts do not reach {host}: add it to firewall.egress.allowedCidrs"


def _place_in_cluster(host: str, addresses: ClusterAddresses) -> str | None:
    if host == "localhost" or host.endswith((".svc", ".cluster.local")):
        return "a name inside of this cluster"
    try:
        address = IPv4Address(host)
    except ValueError:
        return None
    if address.is_loopback:
        return "the host itself"
    if host == addresses.api_address:
        return "this cluster's apiAddress"
    inside = next((key for key, network in addresses.own_ranges.items() if address in network), None)
    if inside:
        return f"in {inside}"
    return next((path for path, own in addresses.hosts.items() if own == host), None)


def _problems(addresses: ClusterAddresses) -> Iterator[str]:
    yield from _sizes(addresses)
    yield from _overlaps(addresses)
    yield from _places(addresses)
    yield from _api_address(addresses)


def _sizes(addresses: ClusterAddresses) -> Iterator[str]:
    pods, services = addresses.own_ranges.values()
    if pods.prefixlen not in _POD_PREFIXES:
        yield f"podCidr: {pods} has the wrong size: use a range between /8 and /24"
    room = 2 ** max(_NODE_PREFIX - pods.prefixlen, 0)
    if room < len(addresses.hosts):
        yield (
            f"podCidr: {pods} has room for {room} nodes, each of which takes a /24, and there are "
            f"{len(addresses.hosts)} hosts: choose a larger range"
        )
    if services.prefixlen not in _SERVICE_PREFIXES:
        yield f"serviceCidr: {services} has the wrong size: use a range between /12 and /24"


def _overlaps(addresses: ClusterAddresses) -> Iterator[str]:
    for (key, network), (other_key, other) in combinations(addresses.ranges.items(), 2):
        if network.overlaps(other):
            yield f"{other_key}: {other} overlaps {key} {network}: choose ranges that share no address"


def _places(addresses: ClusterAddresses) -> Iterator[str]:
    api = {"apiAddress": addresses.api_address} if addresses.api_address else {}
    for path, address in {**addresses.hosts, **api}.items():
        for key, network in addresses.own_ranges.items():
            if IPv4Address(address) in network:
                yield (
                    f"{path}: {address} lies in {key} {network}, which is used inside the cluster: "
                    f"give it another address, or set {key}"
                )
        if addresses.host_networks and not _in_host_networks(addresses, address):
            if path != "apiAddress":
                yield f"{path}: {address} lies in none of hostNetworks: add its network there"
            elif addresses.brings_api_address:
                yield (
                    f"{path}: {address} lies in none of hostNetworks, and kube-vip brings only an address of the "
                    "servers' own network: choose one there, or set virtualIp.provider: external"
                )


def _api_address(addresses: ClusterAddresses) -> Iterator[str]:
    if addresses.api_address in {None, addresses.servers[0]}:
        return
    for path, address in addresses.hosts.items():
        if address == addresses.api_address:
            yield f"apiAddress: {address} is {path}: choose an address that no host has, or leave it out"


def _in_host_networks(addresses: ClusterAddresses, address: str) -> bool:
    return any(IPv4Address(address) in IPv4Network(network) for network in addresses.host_networks)
