from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
import yaml

from components.gpu_cluster.k3s.cluster import K3sGpuCluster
from components.gpu_cluster.k3s.control_plane.node_files import CONFIG_FILE
from components.gpu_cluster.k3s.hosts.host_commands import CHECK_SCRIPT, KEEP, RUN_SCRIPT, SshLogin
from tests.components.gpu_cluster.clusters import HOST_KEY, SSH_KEY, BuiltCluster, build_cluster, k3s_args, k3s_plan
from tools.render import wire
from tools.render.monitor import RecordedResource


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_cluster(lambda opts: K3sGpuCluster("cluster", k3s_args(), opts))


def commands(built: BuiltCluster) -> dict[str, RecordedResource]:
    return {name.removeprefix("cluster-hosts-"): found for name, found in built.of_type(":Command").items()}


def config(command: RecordedResource) -> dict[str, Any]:
    """config.yaml as a script is given it."""
    text: str = wire.clear(command.inputs["stdin"]).partition("#!/usr/bin/env bash")[0]
    arrays = _arrays(text[text.index("FILE_PATHS=") :])
    return yaml.safe_load(dict(zip(arrays["FILE_PATHS"], arrays["FILE_CONTENTS"], strict=True))[CONFIG_FILE])


def _arrays(text: str) -> dict[str, list[str]]:
    arrays: dict[str, list[str]] = {}
    name = ""
    for word in shlex.split(text):
        if not name or word.startswith("FILE_"):
            name, _, word = word.partition("=(")  # noqa: PLW2901 # the rest of the first word is the first element
            arrays[name] = []
        arrays[name].append(word)
    return {name: [*words[:-1], words[-1].removesuffix(")")] for name, words in arrays.items()}


def test_agents_hold_another_token_than_servers(built: BuiltCluster) -> None:
    found = commands(built)
    server, agent = config(found["server-server-1"]), config(found["agent-gpu-1"])
    assert agent["token"] == server["agent-token"]
    assert agent["token"] != server["token"]
    assert "agent-token" not in agent


def test_no_secret_is_in_a_command_line_that_a_failure_would_print(built: BuiltCluster) -> None:
    found = commands(built)
    secrets = {config(found["server-server-1"])["token"], config(found["agent-gpu-1"])["token"], SSH_KEY}
    assert len(secrets) == 3
    for command in found.values():
        lines = {command.inputs[key] for key in ("create", "update", "delete") if key in command.inputs}
        assert lines <= {RUN_SCRIPT, CHECK_SCRIPT, KEEP}
        assert not {"environment", "triggers"} & set(command.inputs)
        assert command.inputs["addPreviousOutputInEnv"] is False
        shown = json.dumps(wire.redacted(command.inputs))
        assert not [secret for secret in secrets if secret in shown]


def test_what_holds_a_token_is_a_secret_and_is_not_logged(built: BuiltCluster) -> None:
    found = commands(built)
    token = config(found["server-server-1"])["token"]
    with_tokens = {name for name, command in found.items() if token in wire.clear(command.inputs["stdin"])}
    assert {"server-server-1", "server-server-2", "server-server-3"} <= with_tokens
    for name in with_tokens:
        assert wire.is_secret(found[name].inputs["stdin"])
        assert found[name].inputs["logging"] == "none"


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
    tokens = {name: token for name, token in built.of_type(":RandomPassword").items() if "token" in name}
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
        build_cluster(lambda opts: K3sGpuCluster("cluster", k3s_args(plan=k3s_plan(kubernetes_version="1.99")), opts))
