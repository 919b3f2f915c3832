"""Checks of hosts before anything is changed on any of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components.gpu_cluster.k3s.hosts.host_plan import HostDriver
from tests.components.gpu_cluster.k3s.conftest import StartHost
from tests.components.gpu_cluster.k3s.program import (
    Commands,
    Keys,
    commands,
    failure,
    host_plan,
    installation_args,
    run,
    succeed,
)
from tests.components.gpu_cluster.k3s.scratch_host import ScratchHost

Change = Callable[[ScratchHost], object]

TAKEN = 'LISTEN 0 4096 *:10250 *:* users:(("kubelet",pid=77,fd=10))'
OWN = 'LISTEN 0 4096 *:10250 *:* users:(("k3s-server",pid=77,fd=10))'


@pytest.fixture(scope="module")
def preinstalled(keys: Keys) -> Commands:
    return commands(lambda: installation_args(keys, host_plan=host_plan()))


def secure_boot(host: ScratchHost) -> None:
    path = host.write("sys/firmware/efi/efivars/SecureBoot-8be4df61", "")
    path.write_bytes(bytes([6, 0, 0, 0, 1]))


def add_driver(host: ScratchHost, *, gpus: int = 4, branch: str = "580", toolkit: bool = True) -> None:
    host.say("driver-runs")
    host.say("gpus", str(gpus))
    host.say("driver", branch)
    for name in ("nvidia-smi", *(["nvidia-container-runtime"] if toolkit else [])):
        (host.folder / "bin" / name).write_bytes((host.folder / "later" / name).read_bytes())
        (host.folder / "bin" / name).chmod(0o755)


PROBLEMS: dict[str, tuple[Change, str]] = {
    "sudo": (lambda host: host.say("sudo-asks"), "allow all commands with NOPASSWD in /etc/sudoers.d"),
    "debian": (
        lambda host: host.write("etc/os-release", 'ID=debian\nVERSION_ID="12"\n'),
        "the system is debian 12: install Ubuntu 22.04, 24.04, 26.04",
    ),
    "old-ubuntu": (
        lambda host: host.write("etc/os-release", "ID=ubuntu\nVERSION_ID=20.04\n"),
        "the system is ubuntu 20.04: install",
    ),
    "kernel": (
        lambda host: host.add_command("uname", "echo 5.4.0-42-generic"),
        "the kernel is 5.4.0-42-generic: install",
    ),
    "architecture": (
        lambda host: host.add_command("uname", "case $1 in -m) echo riscv64 ;; *) echo 6.8.0 ;; esac"),
        "the architecture is riscv64",
    ),
    "cgroup": (
        lambda host: (host.root / "sys/fs/cgroup/cgroup.controllers").unlink(),
        "cgroup v2 is off: remove systemd.unified_cgroup_hierarchy=0",
    ),
    "wireguard": (lambda host: host.say("no-wireguard"), "no WireGuard, which encrypts traffic between nodes: install"),
    "name": (
        lambda host: host.say("hostname", "old-name"),
        "the host calls itself old-name: correct its address in the settings, or run 'hostnamectl hostname server-1'",
    ),
    "route": (lambda host: host.unsay("routes"), "there is no default route"),
    "address": (lambda host: host.unsay("addresses"), "no interface has 127.0.0.1: give the host's own address"),
    "ufw": (lambda host: host.say("ufw", "Status: active"), "ufw is active"),
    "time": (lambda host: host.say("synchronised", "no"), "the clock is not synchronised"),
    "disk": (lambda host: host.say("disk", "0"), "/var/lib/rancher has 0 GiB free: give it at least 1 GiB"),
    "port": (lambda host: host.say("sockets-10250", TAKEN), "port 10250 is taken (by kubelet): stop that program"),
    "tunnel": (lambda host: host.say("sockets-51820", "UNCONN 0 0 *:51820 *:*"), "UDP port 51820 is taken"),
}


@pytest.mark.parametrize("problem", list(PROBLEMS))
def test_a_host_that_cannot_become_a_node_is_named_with_the_fix(
    server: ScratchHost, program: Commands, problem: str
) -> None:
    change, message = PROBLEMS[problem]
    change(server)
    assert message in failure(server, program["preflight-server-1"])


def test_all_problems_of_a_host_are_told_at_once(server: ScratchHost, program: Commands) -> None:
    server.unsay("routes")
    server.say("synchronised", "no")
    server.say("disk", "0")
    lines = failure(server, program["preflight-server-1"]).splitlines()
    assert lines[-1] == "server-1: 4 problems: nothing was changed on any host"
    assert len(lines) == 5


def test_a_bare_host_passes(server: ScratchHost, program: Commands) -> None:
    assert succeed(server, program["preflight-server-1"]) == "server-1: ready for installation\n"


def test_a_check_changes_nothing(gpu_host: ScratchHost, program: Commands) -> None:
    before = gpu_host.files()
    succeed(gpu_host, program["preflight-gpu-1"])
    assert gpu_host.files() == before
    assert gpu_host.log
    assert gpu_host.changes == []


def test_a_node_that_runs_passes_with_its_own_ports_and_a_disk_that_it_filled(
    server: ScratchHost, program: Commands
) -> None:
    server.say("sockets-10250", OWN)
    server.say("sockets-51820", "UNCONN 0 0 *:51820 *:*")
    server.write("sys/class/net/flannel-wg/mtu", "1420")
    server.say("disk", "0")
    server.write("usr/local/bin/k3s", "").chmod(0o755)
    succeed(server, program["preflight-server-1"])


def test_a_clock_that_chrony_keeps_will_do(server: ScratchHost, program: Commands) -> None:
    server.say("synchronised", "no")
    server.add_command("chronyc", 'echo "Leap status     : Normal"')
    succeed(server, program["preflight-server-1"])


def test_swap_is_noted_and_no_problem(server: ScratchHost, program: Commands) -> None:
    server.write("proc/swaps", "Filename\tType\tSize\n/swap.img\tfile\t4194300\n")
    assert "note: swap is on" in succeed(server, program["preflight-server-1"])


def test_gpus_that_no_pool_uses_are_noted_and_no_problem(start: StartHost, program: Commands) -> None:
    host = start("server-1", gpus=1)
    assert "does not use the host's 1 NVIDIA GPUs" in succeed(host, program["preflight-server-1"])


def test_a_missing_gpu_is_found_on_the_bus(start: StartHost, program: Commands) -> None:
    host = start("gpu-1", gpus=3)
    assert "the PCI bus shows 3 NVIDIA GPUs, the host's pool says 4" in failure(host, program["preflight-gpu-1"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda host: None,
            "the NVIDIA driver is missing: install branch 580 or newer, or set cluster.hostDriver.install",
        ),
        (lambda host: add_driver(host, gpus=3), "the driver shows 3 GPUs, the host's pool says 4"),
        (lambda host: add_driver(host, branch="570"), "the NVIDIA driver is of branch 570: upgrade it to 580 or newer"),
        (lambda host: add_driver(host, toolkit=False), "nvidia-container-runtime is missing: install"),
        (
            lambda host: (add_driver(host), host.add_pci_device("0000:90:00.0", "0x068000")),
            "the GPUs talk through NVSwitches and nvidia-fabricmanager does not run",
        ),
    ],
    ids=["driver", "count", "branch", "toolkit", "fabric"],
)
def test_a_driver_that_should_be_there_is_checked(
    gpu_host: ScratchHost, preinstalled: Commands, change: Change, message: str
) -> None:
    change(gpu_host)
    assert message in failure(gpu_host, preinstalled["preflight-gpu-1"])


def test_a_complete_gpu_host_passes(gpu_host: ScratchHost, preinstalled: Commands) -> None:
    add_driver(gpu_host, branch="595")
    gpu_host.add_pci_device("0000:90:00.0", "0x068000")
    gpu_host.say("unit-nvidia-fabricmanager")
    succeed(gpu_host, preinstalled["preflight-gpu-1"])


def test_secure_boot_needs_signed_modules(gpu_host: ScratchHost, program: Commands) -> None:
    secure_boot(gpu_host)
    modules = "linux-modules-nvidia-580-server-open-6.8.0-60-generic"
    assert f"no package {modules}" in failure(gpu_host, program["preflight-gpu-1"])
    gpu_host.say(f"package-{modules}")
    succeed(gpu_host, program["preflight-gpu-1"])


def test_secure_boot_refuses_the_driver_of_the_operator(gpu_host: ScratchHost, keys: Keys) -> None:
    made = commands(lambda: installation_args(keys, host_plan=host_plan(driver=HostDriver(source="operator"))))
    succeed(gpu_host, made["preflight-gpu-1"])
    secure_boot(gpu_host)
    assert "set cluster.gpuOperator.driver to host" in failure(gpu_host, made["preflight-gpu-1"])


def test_ufw_may_stay_where_the_platform_keeps_no_firewall(server: ScratchHost, keys: Keys) -> None:
    made = commands(lambda: installation_args(keys, host_plan=host_plan(firewall=None)))
    server.say("ufw", "Status: active")
    assert run(server, made["preflight-server-1"]).returncode == 0
