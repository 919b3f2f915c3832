"""Preparation of hosts: kernel, packages, firewall."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.gpu_cluster.k3s.hosts.firewall import RULES_FILE, UNIT_FILE, Firewall
from tests.components.gpu_cluster.clusters import HOST_PLAN
from tests.components.gpu_cluster.k3s.program import (
    Commands,
    Keys,
    commands,
    failure,
    host_plan,
    installation_args,
    succeed,
)
from tests.components.gpu_cluster.k3s.scratch_host import ScratchHost

STEP = "preparation-server-1"


def made(keys: Keys, **changes: Any) -> Commands:
    return commands(lambda: installation_args(keys, host_plan=host_plan(**changes)))


def firewall(**changes: Any) -> Firewall:
    assert HOST_PLAN.firewall
    return replace(HOST_PLAN.firewall, **changes)


def test_the_kernel_is_set_as_the_kubelet_demands(server: ScratchHost, program: Commands) -> None:
    succeed(server, program[STEP])
    settings = (server.root / "etc/sysctl.d/90-kubelet.conf").read_text().splitlines()
    assert {"vm.panic_on_oom=0", "vm.overcommit_memory=1", "kernel.panic=10", "kernel.panic_on_oops=1"} < set(settings)
    assert f"sysctl --quiet --load {server.root}/etc/sysctl.d/90-kubelet.conf" in server.log
    assert (server.root / "etc/modules-load.d/ai-platform.conf").read_text().split() == [
        "br_netfilter",
        "overlay",
        "wireguard",
    ]
    assert server.log.index("modprobe --all br_netfilter overlay wireguard") < server.log.index(
        f"sysctl --quiet --load {server.root}/etc/sysctl.d/90-kubelet.conf"
    )


def test_no_kernel_comes_at_night(server: ScratchHost, program: Commands) -> None:
    succeed(server, program[STEP])
    held = (server.root / "etc/apt/apt.conf.d/52ai-platform-held-packages").read_text()
    assert "Unattended-Upgrade::Package-Blacklist" in held
    assert "linux-(image|headers|modules" in held


def test_nouveau_stays_away_from_gpus_alone(server: ScratchHost, program: Commands) -> None:
    path = server.root / "etc/modprobe.d/ai-platform-nouveau.conf"
    succeed(server, program[STEP])
    assert not path.exists()
    succeed(server, program["preparation-gpu-1"])
    assert "blacklist nouveau" in path.read_text()
    assert server.log.count("update-initramfs -u") == 1


def test_packages_are_installed_where_they_are_missing(server: ScratchHost, keys: Keys) -> None:
    step = made(keys, packages=("open-iscsi", "nfs-common"))[STEP]
    server.say("installed-nfs-common")
    succeed(server, step)
    (installed,) = [line for line in server.log if line.startswith("apt-get install")]
    assert installed.split()[-2:] == ["nftables", "open-iscsi"]
    assert "systemctl enable --now --quiet iscsid" in server.log


def test_a_lock_that_the_system_holds_on_its_packages_is_waited_for(server: ScratchHost, program: Commands) -> None:
    server.say("apt-locked")
    succeed(server, program[STEP])
    assert [line.split()[1] for line in server.log if line.startswith("apt-get")] == ["update", "update", "install"]
    assert any("DPkg::Lock::Timeout=" in line for line in server.log)


def test_multipathd_leaves_the_disks_of_longhorn_alone(server: ScratchHost, keys: Keys, program: Commands) -> None:
    path = server.root / "etc/multipath/conf.d/ai-platform-longhorn.conf"
    server.say("unit-multipathd")
    succeed(server, program[STEP])
    assert not path.exists()
    step = made(keys, packages=("open-iscsi", "nfs-common"))[STEP]
    succeed(server, step, step)
    assert 'vendor "IET"' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o644
    assert server.log.count("systemctl reload multipathd") == 1


def test_a_package_that_cannot_be_had_is_named(server: ScratchHost, program: Commands) -> None:
    server.say("apt-fails")
    assert "server-1: cannot install nftables: check" in failure(server, program[STEP])


def test_the_firewall_is_loaded_once_and_again_when_it_changes(
    server: ScratchHost, keys: Keys, program: Commands
) -> None:
    succeed(server, program[STEP])
    load = "systemctl reload-or-restart ai-platform-firewall.service"
    assert server.log.count(load) == 1
    assert (server.root / RULES_FILE.removeprefix("/")).stat().st_mode & 0o777 == 0o600
    assert (server.root / UNIT_FILE.removeprefix("/")).stat().st_mode & 0o777 == 0o644
    succeed(server, program[STEP])
    assert server.log.count(load) == 1
    succeed(server, made(keys, firewall=firewall(client_cidrs=("10.30.0.0/16",)))[STEP])
    assert server.log.count(load) == 2


def test_rules_that_the_kernel_refuses_are_not_written(server: ScratchHost, program: Commands) -> None:
    server.say("nft-refuses")
    assert "server-1: the kernel refuses the rules: Error: syntax error" in failure(server, program[STEP])
    assert not {RULES_FILE.removeprefix("/"), UNIT_FILE.removeprefix("/")} & set(server.files())
    assert not [line for line in server.log if "ai-platform-firewall" in line]


def test_nobody_locks_the_deploying_machine_out(server: ScratchHost, keys: Keys) -> None:
    locked = made(keys, firewall=firewall(admin_cidrs=("10.20.0.0/16", "127.0.1.0/24")))[STEP]
    message = failure(server, locked)
    assert "this SSH session comes from 127.0.0.1, which cluster.firewall.adminCidrs does not hold" in message
    assert not (server.root / RULES_FILE.removeprefix("/")).exists()
    assert not [line for line in server.log if "ai-platform-firewall" in line]
    succeed(server, made(keys, firewall=firewall(admin_cidrs=("10.20.0.0/16", "127.0.0.0/30")))[STEP])
    assert "ip saddr @admins tcp dport" in (server.root / RULES_FILE.removeprefix("/")).read_text()


def test_a_deploying_machine_that_would_not_reach_the_api_server_is_told_so(
    server: ScratchHost, program: Commands
) -> None:
    step = program[STEP]
    text = step.inputs["stdin"]
    assert "API_CIDRS='10.0.0.0/8 127.0.0.1/32 127.0.0.1/32" in text
    elsewhere = replace(step, inputs={**step.inputs, "stdin": text.replace("127.0.0.1/32", "10.20.0.11/32")})
    message = failure(server, elsewhere)
    assert "this SSH session comes from 127.0.0.1, which cluster.firewall.clientCidrs does not hold" in message
    assert not (server.root / RULES_FILE.removeprefix("/")).exists()


def test_a_firewall_that_is_no_longer_wanted_goes(server: ScratchHost, keys: Keys, program: Commands) -> None:
    without = made(keys, firewall=None)[STEP]
    succeed(server, without)
    assert not [line for line in server.log if "ai-platform-firewall" in line or line.startswith("nft")]
    succeed(server, program[STEP], without)
    assert "systemctl disable --now --quiet ai-platform-firewall.service" in server.log
    assert not (server.root / RULES_FILE.removeprefix("/")).exists()
    assert not (server.root / UNIT_FILE.removeprefix("/")).exists()


def test_hosts_of_one_cluster_have_the_same_rules(program: Commands) -> None:
    texts = {name: program[f"preparation-{name}"].inputs["stdin"] for name in ("server-1", "server-2", "gpu-1")}
    rules = {text[text.index("FILE_CONTENTS=") : text.index("#!/usr/bin/env bash")] for text in texts.values()}
    assert len(rules) == 1
