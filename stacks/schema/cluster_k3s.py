"""k3s on hosts of your own, installed over SSH."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.schema.base import NOT_EMPTY, SettingsModel
from stacks.schema.cluster_parts import (
    GpuOperatorSettings,
    IssuerSettings,
)
from stacks.schema.k3s_add_ons import AddOnSettings
from stacks.schema.k3s_control_plane import CertificatesPem, ControlPlaneSettings
from stacks.schema.k3s_hosts import HostAddress, HostsSettings


class RegistryMirrorSettings(SettingsModel):
    """Where containerd gets the images of one registry from."""

    registry: str = Field(min_length=1)
    """Host of the registry as images name it, for example `docker.io`."""
    endpoints: Annotated[tuple[Annotated[str, Field(pattern=r"^https://")], ...], NOT_EMPTY]
    """Mirrors in order of preference."""
    ca_certificate: CertificatesPem | None = None
    """Authority that signed the mirrors' certificates, in PEM; null: one that the hosts trust anyway."""


class K3sClusterSettings(ControlPlaneSettings, HostsSettings, AddOnSettings):
    """k3s with embedded etcd on Ubuntu hosts."""

    kind: Literal["k3s"]
    api_address: HostAddress | None = None
    """Address at which the API stays reachable when a server fails, brought to the servers by `virtualIp`; null: the
    first server's own, without failover of the API."""
    registry_mirrors: tuple[RegistryMirrorSettings, ...] = ()
    """Mirrors for containerd on every host."""
    issuer: IssuerSettings = IssuerSettings()
    """Who signs certificates."""
    gpu_operator: GpuOperatorSettings = GpuOperatorSettings()
    """The NVIDIA GPU operator."""

    @model_validator(mode="after")
    def _hosts_fit(self) -> K3sClusterSettings:
        problem = (
            self.hosts_problem(self.pools, operator_driver=self.gpu_operator.driver == "operator")
            or self.control_plane_problem(
                servers=[server.address for server in self.servers],
                agents=[agent.address for agent in self.agents],
                api_address=self.api_address,
                ways_out=self.ways_out,
            )
            or self.add_on_problem(
                pools=self.pools,
                taken={**({"apiAddress": self.api_address} if self.api_address else {}), **self._host_addresses()},
                ranges={"podCidr": self.pod_cidr, "serviceCidr": self.service_cidr},
                host_networks=self.host_networks,
            )
        )
        if problem:
            raise ValueError(problem)
        self.issuer.require_solver()
        return self

    def _host_addresses(self) -> dict[str, str]:
        return {f"the address of host {host.name!r}": host.address for host in self.hosts}
