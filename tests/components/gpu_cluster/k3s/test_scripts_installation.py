"""Installation of k3s on a prepared host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.gpu_cluster.k3s.control_plane.node_files import CONFIG_FILE
from components.gpu_cluster.k3s.hosts.host_files import HostFile, bash_arrays
from tests.components.gpu_cluster.k3s.program import (
    Commands,
    Keys,
    commands,
    failure,
    installation_args,
    run,
    succeed,
)
from tests.components.gpu_cluster.k3s.scratch_host import ScratchHost
from tools.render import wire
from tools.render.monitor import RecordedResource

STEP = "server-server-1"
NEWER = "v1.36.10+k3s1"


def made(keys: Keys, **changes: Any) -> RecordedResource:
    return commands(lambda: installation_args(keys, **changes))[STEP]


def downloads(host: ScratchHost) -> list[str]:
    return [line for line in host.log if line.startswith("curl") and "/ping" not in line]


def restarts(host: ScratchHost) -> int:
    return host.log.count("systemctl stop k3s")


def with_files(step: RecordedResource, *files: HostFile) -> RecordedResource:
    """The same command with other files."""
    text = wire.clear(step.inputs["stdin"])
    head, tail = text.index("FILE_PATHS="), text.index("#!/usr/bin/env bash")
    stdin = f"{text[:head]}{bash_arrays(files)}\n{text[tail:]}"
    return replace(step, inputs={**step.inputs, "stdin": stdin})


CONFIG = HostFile(path=CONFIG_FILE, content="token: it's $ecret `id`\nnode-name: server-1\n")
MANIFEST = HostFile(path="/var/lib/rancher/k3s/server/manifests/vip.yaml", content="kind: A\n", restart=False)


def test_a_server_is_installed_configured_and_started(server: ScratchHost, program: Commands) -> None:
    assert succeed(server, program[STEP]) == "server-1: k3s v1.36.5+k3s1 is ready\n"
    config = server.root / CONFIG_FILE.removeprefix("/")
    assert "node-name: server-1" in config.read_text()
    assert config.stat().st_mode & 0o777 == 0o600
    unit = (server.root / "etc/systemd/system/k3s.service").read_text()
    assert "ExecStart=/usr/local/bin/k3s server" in unit
    assert "TimeoutStartSec=0" in unit
    assert downloads(server)[0].endswith("https://mirror.example.org/k3s/v1.36.5%2Bk3s1/k3s")
    assert (server.root / "var/lib/rancher/k3s/server/logs").stat().st_mode & 0o777 == 0o700
    assert "systemctl enable --quiet k3s" in server.log


def test_nodes_talk_at_the_hosts_address_wherever_the_default_route_leads(
    server: ScratchHost, program: Commands
) -> None:
    path = server.root / "etc/rancher/k3s/config.yaml.d/flannel-interface.yaml"
    succeed(server, program[STEP])
    assert not path.exists()
    server.say("routes", "default via 192.168.7.1 dev eno1 proto dhcp metric 100")
    succeed(server, program[STEP], program[STEP])
    assert path.read_text() == "flannel-iface: eth0\n"
    assert restarts(server) == 2
    server.say("routes", "default via 10.20.0.1 dev eth0")
    succeed(server, program[STEP], program[STEP])
    assert not path.exists()
    assert restarts(server) == 3


def test_a_server_that_is_no_longer_the_first_gives_up_its_manifests(server: ScratchHost, program: Commands) -> None:
    folder = "var/lib/rancher/k3s/server/manifests"
    own = server.write(f"{folder}/kube-vip.yaml", "kind: DaemonSet\n")
    foreign = server.write(f"{folder}/coredns.yaml", "kind: Deployment\n")
    first = with_files(program[STEP], CONFIG, HostFile(path=f"/{folder}/kube-vip.yaml", content="kind: A\n"))
    succeed(server, first)
    assert own.exists()
    succeed(server, with_files(program[STEP], CONFIG))
    assert not own.exists()
    assert foreign.exists()


def test_an_agent_has_a_unit_of_its_own(gpu_host: ScratchHost, program: Commands) -> None:
    succeed(gpu_host, program["agent-gpu-1"])
    assert "k3s agent" in (gpu_host.root / "etc/systemd/system/k3s-agent.service").read_text()
    assert "systemctl start --no-block k3s-agent" in gpu_host.log
    assert not (gpu_host.root / "var/lib/rancher/k3s/server").exists()


def test_files_arrive_as_they_are(server: ScratchHost, program: Commands) -> None:
    succeed(server, with_files(program[STEP], CONFIG, MANIFEST))
    assert (server.root / CONFIG.path.removeprefix("/")).read_text() == CONFIG.content
    assert (server.root / MANIFEST.path.removeprefix("/")).read_text() == MANIFEST.content


def test_only_what_k3s_reads_at_its_start_restarts_it(server: ScratchHost, program: Commands) -> None:
    succeed(server, with_files(program[STEP], CONFIG, MANIFEST))
    assert restarts(server) == 1
    other = HostFile(path=MANIFEST.path, content="kind: B\n", restart=False)
    succeed(server, with_files(program[STEP], CONFIG, other))
    assert (server.root / MANIFEST.path.removeprefix("/")).read_text() == "kind: B\n"
    assert restarts(server) == 1
    server.forget()
    succeed(server, with_files(program[STEP], HostFile(path=CONFIG.path, content="token: other\n"), other))
    assert restarts(server) == 1
    assert downloads(server) == []


def test_a_file_that_somebody_opened_is_closed_again(server: ScratchHost, program: Commands) -> None:
    succeed(server, program[STEP])
    config = server.root / CONFIG_FILE.removeprefix("/")
    config.chmod(0o644)
    succeed(server, program[STEP])
    assert config.stat().st_mode & 0o777 == 0o600


def test_a_run_that_broke_off_before_the_restart_is_made_up_for(server: ScratchHost, program: Commands) -> None:
    succeed(server, program[STEP])
    changed = with_files(program[STEP], CONFIG)
    server.add_command("systemctl", "exit 1")
    assert run(server, changed).returncode == 1
    assert (server.root / CONFIG.path.removeprefix("/")).read_text() == CONFIG.content
    server.add_command("systemctl", "true")
    server.forget()
    succeed(server, changed)
    assert restarts(server) == 1
    succeed(server, changed)
    assert restarts(server) == 1


@pytest.mark.parametrize("release", [NEWER, "v1.35.8+k3s1"])
def test_another_release_is_left_to_the_upgrade_controller(
    server: ScratchHost, keys: Keys, program: Commands, release: str
) -> None:
    succeed(server, program[STEP])
    server.forget()
    server.release(release)
    printed = succeed(server, made(keys, release=release, air_gap=True))
    assert f"has v1.36.5+k3s1 and keeps it: the upgrade controller brings {release}" in printed
    assert downloads(server) == []
    assert restarts(server) == 0


def test_a_download_with_another_checksum_is_not_installed(server: ScratchHost, program: Commands) -> None:
    server.say("checksums", f"{'0' * 64}  k3s\n")
    assert "the checksum of https://mirror.example.org/k3s/v1.36.5%2Bk3s1/k3s is not the one in" in failure(
        server, program[STEP]
    )
    assert not [path for path in server.files() if path.startswith("usr/local/bin")]
    assert not [line for line in server.log if line.startswith("systemctl")]


def test_a_mirror_that_does_not_answer_is_named(server: ScratchHost, program: Commands) -> None:
    server.say("no-network")
    assert "cannot download https://mirror.example.org/k3s/v1.36.5%2Bk3s1/k3s: check the network" in failure(
        server, program[STEP]
    )


def test_without_registries_the_images_of_k3s_come_from_the_mirror(server: ScratchHost, keys: Keys) -> None:
    step = made(keys, air_gap=True)
    succeed(server, step)
    images = server.root / "var/lib/rancher/k3s/agent/images/k3s-airgap-images-amd64.tar.zst"
    assert images.read_text() == "images"
    server.forget()
    succeed(server, step)
    assert downloads(server) == []
    assert restarts(server) == 0


def test_images_with_another_checksum_are_not_kept(server: ScratchHost, keys: Keys) -> None:
    server.say("images", "other")
    assert "k3s-airgap-images-amd64.tar.zst is not the one in sha256sum-amd64.txt" in failure(
        server, made(keys, air_gap=True)
    )
    assert not [path for path in server.files() if "airgap" in path or path.startswith("usr/local/bin")]


def test_certificates_are_closed_as_the_cis_benchmark_asks(server: ScratchHost, program: Commands) -> None:
    certificate = server.write("var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt", "pem")
    certificate.chmod(0o644)
    succeed(server, program[STEP])
    assert certificate.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("state", ["k3s-fails", "learner"])
def test_a_server_that_is_no_member_of_etcd_stops_the_installation(
    server: ScratchHost, program: Commands, state: str
) -> None:
    server.say(state)
    assert "k3s did not become ready: look at 'journalctl --unit k3s'" in failure(server, program[STEP])
    server.unsay(state)
    succeed(server, program[STEP])
    assert any("EtcdIsVoter" in line for line in server.log)
    assert "k3s kubectl get --raw /readyz/etcd --request-timeout=5s" in server.log


def test_a_server_that_lost_its_disk_does_not_begin_a_second_cluster(server: ScratchHost, keys: Keys) -> None:
    server.say("cluster-runs")
    assert "a cluster runs on 127.0.0.1 already, and this server would begin another: move a server that runs" in (
        failure(server, made(keys))
    )
    assert not (server.root / CONFIG_FILE.removeprefix("/")).exists()
    assert not [path for path in server.files() if path.startswith("usr/local/bin")]


def test_a_server_that_holds_the_cluster_asks_nobody(server: ScratchHost, program: Commands) -> None:
    server.write("var/lib/rancher/k3s/server/db/member", "data")
    server.say("cluster-runs")
    succeed(server, program[STEP])


def test_a_cluster_gets_its_new_token_before_its_configuration_has_it(server: ScratchHost, keys: Keys) -> None:
    succeed(server, made(keys))
    server.write("var/lib/rancher/k3s/server/token", "K10abc::server:former\n")
    server.forget()
    printed = succeed(server, made(keys, token_revision=2))
    assert "server-1: the cluster has a new server token" in printed
    request = (server.folder / "state" / "request").read_text()
    config = (server.root / CONFIG_FILE.removeprefix("/")).read_text()
    wanted = next(line.split(": ")[1] for line in config.splitlines() if line.startswith("token: "))
    assert 'url = "https://127.0.0.1:6443/v1-k3s/token"' in request
    assert 'user = "server:former"' in request
    assert f'data = "{{\\"newToken\\":\\"{wanted}\\"}}"' in request
    assert restarts(server) == 1
    assert wanted not in server.processes
    assert "former" not in server.processes


def test_a_token_that_k3s_refuses_changes_nothing(server: ScratchHost, keys: Keys) -> None:
    succeed(server, made(keys))
    server.write("var/lib/rancher/k3s/server/token", "K10abc::server:former\n")
    config = server.root / CONFIG_FILE.removeprefix("/")
    before = config.read_text()
    server.say("refuses-token")
    assert "k3s did not take the new server token: look at" in failure(server, made(keys, token_revision=2))
    assert config.read_text() == before


def test_a_token_that_the_cluster_has_already_is_not_given_again(server: ScratchHost, keys: Keys) -> None:
    step = made(keys)
    succeed(server, step)
    config = (server.root / CONFIG_FILE.removeprefix("/")).read_text()
    token = next(line.split(": ")[1] for line in config.splitlines() if line.startswith("token: "))
    server.write("var/lib/rancher/k3s/server/token", f"K10abc::server:{token}\n")
    server.forget()
    succeed(server, step)
    assert not [line for line in server.log if "v1-k3s" in line or "--config" in line]
