"""What the kinds of cluster have in common: version, pools, storage classes, issuer."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from components.base.kubernetes_versions import SUPPORTED_VERSIONS
from stacks.schema.base import NOT_EMPTY, DnsLabel, SettingsModel
from stacks.schema.pools import PoolSettings

PRIVATE_CIDRS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""Private IPv4 ranges (RFC 1918)."""


def _cidr(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError as error:
        message = f"{text!r} is no CIDR range ({error}): write it like 10.20.0.0/16"
        raise ValueError(message) from None
    if not isinstance(network, IPv4Network):
        message = f"{text!r} is IPv6, the platform's network policies are IPv4: use an IPv4 range"
        raise ValueError(message)  # pydantic turns only ValueError into a message
    return text


Cidr = Annotated[str, AfterValidator(_cidr)]
"""An IPv4 network without host bits, for example 10.20.0.0/16."""


class NewStorageClassSettings(SettingsModel):
    """A StorageClass that the platform creates."""

    provisioner: str = Field(min_length=1)
    """Name of the storage driver, for example `rancher.io/local-path` or `driver.longhorn.io`."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """Parameters of the driver."""
    volume_binding_mode: Literal["Immediate", "WaitForFirstConsumer"] = "WaitForFirstConsumer"
    """When a volume is bound; node-bound drivers must wait for the pod."""


class StorageClassSettings(SettingsModel):
    """One storage class."""

    name: DnsLabel
    """Name of the StorageClass."""
    create: NewStorageClassSettings | None = None
    """How to create it; null when the cluster has it already."""


class StorageSettings(SettingsModel):
    """Storage classes by meaning."""

    fast: StorageClassSettings
    """Block volumes on local or fast disks, deleted with their claim: caches, weights."""
    retained: StorageClassSettings
    """Block volumes that outlive their claim: databases, objects, vectors. A created class reclaims by `Retain`."""
    shared: StorageClassSettings | None = None
    """Volumes that many nodes mount at once; null where there are none."""


class AcmeSettings(SettingsModel):
    """Certificates from an ACME server (Let's Encrypt, or one of your own)."""

    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    """Where the server writes to about expiring certificates."""
    server: Annotated[str, Field(pattern=r"^https://")] = "https://acme-v02.api.letsencrypt.org/directory"
    """Directory URL of the ACME server."""
    dns01: dict[str, Any] | None = None
    """DNS-01 solver as in the cert-manager CRD (`rfc2136`, `route53`, …); secrets by name, in namespace `security`."""


class IssuerSettings(SettingsModel):
    """Who signs the platform's certificates. Neither key: a certificate authority of the platform's own."""

    acme: AcmeSettings | None = None
    """Sign by ACME with DNS-01."""
    ca_secret: DnsLabel | None = None
    """Sign by the CA in this Secret (`tls.crt`, `tls.key`) of namespace `security`, which you create."""

    @model_validator(mode="after")
    def _one(self) -> IssuerSettings:
        if self.acme and self.ca_secret:
            message = "acme and caSecret exclude each other: keep one"
            raise ValueError(message)
        return self

    def require_solver(self) -> None:
        """Raise ValueError when ACME has no way to prove names."""
        if self.acme and not self.acme.dns01:
            message = "issuer.acme.dns01: required here: name the DNS service that holds the challenges"
            raise ValueError(message)


class GpuOperatorSettings(SettingsModel):
    """The NVIDIA GPU operator."""

    install: bool = True
    """false: the cluster has one already, set up with MIG strategy `mixed`."""
    driver: Literal["host", "operator"] = "host"
    """`host`: driver and container toolkit are packages of the node's OS; `operator`: the operator installs both."""
    container_runtime: Literal["runtime-class", "nri"] = "runtime-class"
    """How GPUs get into containers. `runtime-class`: pods name NVIDIA's RuntimeClass. `nri`: a plug-in of containerd
    adds them and pods name nothing; needs containerd 1.7.30, 2.1 or newer, and is not yet stable upstream."""


class ClusterBaseSettings(SettingsModel):
    """Keys of every kind of cluster."""

    kubernetes_version: str
    """Minor version of the control plane."""
    pools: Annotated[tuple[PoolSettings, ...], NOT_EMPTY]
    """Node pools; at least one has role `system`."""

    @field_validator("kubernetes_version")
    @classmethod
    def _supported(cls, version: str) -> str:
        if version not in SUPPORTED_VERSIONS:
            message = (
                f"Kubernetes {version} is not supported: use {' or '.join(SUPPORTED_VERSIONS)} "
                "(older ones are at their end of support, newer ones are not yet served by the GPU operator, "
                "CloudNativePG and Envoy Gateway)"
            )
            raise ValueError(message)
        return version

    @field_validator("pools")
    @classmethod
    def _pools_complete(cls, pools: tuple[PoolSettings, ...]) -> tuple[PoolSettings, ...]:
        names = [pool.name for pool in pools]
        for name in names:
            if names.count(name) > 1:
                message = f"two pools are called {name!r}: rename one"
                raise ValueError(message)
        if not any(pool.role == "system" for pool in pools):
            message = "no pool has role: system, and GPU nodes are tainted: add an untainted pool for everything else"
            raise ValueError(message)
        _require_equal_slices(pools)
        return pools


def _require_equal_slices(pools: tuple[PoolSettings, ...]) -> None:
    """A profile name selects one partitioning in the whole cluster (`nvidia.com/mig.config=all-<profile>`)."""
    slices: dict[str, int] = {}
    for pool in pools:
        if pool.mig and slices.setdefault(pool.mig.profile, pool.mig.slices) != pool.mig.slices:
            message = f"pool {pool.name!r} cuts other numbers of {pool.mig.profile} than another pool: use the same"
            raise ValueError(message)
