"""Hosts of your own for a k3s cluster: login, preparation, driver, firewall."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from components.gpu_cluster.k3s.hosts.host_plan import DRIVER_BRANCH
from stacks.schema.base import NOT_EMPTY, DnsLabel, PositiveInt, SettingsModel
from stacks.schema.cluster_parts import PRIVATE_CIDRS, Cidr
from stacks.schema.pools import PoolSettings

K3S_RELEASES_URL = "https://github.com/k3s-io/k3s/releases/download"


def _host_address(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        message = f"{text!r} is no IP address: use the host's IPv4 address in your own network"
        raise ValueError(message) from None
    if not isinstance(address, IPv4Address):
        message = f"{text!r} is IPv6, the platform's network policies are IPv4: use the host's IPv4 address"
        raise ValueError(message)  # pydantic turns only ValueError into a message
    return text


HostAddress = Annotated[str, AfterValidator(_host_address)]
"""IPv4 address of a host."""


_HOST_KEY = r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,3}$"


def _host_key(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(_HOST_KEY, value):
        message = (
            f"{value!r} is no public SSH key: write type and key, as ssh-keyscan -t ed25519 <address> prints them "
            "after the address"
        )
        raise ValueError(message)
    return value


def _driver_branch(text: str) -> str:
    if int(text) < int(DRIVER_BRANCH):
        message = f"branch {text} is older than what CUDA 13 needs: use {DRIVER_BRANCH} or newer"
        raise ValueError(message)
    return text


class HostSettings(SettingsModel):
    """A host of your own."""

    name: DnsLabel
    """Name of the node, and the host name that the host gives itself."""
    address: HostAddress
    """Where SSH and the other nodes reach the host."""
    host_key: Annotated[str, Field(pattern=_HOST_KEY), BeforeValidator(_host_key)]
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


class HostDriverSettings(SettingsModel):
    """The NVIDIA driver of GPU hosts, where `gpuOperator.driver` is `host`."""

    install: bool = False
    """true: driver and container toolkit are installed from packages where they are missing, which may reboot a host
    before k3s runs on it; false: they must be there. A driver that runs is never upgraded."""
    branch: Annotated[str, Field(pattern=r"^[0-9]{3}$"), AfterValidator(_driver_branch)] = DRIVER_BRANCH
    """Branch of Ubuntu's packages (`nvidia-headless-<branch>-server-open`) to install. 580 is served until 2028-06."""
    fabric_manager: bool | None = None
    """Whether the GPUs need NVIDIA's fabric manager (HGX and DGX systems); null: when NVSwitches are on the PCI bus.
    Systems with B200 and later GPUs do not show them there."""
    toolkit_repository: Annotated[str, Field(pattern=r"^https://")] = (
        "https://nvidia.github.io/libnvidia-container/stable/deb"
    )
    """apt repository of nvidia-container-toolkit, or a mirror of it."""
    toolkit_key_url: Annotated[str, Field(pattern=r"^https://")] = "https://nvidia.github.io/libnvidia-container/gpgkey"
    """Public key of that repository, ASCII-armoured."""
    toolkit_key_fingerprint: Annotated[str, Field(pattern=r"^[0-9A-F]{40}$")] = (
        "C95B321B61E88C1809C4F759DDCAE044F796ECB0"
    )
    """Fingerprint of that key. Another key is refused."""


class EgressSettings(SettingsModel):
    """What hosts and pods may reach outside of the cluster."""

    mode: Literal["open", "restricted"] = "open"
    """`open`: everything; `restricted`: `allowedCidrs` alone."""
    allowed_cidrs: tuple[Cidr, ...] = PRIVATE_CIDRS
    """Networks with the mirrors, name servers and time servers of restricted hosts."""


