from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
import yaml

from components.gpu_cluster import GpuSoftware
from components.gpu_cluster.k3s import hosts
from components.gpu_cluster.k3s.cluster import K3sGpuCluster
from components.gpu_cluster.k3s.installation import RUN_SCRIPT, SshLogin
from tests.components.gpu_cluster.clusters import HOST_KEY, SSH_KEY, BuiltCluster, build_cluster, host, k3s_args
from tests.components.surroundings import SYSTEM_POOL
from tools.render import wire
from tools.render.monitor import RecordedResource


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_cluster(lambda opts: K3sGpuCluster("cluster", k3s_args(), opts))


def commands(built: BuiltCluster) -> dict[str, RecordedResource]:
    return {name.removeprefix("cluster-hosts-"): found for name, found in built.of_type(":Command").items()}


def variables(command: RecordedResource) -> dict[str, str]:
    """The assignments that a script is given before its own text."""
    text: str = wire.clear(command.inputs["stdin"]).partition("#!/usr/bin/env bash")[0]
    return dict(word.split("=", 1) for word in shlex.split(text))


def config(command: RecordedResource) -> dict[str, Any]:
    return yaml.safe_load(variables(command)["K3S_CONFIG"])


def waits_for(command: RecordedResource) -> set[str]:
    return {urn.rsplit("cluster-hosts-", 1)[1] for urn in command.depends_on if ":Command::" in urn}


def test_servers_join_one_after_another_and_agents_after_all_of_them(built: BuiltCluster) -> None:
    found = commands(built)
    assert waits_for(found["server-server-1"]) == set()
    assert waits_for(found["server-server-2"]) == {"server-server-1"}
    assert waits_for(found["server-server-3"]) == {"server-server-2"}
    servers = {f"server-server-{index}" for index in (1, 2, 3)}
    assert waits_for(found["agent-gpu-1"]) == servers
    assert waits_for(found["kubeconfig"]) == set(found) - {"kubeconfig"}


def test_only_the_first_server_starts_a_cluster_and_others_join_it_by_its_own_address(built: BuiltCluster) -> None:
    found = commands(built)
    assert config(found["server-server-1"])["cluster-init"] is True
    assert "server" not in config(found["server-server-1"])
    for name in ("server-server-2", "server-server-3", "agent-gpu-1"):
        assert config(found[name])["server"] == "https://10.20.0.11:6443"
        assert "cluster-init" not in config(found[name])


def test_what_k3s_compares_between_servers_is_equal_on_all_of_them(built: BuiltCluster) -> None:
    own = {"cluster-init", "server", "node-name", "node-ip", "node-label"}
    found = commands(built)
    shared = [
        {key: value for key, value in config(found[f"server-server-{index}"]).items() if key not in own}
        for index in (1, 2, 3)
    ]
    assert shared[0] == shared[1] == shared[2]
    assert shared[0]["secrets-encryption"] is True
    assert shared[0]["tls-san"] == ["10.20.0.10", "10.20.0.11", "10.20.0.12", "10.20.0.13"]


def test_agents_hold_another_token_than_servers(built: BuiltCluster) -> None:
    found = commands(built)
    server, agent = config(found["server-server-1"]), config(found["agent-gpu-1"])
    assert agent["token"] == server["agent-token"]
    assert agent["token"] != server["token"]
    assert "agent-token" not in agent


def test_nodes_register_with_the_labels_and_taints_of_their_pool(built: BuiltCluster) -> None:
    found = commands(built)
    assert config(found["agent-gpu-1"])["node-label"] == ["ai-platform/pool=l40s", "ai-platform/role=gpu"]
    assert config(found["agent-gpu-1"])["node-taint"] == ["nvidia.com/gpu=true:NoSchedule"]
    assert "nvidia.com/mig.config=all-1g.18gb" in config(found["agent-gpu-3"])["node-label"]
    assert "node-taint" not in config(found["server-server-1"])


def test_a_server_without_pool_runs_the_control_plane_only() -> None:
    servers = (host("server-1", 11, None),)
    assert hosts.server_config(servers[0], servers, "10.20.0.11")["node-taint"] == [
        "node-role.kubernetes.io/control-plane:NoSchedule"
    ]


