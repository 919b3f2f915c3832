"""Settings of hosts of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from components.gpu_cluster.k3s.hosts.host_plan import driver_source, prepare_variables
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from stacks.arguments.k3s_hosts import host_plan
from stacks.schema.cluster import K3sClusterSettings, node_pools
from stacks.schema.cluster_parts import PRIVATE_CIDRS
from tests.settings.test_cluster_settings import HOST_KEY, k3s, problem

ADAPTER: TypeAdapter[K3sClusterSettings] = TypeAdapter(K3sClusterSettings)


def read(**changes: Any) -> K3sClusterSettings:
    return ADAPTER.validate_python(k3s(**changes))


def gpu_host(cluster: K3sClusterSettings) -> K3sHost:
    return K3sHost(name="gpu-1", address="10.20.0.21", host_key=HOST_KEY, pool=node_pools(cluster)[1])


def test_hosts_are_closed_to_all_but_private_networks_by_default() -> None:
    firewall = host_plan(read(), packages=()).firewall
    assert firewall
    assert firewall.client_cidrs == PRIVATE_CIDRS
    assert firewall.service_ports == (80, 443)
    assert firewall.admin_cidrs == ()
    assert firewall.egress_cidrs is None


def test_restricted_hosts_reach_the_listed_networks_alone() -> None:
    egress = {"mode": "restricted", "allowedCidrs": ["10.30.0.0/24"]}
    cluster = read(firewall={"egress": egress}, downloadUrl="https://mirror.example.org/k3s")
    firewall = host_plan(cluster, packages=()).firewall
    assert firewall
    assert firewall.egress_cidrs == ("10.30.0.0/24",)


def test_the_firewall_can_be_left_to_others() -> None:
    assert host_plan(read(firewall=None), packages=()).firewall is None


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({}, "preinstalled"),
        ({"hostDriver": {"install": True}}, "packages"),
        ({"gpuOperator": {"driver": "operator"}}, "operator"),
    ],
)
def test_one_setting_says_who_brings_the_driver(changes: dict[str, Any], source: str) -> None:
    cluster = read(**changes)
    assert driver_source(gpu_host(cluster), host_plan(cluster, packages=())) == source


def test_packages_of_storage_are_installed_on_every_host() -> None:
    cluster = read()
    plan = host_plan(cluster, packages=("open-iscsi",))
    assert prepare_variables(gpu_host(cluster), plan, hosts=())["PACKAGES"] == "curl nftables open-iscsi"


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        (
            {"hostDriver": {"install": True}, "gpuOperator": {"driver": "operator"}},
            "",
            "hostDriver.install: gpuOperator.driver is operator, which installs the driver too",
        ),
        (
            {"hostDriver": {"branch": "535"}},
            "hostDriver.branch",
            "branch 535 is older than what CUDA 13 needs: use 580",
        ),
        ({"hostDriver": {"branch": "580.82"}}, "hostDriver.branch", "pattern"),
        ({"hostDriver": {"toolkitKeyFingerprint": "abc"}}, "hostDriver.toolkitKeyFingerprint", "pattern"),
        (
            {"firewall": {"egress": {"mode": "restricted"}}},
            "",
            "firewall.egress.mode: restricted hosts do not reach github.com: set downloadUrl to a mirror",
        ),
        ({"firewall": {"clientCidrs": []}}, "firewall.clientCidrs", "must have at least one entry"),
        ({"firewall": {"adminCidrs": ["10.0.0.1/8"]}}, "firewall.adminCidrs.0", "is no CIDR range"),
        ({"firewall": {"servicePorts": [0]}}, "firewall.servicePorts.0", "greater than or equal to 1"),
        ({"downloadUrl": "http://mirror.example.org"}, "downloadUrl", "pattern"),
        ({"minimumDiskGib": 0}, "minimumDiskGib", "greater than or equal to 1"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], path: str, words: str) -> None:
    found, message = problem(k3s(**changes))
    assert found == path
    assert words in message


@pytest.mark.parametrize("url", ["https://mirror.example.org/k3s", "file:///srv/k3s"])
def test_releases_come_from_a_mirror_or_from_a_folder_on_every_host(url: str) -> None:
    assert read(downloadUrl=url, airGapImages=True).download_url == url


@pytest.mark.parametrize("key", [HOST_KEY.split()[1], f"10.20.0.11 {HOST_KEY}", f"{HOST_KEY} root@control-1"])
def test_a_host_key_that_was_copied_in_part_says_where_to_take_it_from(key: str) -> None:
    servers = [{**k3s()["servers"][0], "hostKey": key}]
    path, message = problem(k3s(servers=servers))
    assert path == "servers.0.hostKey"
    assert "is no public SSH key: write type and key, as ssh-keyscan" in message
