"""Starting, dying, resuming and stopping."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.base.node_pools import NodePool
from tests.simulated.manifests import deployment, eventually
from tools.simulator import ports, processes
from tools.simulator.cluster import SimulatedCluster
from tools.simulator.errors import SimulatorError
from tools.simulator.processes import ProcessRecord
from tools.simulator.state import StateFile

pytestmark = [pytest.mark.simulated, pytest.mark.xdist_group("simulated")]

NAMES = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "stand-ins"]
SYSTEM = NodePool(name="system", role="system", cpu=8, memory_gib=32, min_nodes=1, max_nodes=1)


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[SimulatedCluster]:
    """A cluster that one test may break."""
    cluster = SimulatedCluster(tmp_path / "cluster")
    yield cluster
    cluster.remove()


def _pids(cluster: SimulatedCluster) -> dict[str, int | None]:
    return {status.name: status.pid for status in cluster.status()}


def _records(cluster: SimulatedCluster) -> dict[str, ProcessRecord]:
    return StateFile(cluster.layout.folder).read().processes


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # that process has ended meanwhile


def test_all_processes_run_and_only_etcd_and_the_api_server_listen(simulated_cluster: SimulatedCluster) -> None:
    status = simulated_cluster.status()
    assert [entry.name for entry in status] == NAMES
    assert all(entry.pid and entry.log.is_file() for entry in status)
    assert [entry.name for entry in status if entry.port] == ["etcd", "kube-apiserver"]
    simulated_cluster.check()


def test_a_second_start_changes_nothing(
    simulated_cluster: SimulatedCluster, simulated_pools: tuple[NodePool, ...]
) -> None:
    def nodes() -> dict[str, str]:
        return {
            node["metadata"]["name"]: json.dumps([node["metadata"]["uid"], node["metadata"]["labels"], node["spec"]])
            for node in simulated_cluster.kubectl.get("nodes")
        }

    before, shape, kubeconfig = _pids(simulated_cluster), nodes(), simulated_cluster.kubeconfig.read_text()
    reported: list[str] = []
    another = SimulatedCluster(simulated_cluster.layout.folder)
    assert another.start(simulated_pools, reported.append) == simulated_cluster.kubeconfig
    assert reported == []
    assert _pids(simulated_cluster) == before
    assert nodes() == shape
    assert simulated_cluster.kubeconfig.read_text() == kubeconfig


def test_labels_and_taints_that_a_user_set_survive_a_second_start(
    simulated_cluster: SimulatedCluster, simulated_pools: tuple[NodePool, ...]
) -> None:
    kubectl = simulated_cluster.kubectl
    kubectl.run("label", "node", "system-0", "example.org/rack=r1")
    kubectl.run("taint", "node", "system-0", "example.org/repair=yes:PreferNoSchedule")
    kubectl.run("label", "node", "system-0", "--overwrite", "ai-platform/pool=wrong", "nvidia.com/gpu.count=9")
    simulated_cluster.start(simulated_pools)
    [node] = [node for node in kubectl.get("nodes") if node["metadata"]["name"] == "system-0"]
    assert node["metadata"]["labels"]["example.org/rack"] == "r1"
    assert [taint["key"] for taint in node["spec"]["taints"]] == ["example.org/repair"]
    assert node["metadata"]["labels"]["ai-platform/pool"] == "system"
    assert "nvidia.com/gpu.count" not in node["metadata"]["labels"]
    kubectl.run("taint", "node", "system-0", "example.org/repair-")


def test_a_killed_process_is_named_with_its_log_and_started_again_alone(
    simulated_cluster: SimulatedCluster, simulated_pools: tuple[NodePool, ...]
) -> None:
    before = _records(simulated_cluster)
    victim = before["kube-scheduler"]
    os.kill(victim.pid, signal.SIGKILL)
    eventually(lambda: not processes.is_running(victim))
    with pytest.raises(SimulatorError) as named:
        simulated_cluster.check()
    assert named.value.message == f"kube-scheduler (process {victim.pid}) has ended"
    assert named.value.log_tail.startswith(f"last lines of {simulated_cluster.layout.log('kube-scheduler')}:\n")
    assert len(named.value.log_tail.splitlines()) > 1
    assert _pids(simulated_cluster)["kube-scheduler"] is None

    reported: list[str] = []
    simulated_cluster.start(simulated_pools, reported.append)
    assert reported == [f"kube-scheduler: process {victim.pid} had ended", "starting kube-scheduler"]
    after = _records(simulated_cluster)
    assert {name for name in before if before[name] != after[name]} == {"kube-scheduler"}
    simulated_cluster.check()


def test_a_process_that_was_started_but_not_recorded_is_replaced(
    simulated_cluster: SimulatedCluster, simulated_pools: tuple[NodePool, ...]
) -> None:
    state_file = StateFile(simulated_cluster.layout.folder)
    state = state_file.read()
    lost = state.processes.pop("kwok")
    state_file.write(state)  # what a kill between the start of kwok and its record leaves behind
    simulated_cluster.start(simulated_pools)
    assert not processes.is_running(lost)
    assert _pids(simulated_cluster)["kwok"] not in (None, lost.pid)


def test_pods_keep_running_through_a_killed_store(
    simulated_cluster: SimulatedCluster, simulated_pools: tuple[NodePool, ...], namespace: str
) -> None:
    kubectl = simulated_cluster.kubectl
    kubectl.apply([deployment("before", namespace)])
    kubectl.wait("deployment", "before", "condition=Available", namespace=namespace)
    victim = _records(simulated_cluster)["etcd"]
    os.kill(victim.pid, signal.SIGKILL)
    eventually(lambda: not processes.is_running(victim))
    simulated_cluster.start(simulated_pools)
    kubectl.wait("deployment", "before", "condition=Available", namespace=namespace)
    kubectl.apply([deployment("after", namespace)])
    kubectl.wait("deployment", "after", "condition=Available", namespace=namespace)


def test_a_second_command_at_the_same_time_is_refused(
    simulated_cluster: SimulatedCluster, simulated_pools: tuple[NodePool, ...]
) -> None:
    state_file = StateFile(simulated_cluster.layout.folder)
    with state_file.only_command(), pytest.raises(SimulatorError, match="another command starts or stops the cluster"):
        simulated_cluster.start(simulated_pools)


def test_a_pinned_port_that_is_taken_starts_nothing(own_cluster: SimulatedCluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        pinned = SimulatedCluster(own_cluster.layout.folder, api_port=port)
        with pytest.raises(SimulatorError, match=f"^port {port} on 127.0.0.1 is taken by another process") as refused:
            pinned.start([SYSTEM])
    assert "\n" not in str(refused.value)
    assert _records(pinned) == {}


@pytest.mark.parametrize("moment", ["starting kube-apiserver", "starting kwok"])
def test_a_start_that_was_killed_goes_on_when_called_again(own_cluster: SimulatedCluster, moment: str) -> None:
    folder, root = own_cluster.layout.folder, Path(__file__).parents[2]
    pools = "[NodePool(name='system', role='system', cpu=8, memory_gib=32, min_nodes=1, max_nodes=1)]"
    code = (
        "from pathlib import Path; from components.base.node_pools import NodePool;"
        "from tools.simulator.cluster import SimulatedCluster;"
        f"SimulatedCluster(Path({str(folder)!r})).start({pools}, lambda line: print(line, flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True) as start:
        assert start.stdout is not None
        assert any(line.strip() == moment for line in start.stdout)
        start.kill()
    # A child between fork and exec has no command line to be known by. Whoever calls again needs longer than this.
    time.sleep(0.5)
    own_cluster.start([SYSTEM])
    own_cluster.check()
    recorded = _pids(own_cluster)
    assert sorted(recorded) == sorted(NAMES)
    commands = {path.parent.name: path for path in Path("/proc").glob("[0-9]*/cmdline")}
    assert {int(pid) for pid, path in commands.items() if f"={folder}/" in _read(path)} == set(recorded.values())


def test_a_process_that_dies_while_starting_is_named_with_its_own_words(own_cluster: SimulatedCluster) -> None:
    own_cluster.layout.folder.mkdir()
    own_cluster.layout.data.write_text("no folder")
    with pytest.raises(SimulatorError) as died:
        own_cluster.start([SYSTEM])
    assert died.value.message.startswith("etcd (process ")
    assert "not a directory" in died.value.log_tail


def test_a_damaged_state_file_is_named(own_cluster: SimulatedCluster) -> None:
    own_cluster.layout.folder.mkdir()
    state = own_cluster.layout.folder / "state.json"
    state.write_text("{")
    with pytest.raises(SimulatorError, match=r"state.json is damaged .*: remove it and run again"):
        own_cluster.start([SYSTEM])
    state.unlink()


def test_a_cluster_belongs_to_one_engine(own_cluster: SimulatedCluster) -> None:
    own_cluster.require_engine("render")
    assert own_cluster.engine is None
    own_cluster.claim_engine("render")
    own_cluster.claim_engine("render")
    with pytest.raises(SimulatorError, match=r"ENGINE=render, .* ENGINE=pulumi .*: run `make down` first"):
        own_cluster.claim_engine("pulumi")
    assert own_cluster.engine == "render"
    own_cluster.remove()
    assert own_cluster.engine is None


def test_a_cluster_that_was_never_started_can_be_stopped_and_has_no_status(own_cluster: SimulatedCluster) -> None:
    own_cluster.stop()
    own_cluster.remove()
    assert own_cluster.status() == ()
    with pytest.raises(SimulatorError, match="no simulated cluster was started in"):
        _ = own_cluster.client


def test_stop_leaves_no_process_port_or_mount_and_the_next_start_finds_the_data(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    pinned = ports.free_port(())
    cluster = SimulatedCluster(folder, api_port=pinned)
    cluster.start([SYSTEM])
    try:
        assert f"https://127.0.0.1:{pinned}" in cluster.kubeconfig.read_text()
        cluster.kubectl.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kept"}}])
        records, used = _records(cluster), StateFile(folder).read().ports
        cluster.stop()
        assert not any(processes.is_running(record) for record in records.values())
        assert len(used) == 3
        assert not any(ports.is_open(port) for port in used.values())
        assert str(folder) not in Path("/proc/mounts").read_text()
        assert set(_pids(cluster).values()) == {None}

        gpu = replace(SYSTEM, name="gpu", role="gpu", product="NVIDIA-L40S", gpus_per_node=4)
        moved = SimulatedCluster(folder, api_port=ports.free_port([pinned]))
        moved.start([gpu])
        assert f"https://127.0.0.1:{pinned}" not in moved.kubeconfig.read_text()
        assert "kept" in [entry["metadata"]["name"] for entry in moved.kubectl.get("namespaces")]
        assert [node["metadata"]["name"] for node in moved.kubectl.get("nodes")] == ["gpu-0"]
    finally:
        cluster.remove()
    assert not folder.exists()
    assert not any(processes.is_running(record) for record in records.values())
