"""Settings of hosts → what must be done to them before k3s is installed."""

from __future__ import annotations

from components.base import pins
from components.gpu_cluster.k3s.hosts.firewall import Firewall
from components.gpu_cluster.k3s.hosts.host_plan import HostDriver, HostPlan, ToolkitRepository
from stacks.schema.cluster import K3sClusterSettings
from stacks.schema.k3s_hosts import FirewallSettings


def host_plan(cluster: K3sClusterSettings, *, packages: tuple[str, ...]) -> HostPlan:
    """What hosts must have. `packages` are packages of the operating system that parts of the cluster need."""
    return HostPlan(
        minimum_disk_gib=cluster.minimum_disk_gib,
        packages=packages,
        firewall=_firewall(cluster.firewall) if cluster.firewall else None,
        driver=_driver(cluster),
    )


def _firewall(settings: FirewallSettings) -> Firewall:
    egress = settings.egress
    return Firewall(
        admin_cidrs=settings.admin_cidrs,
        client_cidrs=settings.client_cidrs,
        service_ports=settings.service_ports,
        egress_cidrs=egress.allowed_cidrs if egress.mode == "restricted" else None,
    )


def _driver(cluster: K3sClusterSettings) -> HostDriver:
    settings = cluster.host_driver
    if cluster.gpu_operator.driver == "operator":
        return HostDriver(source="operator")
    return HostDriver(
        source="packages" if settings.install else "preinstalled",
        branch=settings.branch,
        fabric_manager=settings.fabric_manager,
        toolkit=ToolkitRepository(
            release=pins.NVIDIA_CONTAINER_TOOLKIT,
            url=settings.toolkit_repository,
            key_url=settings.toolkit_key_url,
            key_fingerprint=settings.toolkit_key_fingerprint,
        ),
    )
