"""Removal of k3s from hosts that leave the stack."""

from __future__ import annotations

from components.gpu_cluster.k3s.hosts.host_commands import KEEP
from tests.components.gpu_cluster.k3s.program import Commands, run, succeed
from tests.components.gpu_cluster.k3s.scratch_host import ScratchHost

BEFORE = ("preparation-server-1", "server-server-1")


def test_only_the_removal_itself_takes_k3s_off_a_host(server: ScratchHost, program: Commands) -> None:
    bare = set(server.files())
    succeed(server, *(program[step] for step in BEFORE))
    server.write("sys/class/net/cni0/mtu", "1420")
    server.write("var/lib/rancher/k3s/server/db/etcd", "data")
    server.write("var/lib/ai-platform/volumes/pvc-1/data", "kept")
    installed = server.files()
    removal = program["removal-server-1"]
    for line in ("create", "update"):
        assert removal.inputs[line] == KEEP
        assert run(server, removal, line=line).returncode == 0
    assert server.files() == installed
    done = run(server, removal, line="delete")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "server-1: k3s is removed\n"
    assert set(server.files()) - bare == {"sys/class/net/cni0/mtu", "var/lib/ai-platform/volumes/pvc-1/data"}
    assert "systemctl disable --now --quiet k3s" in server.log
    assert "systemctl disable --now --quiet ai-platform-firewall.service" in server.log
    assert "ip link delete cni0" in server.log


def test_no_process_of_a_pod_outlives_k3s(server: ScratchHost, program: Commands) -> None:
    succeed(server, *(program[step] for step in BEFORE))
    kill = server.write("sys/fs/cgroup/kubepods.slice/cgroup.kill", "")
    assert run(server, program["removal-server-1"], line="delete").returncode == 0
    assert kill.read_text() == "1\n"
    assert [line for line in server.log if line.startswith("pkill") and "containerd-shim" in line]


def test_rules_of_others_stay(server: ScratchHost, program: Commands) -> None:
    succeed(server, *(program[step] for step in BEFORE))
    assert run(server, program["removal-server-1"], line="delete").returncode == 0
    assert (server.folder / "state" / "iptables").read_text() == "-A INPUT -j MINE\n"


def test_a_second_removal_finds_nothing_to_do(server: ScratchHost, program: Commands) -> None:
    succeed(server, *(program[step] for step in BEFORE))
    removal = program["removal-server-1"]
    assert run(server, removal, line="delete").returncode == 0
    after = server.files()
    server.forget()
    assert run(server, removal, line="delete").returncode == 0
    assert server.files() == after
    assert server.changes == []


def test_a_removal_that_broke_off_is_taken_up_again(server: ScratchHost, program: Commands) -> None:
    succeed(server, *(program[step] for step in BEFORE))
    server.write("proc/self/mounts", f"tmpfs {server.root}/run/k3s/shm tmpfs rw 0 0\n")
    server.add_command("umount", "exit 1")
    removal = program["removal-server-1"]
    assert run(server, removal, line="delete").returncode != 0
    assert (server.root / "usr/local/bin/k3s").exists()
    server.add_command("umount", "true")
    assert run(server, removal, line="delete").returncode == 0
    assert not (server.root / "usr/local/bin/k3s").exists()


def test_mounts_below_k3s_go_before_its_folders_and_disks_of_the_host_stay(
    server: ScratchHost, program: Commands
) -> None:
    succeed(server, *(program[step] for step in BEFORE))
    root = server.root
    inside = [f"{root}/var/lib/kubelet/pods/a/volumes/b", f"{root}/run/k3s/containerd/x", f"{root}/run/netns/cni-1"]
    disk = f"{root}/var/lib/rancher/k3s"
    server.write("proc/self/mounts", "".join(f"tmpfs {path} tmpfs rw 0 0\n" for path in [*inside, disk, "/home"]))
    assert run(server, program["removal-server-1"], line="delete").returncode == 0
    unmounted = [line.split()[-1] for line in server.log if line.startswith("umount")]
    assert sorted(unmounted) == sorted(inside)