class FirewallSettings(SettingsModel):
    """A table of nftables rules on every host, which leaves those of others alone. Hosts of the cluster always reach
    each other where nodes talk; nothing else gets in but what stands here.
    """

    admin_cidrs: tuple[Cidr, ...] = ()
    """Networks that may open SSH sessions and reach the API server; empty: SSH from everywhere. The deploying machine
    must be in one of them."""
    client_cidrs: Annotated[tuple[Cidr, ...], NOT_EMPTY] = PRIVATE_CIDRS
    """Networks that may reach the API server and published services."""
    service_ports: Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], NOT_EMPTY] = (80, 443)
    """Ports of published services."""
    egress: EgressSettings = EgressSettings()
    """Ways out."""


class HostsSettings(SettingsModel):
    """Keys of a cluster on hosts of your own."""

    ssh: SshSettings
    """Login to the hosts."""
    servers: Annotated[tuple[ServerSettings, ...], NOT_EMPTY]
    """Control plane: one host, or an odd number of at least three."""
    agents: tuple[AgentSettings, ...] = ()
    """Other hosts."""
    minimum_disk_gib: PositiveInt = 100
    """Free space in GiB below /var/lib/rancher that a host must have before k3s is installed: images of model servers
    take 10 to 25 GiB each."""
    host_driver: HostDriverSettings = HostDriverSettings()
    """The NVIDIA driver of GPU hosts."""
    firewall: FirewallSettings | None = FirewallSettings()
    """The firewall of every host; null: the platform keeps none."""
    download_url: Annotated[str, Field(pattern=r"^(https://|file:///)")] = K3S_RELEASES_URL
    """Folder of k3s releases: a mirror, or `file:///…` for a folder that was copied to every host."""
    air_gap_images: bool = False
    """true: `k3s-airgap-images-<architecture>.tar.zst` is taken from `downloadUrl` too, so that k3s starts without any
    registry."""

    @property
    def hosts(self) -> tuple[ServerSettings | AgentSettings, ...]:
        """All hosts, servers first."""
        return (*self.servers, *self.agents)

    def hosts_problem(self, pools: Sequence[PoolSettings], *, operator_driver: bool) -> str | None:
        """What is wrong with the hosts, as `<key>: <what>: <fix>`, or None."""
        return (
            self._server_problem()
            or self._duplicate_problem()
            or self._pool_problem(pools)
            or self._egress_problem()
            or self._driver_problem(operator_driver=operator_driver)
        )

    @property
    def ways_out(self) -> tuple[str, ...] | None:
        """Networks that hosts may reach outside of the cluster, None for all."""
        egress = self.firewall.egress if self.firewall else None
        return egress.allowed_cidrs if egress and egress.mode == "restricted" else None

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

    def _pool_problem(self, pools: Sequence[PoolSettings]) -> str | None:
        counts = Counter(host.pool for host in self.hosts if host.pool)
        known = {pool.name for pool in pools}
        unknown = sorted(set(counts) - known)
        if unknown:
            return f"servers and agents: no pool is called {unknown[0]!r}: the pools are {', '.join(sorted(known))}"
        for index, pool in enumerate(pools):
            if not counts[pool.name]:
                return (
                    f"pools[{index}].name: no host belongs to pool {pool.name!r}: say pool: {pool.name} at the hosts "
                    "under servers or agents, or remove the pool"
                )
            if pool.nodes.min != counts[pool.name] or pool.nodes.max != counts[pool.name]:
                return (
                    f"pools[{index}].nodes: {counts[pool.name]} hosts belong to pool {pool.name!r} and nothing scales "
                    f"them: set min and max to {counts[pool.name]}, or change the hosts' pool"
                )
        return None

    def _egress_problem(self) -> str | None:
        if self.ways_out is not None and self.download_url == K3S_RELEASES_URL:
            return (
                "firewall.egress.mode: restricted hosts do not reach github.com: set downloadUrl to a mirror in "
                "allowedCidrs, or to file:///… on every host"
            )
        return None

    def _driver_problem(self, *, operator_driver: bool) -> str | None:
        if self.host_driver.install and operator_driver:
            return (
                "hostDriver.install: gpuOperator.driver is operator, which installs the driver too: "
                "set one of them to false or host"
            )
        return None
