"""What all nodes of a k3s cluster must agree on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from components.gpu_cluster.k3s.hosts.hosts import K3sHost, RegistryMirror

API_PORT = 6443
"""TCP port of the API server, and of the supervisor that nodes join by."""

POD_CIDR = "10.42.0.0/16"
SERVICE_CIDR = "10.43.0.0/16"
"""The ranges that k3s uses when nothing else is said."""


@dataclass(frozen=True, kw_only=True)
class ClusterNetwork:
    """The address ranges inside of the cluster, as IPv4 CIDR ranges."""

    pod_cidr: str = POD_CIDR
    service_cidr: str = SERVICE_CIDR

    @property
    def api_service_address(self) -> str:
        """Address of the Service `kubernetes`: the first one of the service range."""
        return str(IPv4Network(self.service_cidr)[1])

    @property
    def dns_address(self) -> str:
        """Address of the Service `kube-dns`: the tenth of the service range, which k3s takes by itself."""
        return str(IPv4Network(self.service_cidr)[10])


@dataclass(frozen=True, kw_only=True)
class VirtualIp:
    """An address that moves between the servers. `interface` holds it, None: the one with the default route. `image`
    is the reference of kube-vip's image.
    """

    address: str
    interface: str | None
    image: str


@dataclass(frozen=True, kw_only=True)
class SnapshotStore:
    """An S3 bucket outside of the cluster. `endpoint` is a host with an optional port, `folder` a path in the bucket,
    `ca_certificate` PEM of the authority that signed the endpoint's certificate, None for a public one.
    """

    endpoint: str
    region: str
    bucket: str
    folder: str
    ca_certificate: str | None = None


@dataclass(frozen=True, kw_only=True)
class SnapshotPlan:
    """When etcd is saved (`schedule`, a cron expression in the server's time) and how many snapshots of each server
    are kept. They stay on the servers' disks alone without `store`.
    """

    schedule: str = "0 */6 * * *"
    retention: int = 28
    store: SnapshotStore | None = None


@dataclass(frozen=True, kw_only=True)
class K3sClusterPlan:
    """`servers[0]` starts the cluster. `kubernetes_version` is a minor version (`1.36`). `api_address` is where clients
    reach the API server; `virtual_ip` is set when kube-vip brings that address to the servers.
    """

    kubernetes_version: str
    servers: tuple[K3sHost, ...]
    api_address: str
    network: ClusterNetwork = ClusterNetwork()
    registry_mirrors: tuple[RegistryMirror, ...] = ()
    embedded_registry: bool = False
    virtual_ip: VirtualIp | None = None
    snapshots: SnapshotPlan = SnapshotPlan()

    @property
    def first_server(self) -> K3sHost:
        """The server that starts the cluster."""
        return self.servers[0]

    @property
    def api_addresses(self) -> Sequence[str]:
        """Every address at which the API server answers, sorted: names in its certificate."""
        return sorted({self.api_address, *(server.address for server in self.servers)})
