"""The firewall of hosts, judged by the kernel: rules are loaded in a network namespace and packets are sent through."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from components.gpu_cluster.k3s.hosts.firewall import RULES_FILE, UNIT_FILE, Firewall, firewall_files

FIREWALL = Firewall(
    admin_cidrs=("10.9.0.0/24",), client_cidrs=("10.8.0.0/24",), service_ports=(80, 443), egress_cidrs=None
)
PROBE = Path(__file__).parent / "firewall_probe.sh"


def rules(firewall: Firewall = FIREWALL) -> str:
    files = firewall_files(
        firewall,
        ssh_port=22,
        addresses=["10.20.0.2", "10.20.0.1", "10.20.0.1"],
        pod_cidr="10.42.0.0/16",
        service_cidr="10.43.0.0/16",
    )
    return {file.path: file.content for file in files}[RULES_FILE]


def in_namespace(*arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run a command as root of a network of its own."""
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "--mount", *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def kernel() -> None:
    if shutil.which("nft") is None or shutil.which("ip") is None:
        pytest.skip("nftables and iproute2 are not installed (.ci/run installs them)")
    if in_namespace("nft", "add", "table", "inet", "probe", text="").returncode != 0:
        pytest.skip("this machine allows no network namespaces")


@pytest.mark.parametrize(
    "firewall",
    [
        FIREWALL,
        replace(FIREWALL, admin_cidrs=()),
        replace(FIREWALL, egress_cidrs=("10.0.0.0/8", "10.20.0.0/16")),
        replace(FIREWALL, egress_cidrs=()),
    ],
    ids=["open", "no-admins", "restricted", "closed"],
)
@pytest.mark.usefixtures("kernel")
def test_the_kernel_takes_the_rules_again_and_again(firewall: Firewall) -> None:
    twice = f"nft --check --file - <<'EOF'\n{rules(firewall)}EOF\n"
    load = f"nft --file - <<'EOF'\n{rules(firewall)}EOF\n"
    script = f"set -e\nnft add table inet others\n{twice}{load}{load}nft list tables\n"
    done = in_namespace("bash", "-s", text=script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == ["table inet others", "table inet ai_platform"]


def reached(firewall: Firewall) -> set[str]:
    """What gets through, as `<from> <to>`."""
    done = in_namespace("bash", str(PROBE), text=rules(firewall))
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines())


@pytest.mark.usefixtures("kernel")
def test_every_zone_reaches_what_it_should_and_nothing_else() -> None:
    assert reached(FIREWALL) == {
        "node node:10250",  # nodes among each other
        "node node:6443",
        "node service:80",
        "node service:5432",
        "node pod:8080",
        "admin node:22",
        "admin node:6443",
        "client node:6443",
        "client service:80",
        "pod node:10250",
        "pod outside",
        "host outside",
    }


@pytest.mark.usefixtures("kernel")
def test_without_admin_networks_ssh_is_open_to_all() -> None:
    found = reached(replace(FIREWALL, admin_cidrs=()))
    assert {f"{zone} node:22" for zone in ("node", "admin", "client", "stranger")} <= found
    assert "admin node:6443" not in found


@pytest.mark.usefixtures("kernel")
def test_restricted_hosts_and_pods_reach_the_listed_networks_alone() -> None:
    closed = reached(replace(FIREWALL, egress_cidrs=("10.7.0.0/24",)))
    assert not {"pod outside", "host outside"} & closed
    listed = reached(replace(FIREWALL, egress_cidrs=("192.0.2.0/24",)))
    assert {"pod outside", "host outside"} <= listed
    assert {name for name in listed if "outside" not in name} == {name for name in closed if "outside" not in name}
    assert "client service:80" in closed


def test_the_unit_loads_the_file_and_takes_back_its_own_table_alone() -> None:
    files = firewall_files(FIREWALL, ssh_port=22, addresses=[], pod_cidr="10.42.0.0/16", service_cidr="10.43.0.0/16")
    unit = {file.path: file.content for file in files}[UNIT_FILE]
    assert f"ExecStart=/usr/sbin/nft --file {RULES_FILE}" in unit
    assert "ExecStop=/usr/sbin/nft delete table inet ai_platform" in unit
    assert "flush ruleset" not in rules()


def test_rules_do_not_depend_on_the_order_of_hosts() -> None:
    assert "elements = { 10.20.0.1, 10.20.0.2 }" in rules()
