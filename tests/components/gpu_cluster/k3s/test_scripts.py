"""What all scripts for hosts have in common, and the way to the hosts: sshd, keys, standard input."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.gpu_cluster.k3s.hosts.hosts import COMMON_SCRIPT, SCRIPTS, script_input
from tests.components.gpu_cluster.clusters import HOST_KEY
from tests.components.gpu_cluster.k3s.program import (
    Commands,
    Keys,
    commands,
    installation_args,
    run,
    succeed,
    waits_for,
)
from tests.components.gpu_cluster.k3s.scratch_host import ScratchHost
from tools.render import wire

SCRIPT_FILES = sorted(SCRIPTS.glob("*.sh"))

AGENT_STEPS = tuple(
    f"{step}-gpu-1" for step in ("preflight", "removal", "preparation", "driver", "driver-check", "agent")
)
SERVER_STEPS = tuple(f"{step}-server-1" for step in ("preflight", "removal", "preparation", "server"))


@pytest.mark.parametrize("script", SCRIPT_FILES, ids=lambda path: path.name)
def test_scripts_stop_at_the_first_failing_step_and_pass_the_linter(script: Path) -> None:
    assert "set -euo pipefail" in script.read_text()
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", [path.name for path in SCRIPT_FILES if path.name != COMMON_SCRIPT])
def test_what_a_script_is_given_is_valid_with_any_value(script: str) -> None:
    text = script_input(script, {"NODE_NAME": "it's $(touch /tmp/x) \\ \"\n`id`"})
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


@pytest.mark.parametrize("steps", [SERVER_STEPS, AGENT_STEPS], ids=["server", "agent"])
def test_a_bare_host_becomes_a_node_and_a_second_run_changes_nothing(
    request: pytest.FixtureRequest, program: Commands, steps: tuple[str, ...]
) -> None:
    host: ScratchHost = request.getfixturevalue("server" if steps is SERVER_STEPS else "gpu_host")
    host.say("driver-runs")
    bare = host.files()
    for before, step in itertools.pairwise(steps):
        assert before in waits_for(program[step])
    succeed(host, *(program[step] for step in steps))
    after = host.files()
    assert len(after) > len(bare) + 5
    assert any(line.startswith("systemctl start --no-block k3s") for line in host.log)
    host.forget()
    succeed(host, *(program[step] for step in steps))
    assert host.files() == after
    assert host.log
    assert host.changes == []


def test_what_follows_the_last_server_says_the_same_twice_and_changes_nothing(
    server: ScratchHost, keys: Keys, tmp_path: Path
) -> None:
    authority = ["openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-subj", "/CN=escrow", "-days", "2"]
    subprocess.run(
        [*authority, "-keyout", "key.pem", "-out", "cert.pem"], cwd=tmp_path, check=True, capture_output=True
    )
    certificate = (tmp_path / "cert.pem").read_text()
    program = commands(lambda: installation_args(keys, token_escrow=certificate))
    succeed(server, *(program[step] for step in SERVER_STEPS))
    server.write("etc/rancher/k3s/k3s.yaml", "server: https://127.0.0.1:6443\n")
    last = ("api-address", "token-escrow", "kubeconfig")
    first = [succeed(server, program[step]) for step in last]
    assert all(first)
    files = server.files()
    server.forget()
    assert [succeed(server, program[step]) for step in last] == first
    assert server.files() == files
    assert server.changes == []


def test_every_script_for_hosts_has_a_step_that_runs_it(program: Commands, keys: Keys) -> None:
    sealed = commands(lambda: installation_args(keys, token_escrow="certificate"))
    given = [wire.clear(step.inputs["stdin"]) for step in (*program.values(), sealed["token-escrow"])]
    local = {COMMON_SCRIPT, "remove_cloud_leftovers.sh"}
    unused = [
        path.name
        for path in SCRIPT_FILES
        if path.name not in local and not any(path.read_text("utf-8") in text for text in given)
    ]
    assert unused == []


def test_only_the_login_and_what_a_step_needs_is_told_to_a_host(server: ScratchHost, program: Commands) -> None:
    """What a failing command shows is its command line, its output, and the list of processes while it ran."""
    steps = [program[step] for step in (*SERVER_STEPS, "kubeconfig")]
    server.write("etc/rancher/k3s/k3s.yaml", "server: https://127.0.0.1:6443\n")
    succeed(server, *steps)
    config = yaml.safe_load((server.root / "etc/rancher/k3s/config.yaml").read_text())
    secrets = [config["token"], config["agent-token"], wire.clear(steps[0].inputs["connection"])["privateKey"]]
    assert all(len(secret) > 40 for secret in secrets)
    assert "bash -s" in server.processes
    seen = server.processes + "\n".join(server.log)
    for step in steps:
        done = run(server, step)
        seen += done.stderr + step.inputs["create"]
        if "kubeconfig" not in step.name:
            seen += done.stdout
    assert not [secret for secret in secrets if secret in seen]


def test_a_host_with_another_key_is_not_trusted(server: ScratchHost, program: Commands) -> None:
    step = program["preflight-server-1"]
    connection = {**wire.clear(step.inputs["connection"]), "hostKey": HOST_KEY}
    done = run(server, replace(step, inputs={**step.inputs, "connection": connection}))
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr
    assert server.log == []
    succeed(server, step)


def test_a_login_with_another_key_is_refused(server: ScratchHost, program: Commands, tmp_path: Path) -> None:
    step = program["preflight-server-1"]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    connection = {**wire.clear(step.inputs["connection"]), "privateKey": (tmp_path / "other").read_text()}
    done = run(server, replace(step, inputs={**step.inputs, "connection": connection}))
    assert done.returncode == 255
    assert "Permission denied" in done.stderr
    assert server.log == []


def test_the_kubeconfig_names_the_address_at_which_clients_reach_the_api_server(
    server: ScratchHost, program: Commands
) -> None:
    server.write("etc/rancher/k3s/k3s.yaml", "server: https://127.0.0.1:6443\n")
    assert succeed(server, program["kubeconfig"]) == "server: https://10.20.0.10:6443\n"


def test_a_missing_kubeconfig_is_an_error(server: ScratchHost, program: Commands) -> None:
    done = run(server, program["kubeconfig"])
    assert done.returncode == 1
    assert done.stderr.startswith("server-1: ")
    assert "k3s did not start as a server here" in done.stderr
