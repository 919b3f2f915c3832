"""Installs k3s on hosts over SSH: servers one after another, then all agents, then the kubeconfig is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_command as command
import pulumi_random as random
import yaml

from components.gpu_cluster.k3s import hosts
from components.gpu_cluster.k3s.hosts import K3sHost, RegistryMirror

TYPE = "ai-platform:gpu_cluster:K3sInstallation"

RUN_SCRIPT = "sudo -n timeout 1500 bash -s"
"""The one command line that runs on hosts; the script and its secrets follow on standard input."""


@dataclass(frozen=True, kw_only=True)
class SshLogin:
    """`private_key` is a secret, or None for a key in the SSH agent of the deploying machine."""

    user: str
    port: int
    private_key: pulumi.Input[str] | None


@dataclass(frozen=True, kw_only=True)
class K3sInstallationArgs:
    """`servers[0]` starts the cluster. `api_address` is where clients reach the API server, on port 6443. `release` is
    a release of k3s, found below `download_url`.
    """

    release: str
    download_url: str
    servers: tuple[K3sHost, ...]
    agents: tuple[K3sHost, ...]
    api_address: str
    registry_mirrors: tuple[RegistryMirror, ...]
    ssh: SshLogin
    host_driver: bool
    protect_data: bool


class K3sInstallation(pulumi.ComponentResource):
    """`kubeconfig` is a secret; `ready` are the commands after which every node has joined."""

    kubeconfig: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: K3sInstallationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._ssh = command.Provider(f"{name}-ssh", opts=pulumi.ResourceOptions(parent=self))
        # Logical names are state: with another server token no etcd snapshot can be restored.
        server_token, agent_token = self._token("server-token"), self._token("agent-token")
        servers: list[pulumi.Resource] = []
        for host in args.servers:
            # etcd admits one joining member at a time (k3s-io/k3s#2306).
            servers.append(
                self._install(
                    host,
                    "server",
                    hosts.server_config(host, args.servers, args.api_address),
                    {"token": server_token.result, "agent-token": agent_token.result},
                    after=servers[-1:],
                )
            )
        agents = [
            self._install(
                host,
                "agent",
                hosts.agent_config(host, args.servers),
                {"token": agent_token.result},
                after=servers,
            )
            for host in args.agents
        ]
        self.ready = (*servers, *agents)
        read = self._run(
            "kubeconfig", args.servers[0], "read_kubeconfig.sh", {"API_ADDRESS": args.api_address}, after=self.ready
        )
        self.kubeconfig = read.stdout
        self.register_outputs({"release": args.release})

    def _token(self, suffix: str) -> random.RandomPassword:
        return random.RandomPassword(
            f"{self._name}-{suffix}",
            length=48,
            special=False,
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protect_data or None),
        )

    def _install(
        self,
        host: K3sHost,
        role: Literal["server", "agent"],
        config: Mapping[str, Any],
        tokens: Mapping[str, pulumi.Output[str]],
        *,
        after: Sequence[pulumi.Resource],
    ) -> command.remote.Command:
        variables: dict[str, pulumi.Input[str]] = {
            **hosts.install_variables(
                host=host,
                role=role,
                release=self._args.release,
                download_url=self._args.download_url,
                host_driver=self._args.host_driver,
            ),
            "K3S_CONFIG": pulumi.Output.all(**tokens).apply(lambda secrets: hosts.config_text(config, secrets)),
            "K3S_REGISTRIES": yaml.safe_dump(hosts.registries_config(self._args.registry_mirrors)),
        }
        return self._run(f"{role}-{host.name}", host, "install_k3s.sh", variables, after=after)

    def _run(
        self,
        suffix: str,
        host: K3sHost,
        script: str,
        variables: Mapping[str, pulumi.Input[str]],
        *,
        after: Sequence[pulumi.Resource],
    ) -> command.remote.Command:
        text = pulumi.Output.all(**variables).apply(lambda values: hosts.script_input(script, values))
        return command.remote.Command(
            f"{self._name}-{suffix}",
            connection=self._connection(host),
            # A changed script or configuration changes stdin, which runs the same command again in place. Triggers
            # would replace the resource instead (pulumi-command#189).
            create=RUN_SCRIPT,
            stdin=pulumi.Output.secret(text),
            logging=command.remote.Logging.NONE,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=self._ssh,
                depends_on=list(after),
                additional_secret_outputs=["stdout", "stderr"],
                custom_timeouts=pulumi.CustomTimeouts(create="30m", update="30m"),
            ),
        )

    def _connection(self, host: K3sHost) -> command.remote.ConnectionArgs:
        ssh = self._args.ssh
        return command.remote.ConnectionArgs(
            host=host.address, port=ssh.port, user=ssh.user, host_key=host.host_key, private_key=ssh.private_key
        )
