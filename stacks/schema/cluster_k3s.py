"""k3s on hosts of your own, installed over SSH."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from components.gpu_cluster.k3s.hosts import POD_CIDR, SERVICE_CIDR
from stacks.schema.base import NOT_EMPTY, DnsLabel, SettingsModel
from stacks.schema.cluster_parts import (
    ClusterBaseSettings,
    GpuOperatorSettings,
    IssuerSettings,
    NewStorageClassSettings,
    StorageClassSettings,
    StorageSettings,
)

_LOCAL_PATH = NewStorageClassSettings(provisioner="rancher.io/local-path")


def _host_address(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        message = f"{text!r} is no IP address: use the host's IPv4 address in your own network"
        raise ValueError(message) from None
    for network in (POD_CIDR, SERVICE_CIDR):
        if address.version == 4 and address in ip_network(network):  # noqa: PLR2004 # IP version
            message = f"{text} lies in {network}, which k3s uses inside the cluster: give the host another address"
            raise ValueError(message)
    return text


HostAddress = Annotated[str, AfterValidator(_host_address)]
"""IPv4 address of a host, outside the ranges that k3s uses for pods and services."""


class HostSettings(SettingsModel):
    """A host of your own."""

    name: DnsLabel
    """Name of the node."""
    address: HostAddress
    """Where SSH and the other nodes reach the host."""
    host_key: Annotated[
        str, Field(pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,3}$")
    ]
    """The host's public SSH key (`ssh-keyscan -t ed25519 <address>`, compared on the host itself). Without it nothing
    would tell the host from somebody else's."""


class ServerSettings(HostSettings):
    """A host of the control plane, with a member of etcd."""

    pool: str | None = None
    """Pool that the host belongs to; null: it runs the control plane only and is tainted."""


class AgentSettings(HostSettings):
    """A host that runs workloads."""

    pool: str
    """Pool that the host belongs to."""


class SshSettings(SettingsModel):
    """How the deploying machine logs in.

    The private key is the stack's secret `ai-platform:sshPrivateKey`, or else one in the SSH agent of that machine.
    """

    user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
    """Login with `sudo` that asks for no password."""
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    """TCP port of the SSH servers."""


class RegistryMirrorSettings(SettingsModel):
    """Where containerd gets the images of one registry from."""

    registry: str = Field(min_length=1)
    """Host of the registry as images name it, for example `docker.io`."""
    endpoints: Annotated[tuple[Annotated[str, Field(pattern=r"^https://")], ...], NOT_EMPTY]
    """Mirrors in order of preference."""


class K3sClusterSettings(ClusterBaseSettings):
    """k3s with embedded etcd on Ubuntu hosts that have the NVIDIA driver and container toolkit installed."""

    kind: Literal["k3s"]
    ssh: SshSettings
    """Login to the hosts."""
    servers: Annotated[tuple[ServerSettings, ...], NOT_EMPTY]
    """Control plane: one host, or an odd number of at least three."""
    agents: tuple[AgentSettings, ...] = ()
    """Other hosts."""
    api_address: HostAddress | None = None
    """Virtual or load-balanced address in front of the servers' port 6443, which you provide; null: the first server's
    address, without failover of the API."""
    download_url: Annotated[str, Field(pattern=r"^https://")] = "https://github.com/k3s-io/k3s/releases/download"
    """Folder of k3s releases, for hosts that reach only a mirror."""
    registry_mirrors: tuple[RegistryMirrorSettings, ...] = ()
    """Mirrors for containerd on every host."""
    storage: StorageSettings = StorageSettings(
        fast=StorageClassSettings(name="platform-fast", create=_LOCAL_PATH),
        retained=StorageClassSettings(name="platform-retained", create=_LOCAL_PATH),
    )
    """Storage classes by meaning. Local disks by default; replicated storage once its driver is in the cluster."""
    issuer: IssuerSettings = IssuerSettings()
    """Who signs certificates."""
    gpu_operator: GpuOperatorSettings = GpuOperatorSettings()
    """The NVIDIA GPU operator."""

    @model_validator(mode="after")
    def _hosts_fit(self) -> K3sClusterSettings:
        problem = self._server_problem() or self._duplicate_problem() or self._pool_problem()
        if problem:
            raise ValueError(problem)
        self.issuer.require_solver()
        return self

    @property
    def hosts(self) -> tuple[ServerSettings | AgentSettings, ...]:
        """All hosts, servers first."""
        return (*self.servers, *self.agents)

    def _server_problem(self) -> str | None:
        count = len(self.servers)
        if count % 2 == 0:
            return (
                f"servers: {count} hosts tolerate no more failures than {count - 1}, because etcd needs a majority: "
                "use 1, 3 or 5"
            )
        return None

    def _duplicate_problem(self) -> str | None:
        for key in ("name", "address"):
            values: Counter[str] = Counter(getattr(host, key) for host in self.hosts)
            value, times = values.most_common(1)[0]
            if times > 1:
                return f"servers and agents: {times} hosts have the {key} {value!r}: give each its own"
        return None

    def _pool_problem(self) -> str | None:
        counts = Counter(host.pool for host in self.hosts if host.pool)
        known = {pool.name for pool in self.pools}
        unknown = sorted(set(counts) - known)
        if unknown:
            return f"servers and agents: no pool is called {unknown[0]!r}: the pools are {', '.join(sorted(known))}"
        for index, pool in enumerate(self.pools):
            if pool.nodes.min != counts[pool.name] or pool.nodes.max != counts[pool.name]:
                return (
                    f"pools[{index}].nodes: {counts[pool.name]} hosts belong to pool {pool.name!r} and nothing scales "
                    f"them: set min and max to {counts[pool.name]}, or change the hosts' pool"
                )
        return None