def test_gpu_hosts_are_checked_for_as_many_gpus_as_their_pool_says(built: BuiltCluster) -> None:
    found = commands(built)
    assert variables(found["agent-gpu-1"])["EXPECTED_GPUS"] == "4"
    assert variables(found["agent-gpu-3"])["EXPECTED_GPUS"] == "8"
    assert variables(found["server-server-1"])["EXPECTED_GPUS"] == "0"


def test_a_driver_from_the_operator_is_not_expected_on_the_host() -> None:
    found = commands(
        build_cluster(lambda o: K3sGpuCluster("cluster", k3s_args(gpu_software=GpuSoftware(driver="operator")), o))
    )
    assert variables(found["agent-gpu-1"])["EXPECTED_GPUS"] == "0"


def test_no_secret_is_in_a_command_line_that_a_failure_would_print(built: BuiltCluster) -> None:
    found = commands(built)
    secrets = {config(found["server-server-1"])["token"], config(found["agent-gpu-1"])["token"], SSH_KEY}
    assert len(secrets) == 3
    assert found
    for command in found.values():
        assert command.inputs["create"] == RUN_SCRIPT
        assert not {"update", "delete", "environment", "triggers"} & set(command.inputs)
        assert wire.is_secret(command.inputs["stdin"])
        assert command.inputs["addPreviousOutputInEnv"] is False
        shown = json.dumps(wire.redacted(command.inputs))
        assert not [secret for secret in secrets if secret in shown]


def test_every_connection_knows_the_hosts_key(built: BuiltCluster) -> None:
    connections = [wire.clear(command.inputs["connection"]) for command in commands(built).values()]
    assert connections
    assert all(connection["hostKey"] == HOST_KEY for connection in connections)


def test_without_a_private_key_the_agent_of_the_deploying_machine_is_asked() -> None:
    ssh = SshLogin(user="platform", port=22, private_key=None)
    found = commands(build_cluster(lambda opts: K3sGpuCluster("cluster", k3s_args(ssh=ssh), opts)))
    assert found
    assert all("privateKey" not in wire.clear(command.inputs["connection"]) for command in found.values())


def test_the_kubeconfig_is_a_secret(built: BuiltCluster) -> None:
    provider = built.of_type("pulumi:providers:kubernetes")["cluster-kubernetes"]
    assert wire.is_secret(provider.inputs["kubeconfig"])


def test_tokens_are_protected_because_no_snapshot_can_be_restored_without_them(built: BuiltCluster) -> None:
    tokens = built.of_type(":RandomPassword")
    assert len(tokens) == 2
    assert all(token.protect for token in tokens.values())


def test_the_api_server_is_reached_at_the_servers_and_its_service_address(built: BuiltCluster) -> None:
    assert built.cluster.handle.kubernetes_api.cidrs == (
        "10.20.0.10/32",
        "10.20.0.11/32",
        "10.20.0.12/32",
        "10.20.0.13/32",
        "10.43.0.1/32",
    )


def test_gpu_pods_name_the_runtime_class_that_k3s_makes(built: BuiltCluster) -> None:
    assert built.cluster.handle.runtime_class == "nvidia"


def test_a_version_without_pinned_release_is_refused() -> None:
    with pytest.raises(ValueError, match="Kubernetes version among"):
        build_cluster(lambda opts: K3sGpuCluster("cluster", k3s_args(kubernetes_version="1.99"), opts))


def test_mirrors_reach_containerd_of_every_host(built: BuiltCluster) -> None:
    for name, command in commands(built).items():
        if name != "kubeconfig":
            registries = yaml.safe_load(variables(command)["K3S_REGISTRIES"])
            assert registries == {"mirrors": {"docker.io": {"endpoint": ["https://mirror.example.org"]}}}


def test_a_single_server_needs_no_join() -> None:
    server = host("only", 11, SYSTEM_POOL)
    config = hosts.server_config(server, (server,), server.address)
    assert config["tls-san"] == ["10.20.0.11"]
    assert config["cluster-init"] is True
