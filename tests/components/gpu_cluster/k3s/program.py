"""The commands of a k3s installation as a program registers them, and how they are run on a scratch host."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pulumi
import pulumi_random as random

from components.gpu_cluster.k3s.hosts.host_commands import SshLogin
from components.gpu_cluster.k3s.hosts.host_plan import HostDriver, HostPlan, ToolkitRepository
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from components.gpu_cluster.k3s.hosts.installation import K3sInstallation, K3sInstallationArgs
from tests.components.gpu_cluster.clusters import HOST_KEY, HOST_PLAN, k3s_plan
from tests.components.gpu_cluster.k3s import ssh_server
from tests.components.gpu_cluster.k3s.scratch_host import ScratchHost
from tests.components.gpu_cluster.k3s.ssh_server import KeyPair
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL
from tools.render import wire
from tools.render.monitor import RecordedResource
from tools.render.program import record

TOOLKIT = ToolkitRepository(
    release="1.20.0",
    url="https://mirror.example.org/toolkit",
    key_url="https://mirror.example.org/gpgkey",
    key_fingerprint="C95B321B61E88C1809C4F759DDCAE044F796ECB0",
)
DRIVER = HostDriver(source="packages", toolkit=TOOLKIT)


def host_plan(**changes: Any) -> HostPlan:
    return replace(HOST_PLAN, **changes)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What a program and the server on the other end agree on."""

    port: int
    host: KeyPair
    user: KeyPair


def new_keys(folder: Path) -> Keys:
    return Keys(
        port=ssh_server.free_port(),
        host=ssh_server.new_key(folder / "host_key"),
        user=ssh_server.new_key(folder / "user_key"),
    )


Commands = Mapping[str, RecordedResource]
"""Commands by logical name without the component's."""


def installation_args(keys: Keys | None = None, **changes: Any) -> K3sInstallationArgs:
    """Three servers and two GPU hosts, all of them at the loopback address when there are `keys`."""

    def host(name: str, last: int, pool: Any) -> K3sHost:
        address, key = ("127.0.0.1", keys.host.public) if keys else (f"10.20.0.{last}", HOST_KEY)
        return K3sHost(name=name, address=address, host_key=key, pool=pool)

    fields: dict[str, Any] = {
        "release": "v1.36.5+k3s1",
        "download_url": "https://mirror.example.org/k3s",
        "air_gap": False,
        "plan": k3s_plan(servers=tuple(host(f"server-{index}", 10 + index, SYSTEM_POOL) for index in (1, 2, 3))),
        "agents": (host("gpu-1", 21, GPU_POOL), host("gpu-2", 22, GPU_POOL)),
        "host_plan": host_plan(driver=DRIVER),
        "ssh": SshLogin(
            user=ssh_server.login(),
            port=keys.port if keys else 22,
            private_key=pulumi.Output.secret(keys.user.private) if keys else None,
        ),
        "protect_data": True,
    }
    return K3sInstallationArgs(**(fields | changes))


def commands(make: Callable[[], K3sInstallationArgs]) -> Commands:
    """What the installation registers. `make` is called inside of the program: secrets are Outputs."""

    def program() -> None:
        K3sInstallation("hosts", make(), pulumi.ResourceOptions(providers=[random.Provider("random")]))

    found = record(program).resources
    return {command.name.removeprefix("hosts-"): command for command in found if command.type.endswith(":Command")}


def waits_for(command: RecordedResource) -> set[str]:
    """The commands that must succeed before this one starts."""
    return {urn.rsplit("::hosts-", 1)[1] for urn in command.depends_on if ":Command::" in urn}


def run(
    host: ScratchHost, command: RecordedResource, *, line: str = "create", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a registered command through SSH, exactly as the provider is told to."""
    inputs = wire.clear(command.inputs)
    return ssh_server.run_command(
        host.folder / "client", inputs["connection"], inputs[line], inputs["stdin"], timeout=timeout
    )


def succeed(host: ScratchHost, *steps: RecordedResource) -> str:
    """Run the commands one after another; what the last one printed."""
    printed = ""
    for step in steps:
        done = run(host, step)
        assert done.returncode == 0, f"{step.name}: {done.stderr}{done.stdout}"
        printed = done.stdout
    return printed


def failure(host: ScratchHost, command: RecordedResource) -> str:
    """Run a command that must fail; what it said. Every line names the host."""
    done = run(host, command)
    assert done.returncode not in {0, 255}, done.stdout
    lines = done.stderr.splitlines()
    assert lines
    assert all(line.startswith(f"{'-'.join(command.name.split('-')[-2:])}: ") for line in lines), done.stderr
    return done.stderr
