"""What hosts must have before k3s is installed on them, and what scripts are told about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.gpu_cluster.k3s.hosts.firewall import Firewall, firewall_files
from components.gpu_cluster.k3s.hosts.host_files import HostFile
from components.gpu_cluster.k3s.hosts.hosts import K3sHost

DRIVER_BRANCH = "580"
"""Oldest branch of the NVIDIA driver that is accepted and the one that is installed: supported until 2028-06."""

PACKAGES = ("curl",)
FIREWALL_PACKAGES = ("nftables",)
"""Packages that the scripts need; smaller images of Ubuntu lack them."""

_SERVER_PORTS = (2379, 2380, 2381, 6443, 10250, 10256, 10257, 10259)
_AGENT_PORTS = (6444, 10250, 10256)


DriverSource = Literal["none", "operator", "packages", "preinstalled"]


@dataclass(frozen=True, kw_only=True)
class ToolkitRepository:
    """Where `release` of the NVIDIA container toolkit is installed from: the apt repository `url`, signed by the key at
    `key_url` with `key_fingerprint` (40 hexadecimal digits).
    """

    release: str
    url: str
    key_url: str
    key_fingerprint: str


@dataclass(frozen=True, kw_only=True)
class HostDriver:
    """The NVIDIA driver of GPU hosts: `preinstalled`, installed from `packages`, or by the GPU `operator`.

    `branch` is the oldest one accepted and the one that is installed, of Ubuntu's packages. `fabric_manager` says
    whether the GPUs need it, None to tell by the NVSwitches on the PCI bus. `toolkit` is set for `packages`.
    """

    source: Literal["operator", "packages", "preinstalled"]
    branch: str = DRIVER_BRANCH
    fabric_manager: bool | None = None
    toolkit: ToolkitRepository | None = None


@dataclass(frozen=True, kw_only=True)
class HostPlan:
    """`minimum_disk_gib` is the free space below /var/lib/rancher before the installation. `packages` are packages of
    the operating system. `firewall` is None where the platform must leave it alone.
    """

    minimum_disk_gib: int
    packages: tuple[str, ...] = ()
    firewall: Firewall | None
    driver: HostDriver


def driver_source(host: K3sHost, plan: HostPlan) -> DriverSource:
    """Who brings the NVIDIA driver to a host."""
    return plan.driver.source if _gpus(host) else "none"


def preflight_variables(host: K3sHost, plan: HostPlan, *, server: bool) -> dict[str, str]:
    """Variables of `preflight.sh`."""
    return _gpu_variables(host, plan) | {
        "TCP_PORTS": " ".join(str(port) for port in (_SERVER_PORTS if server else _AGENT_PORTS)),
        "MINIMUM_DISK_GIB": str(plan.minimum_disk_gib),
        "DRIVER": driver_source(host, plan),
        "FIREWALL": _yes(plan.firewall is not None),
    }


def prepare_variables(host: K3sHost, plan: HostPlan, *, hosts: Sequence[K3sHost]) -> dict[str, str]:
    """Variables of `prepare_host.sh`. `hosts` are all of the cluster."""
    firewall = plan.firewall
    packages = (*PACKAGES, *(FIREWALL_PACKAGES if firewall else ()), *plan.packages)
    reach_api = (*firewall.admin_cidrs, *firewall.client_cidrs) if firewall else ()
    return {
        "PACKAGES": " ".join(packages),
        "EXPECTED_GPUS": str(_gpus(host)),
        "FIREWALL": _yes(firewall is not None),
        "ADMIN_CIDRS": " ".join(firewall.admin_cidrs) if firewall else "",
        "API_CIDRS": " ".join([*reach_api, *(f"{host.address}/32" for host in hosts)]),
    }


def prepare_files(
    plan: HostPlan, *, ssh_port: int, hosts: Sequence[K3sHost], api_address: str, pod_cidr: str, service_cidr: str
) -> tuple[HostFile, ...]:
    """Files of `prepare_host.sh`."""
    if plan.firewall is None:
        return ()
    return firewall_files(
        plan.firewall,
        ssh_port=ssh_port,
        addresses=[*(host.address for host in hosts), api_address],
        pod_cidr=pod_cidr,
        service_cidr=service_cidr,
    )


def driver_variables(host: K3sHost, plan: HostPlan) -> dict[str, str]:
    """Variables of `install_driver.sh` and `wait_for_driver.sh`. Raises ValueError without a repository."""
    toolkit = plan.driver.toolkit
    if toolkit is None:
        message = f"{host.name}: the plan names no repository of the NVIDIA container toolkit"
        raise ValueError(message)
    return _gpu_variables(host, plan) | {
        "TOOLKIT_RELEASE": toolkit.release,
        "TOOLKIT_REPOSITORY": toolkit.url,
        "TOOLKIT_KEY_URL": toolkit.key_url,
        "TOOLKIT_KEY_FINGERPRINT": toolkit.key_fingerprint,
    }


def _gpu_variables(host: K3sHost, plan: HostPlan) -> dict[str, str]:
    fabric = plan.driver.fabric_manager
    return {
        "EXPECTED_GPUS": str(_gpus(host)),
        "DRIVER_BRANCH": plan.driver.branch,
        "FABRIC_MANAGER": "auto" if fabric is None else _yes(fabric),
    }


def _gpus(host: K3sHost) -> int:
    return host.pool.gpus_per_node if host.pool else 0


def _yes(value: bool) -> str:  # noqa: FBT001 # turns a flag into a word of the scripts
    return "yes" if value else "no"
