"""The control plane of a k3s cluster: its address, its networks, snapshots of etcd, and the sealed server token."""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.gpu_cluster.k3s.plan import POD_CIDR, SERVICE_CIDR, SnapshotPlan
from stacks.schema.base import PositiveInt, SettingsModel
from stacks.schema.cluster_parts import Cidr, ClusterBaseSettings
from stacks.schema.cron import cron_problem
from stacks.schema.k3s_addresses import ClusterAddresses, address_problem, endpoint_problem


def _cron(text: str) -> str:
    problem = cron_problem(text)
    if problem:
        raise ValueError(problem)
    return text


def _endpoint(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?", text):
        message = f"{text!r} is no host with an optional port: write it like s3.example.org:443, without https://"
        raise ValueError(message)
    return text


def _certificate(text: str) -> str:
    if "PRIVATE KEY" in text:
        message = "holds a private key: take it out of this file, make a new one, and give the certificate alone"
        raise ValueError(message)
    if text.count("BEGIN CERTIFICATE") != 1:
        message = "is not one X.509 certificate in PEM: it starts with -----BEGIN CERTIFICATE-----"
        raise ValueError(message)
    return _certificates(text)


def _certificates(text: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        message = "is no X.509 certificate in PEM: it starts with -----BEGIN CERTIFICATE----- and was not cut"
        raise ValueError(message) from None
    return text


CertificatePem = Annotated[str, AfterValidator(_certificate)]
"""One X.509 certificate in PEM."""

CertificatesPem = Annotated[str, AfterValidator(_certificates)]
"""X.509 certificates in PEM, one after another."""


class VirtualIpSettings(SettingsModel):
    """Who brings `apiAddress` to the servers."""

    provider: Literal["kube-vip", "external"] = "kube-vip"
    """`kube-vip`: the servers elect one of them that holds the address and tells the network so by ARP; all servers
    are then in one layer 2 network. `external`: a load balancer of yours in front of port 6443, which asks the servers
    for `/readyz`."""
    interface: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,15}$")] | None = None
    """Network interface that kube-vip puts the address on; null: the one with the default route."""


class SnapshotStoreSettings(SettingsModel):
    """An S3 bucket outside of this cluster. Its access key is the stack's secrets
    `ai-platform:etcdSnapshotAccessKeyId` and `ai-platform:etcdSnapshotSecretAccessKey`; it needs to list the bucket
    and to read, write and delete below `folder`."""

    endpoint: Annotated[str, AfterValidator(_endpoint)]
    """Host of the S3 server, with a port where it is not 443. It is reached by HTTPS."""
    region: str = Field(min_length=1, default="us-east-1")
    """Region of the bucket."""
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    """The bucket, which exists already. Encrypt it and keep old versions: whoever can write there can also delete."""
    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")]
    """Folder in the bucket, one for each cluster."""
    ca_certificate: CertificatesPem | None = None
    """Authority that signed the endpoint's certificate, in PEM; null: one that the hosts trust anyway."""


class EtcdSnapshotSettings(SettingsModel):
    """Snapshots of etcd, which holds every object of the cluster."""

    schedule: Annotated[str, AfterValidator(_cron)] = SnapshotPlan.schedule
    """When each server takes one: minute, hour, day of the month, month, day of the week, in the server's time."""
    retention: Annotated[int, Field(ge=1, le=1000)] = SnapshotPlan.retention
    """Snapshots of each server that are kept, on its disk and in the bucket."""
    s3: SnapshotStoreSettings | None = None
    """Where snapshots are copied to; null: they stay on the servers' disks, and are lost together with them."""


class TokenEscrowSettings(SettingsModel):
    """A sealed copy of the server token, which opens snapshots of etcd, as the stack's output `sealedServerToken`."""

    certificate: CertificatePem
    """Certificate (RSA or elliptic curve) whose private key lies in a safe, away from the servers and this stack."""


class ControlPlaneSettings(ClusterBaseSettings):
    """Keys of a k3s cluster that all its servers must agree on."""

    virtual_ip: VirtualIpSettings = VirtualIpSettings()
    """Who brings `apiAddress` to the servers; without that address nobody has to."""
    pod_cidr: Cidr = POD_CIDR
    """Addresses of pods; each node takes a /24 of it. It cannot be changed once the cluster runs."""
    service_cidr: Cidr = SERVICE_CIDR
    """Addresses of Services: the first is the API server's, the tenth that of DNS. It cannot be changed once the
    cluster runs."""
    host_networks: tuple[Cidr, ...] = ()
    """Networks that the hosts are in. Named here, they are kept apart from the cluster's own ranges, and a host outside
    of them is refused."""
    embedded_registry: bool = False
    """Nodes fetch images from each other before they ask a registry. Saves an uplink where many nodes load images of
    20 GiB; any node can then hand out an image to any other, so images should be named by digest."""
    etcd_snapshots: EtcdSnapshotSettings = EtcdSnapshotSettings()
    """Snapshots of etcd."""
    token_escrow: TokenEscrowSettings | None = None
    """Sealed copy of the server token. Without one a snapshot can only be restored as long as a server or the stack's
    state still has the token."""
    kubeconfig_revision: PositiveInt = 1
    """Count up to read the administrator's kubeconfig again. Its certificate is valid for a year, and k3s renews it
    when it starts within the last 120 days of it: restart k3s on the first server, then count up, once a year."""

    token_revision: Annotated[int, Field(ge=1, le=50)] = 1
    """Count up by one to give the cluster new server and agent tokens. Earlier ones stay in the state, because a
    snapshot of etcd is restored with the token of its time; never count down."""

    def virtual_address(self, first_server: str, api_address: str | None) -> str | None:
        """The address that kube-vip brings to the servers, None where it has nothing to do."""
        if self.virtual_ip.provider == "external" or api_address == first_server:
            return None
        return api_address

    def control_plane_problem(
        self,
        *,
        servers: Sequence[str],
        agents: Sequence[str],
        api_address: str | None,
        ways_out: Sequence[str] | None,
    ) -> str | None:
        """What does not fit together, in one line that starts with the key path. `servers` and `agents` are addresses
        of hosts, `ways_out` the networks that they may reach, None for all.
        """
        addresses = ClusterAddresses(
            pod_cidr=self.pod_cidr,
            service_cidr=self.service_cidr,
            host_networks=self.host_networks,
            servers=tuple(servers),
            agents=tuple(agents),
            api_address=api_address,
            brings_api_address=self.virtual_ip.provider == "kube-vip",
        )
        virtual = self.virtual_address(servers[0], api_address)
        if self.virtual_ip.interface and virtual is None:
            return "virtualIp.interface: kube-vip has no address to bring: set apiAddress, or remove interface"
        store = self.etcd_snapshots.s3
        return address_problem(addresses) or (endpoint_problem(store.endpoint, addresses, ways_out) if store else None)
