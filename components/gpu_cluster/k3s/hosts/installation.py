"""Installs k3s on hosts over SSH: all are checked, then prepared; servers one after another, then all agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_random as random

from components.base.protection import guarded
from components.gpu_cluster.k3s.control_plane.api_address import wait_for_api_address
from components.gpu_cluster.k3s.control_plane.hardening import hardening_record
from components.gpu_cluster.k3s.control_plane.node_files import MANIFEST_FILES, agent_files, server_files
from components.gpu_cluster.k3s.control_plane.token_escrow import seal_token
from components.gpu_cluster.k3s.hosts.host_commands import HostCommands, SshLogin
from components.gpu_cluster.k3s.hosts.host_files import HostFile
from components.gpu_cluster.k3s.hosts.host_plan import HostPlan
from components.gpu_cluster.k3s.hosts.host_preparation import HostsToPrepare, prepare_hosts
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from components.gpu_cluster.k3s.plan import K3sClusterPlan

TYPE = "ai-platform:gpu_cluster:K3sInstallation"


@dataclass(frozen=True, kw_only=True)
class K3sInstallationArgs:
    """`release` is a release of k3s, found below `download_url`; with `air_gap` its images are fetched from there too.
    `plan` names the servers. Without `protect_data`, removing a host from the stack removes k3s from the host.
    `token_escrow` is a certificate (PEM); another `kubeconfig_revision` reads the kubeconfig again, a higher
    `token_revision` draws new tokens.
    """

    release: str
    download_url: str
    air_gap: bool
    plan: K3sClusterPlan
    agents: tuple[K3sHost, ...]
    host_plan: HostPlan
    ssh: SshLogin
    protect_data: bool
    token_escrow: str | None = None
    kubeconfig_revision: int = 1
    token_revision: int = 1


class K3sInstallation(pulumi.ComponentResource):
    """`kubeconfig` is a secret; `ready` are the commands after which every node has joined. `commands` runs scripts on
    the hosts, and `server_token` is the secret that restores a snapshot of etcd; `sealed_token` is a copy of it that
    only the owner of the certificate `token_escrow` can open, and None without one. How the nodes are configured is
    recorded as inputs.
    """

    kubeconfig: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]
    commands: HostCommands
    server_token: pulumi.Output[str]
    sealed_token: pulumi.Output[str] | None = None

    def __init__(self, name: str, args: K3sInstallationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, hardening_record(args.plan, args.agents, args.host_plan.firewall), opts)
        self._name, self._args = name, args
        self.commands = HostCommands(name, args.ssh, self)
        self.server_token = self._token("server-token")
        self._tokens = pulumi.Output.all(**{"token": self.server_token, "agent-token": self._token("agent-token")})
        prepared = prepare_hosts(
            self.commands,
            HostsToPrepare(
                plan=args.host_plan,
                cluster=args.plan,
                agents=args.agents,
                ssh_port=args.ssh.port,
                retain=args.protect_data,
            ),
        )
        servers: list[pulumi.Resource] = []
        for host in args.plan.servers:
            # etcd admits one joining member at a time (k3s-io/k3s#2306).
            servers.append(self._server(host, after=[prepared[host.name], *servers[-1:]]))
        servers += wait_for_api_address(self.commands, args.plan, after=servers)
        agents = [self._agent(host, after=[prepared[host.name], *servers]) for host in args.agents]
        self.ready = (*servers, *agents)
        self.kubeconfig = self.commands.run(
            "kubeconfig",
            args.plan.first_server,
            "read_kubeconfig.sh",
            # The script does not look at the revision: another one makes the engine run it again.
            {"API_ADDRESS": args.plan.api_address, "REVISION": str(args.kubeconfig_revision)},
            after=self.ready,
        ).stdout
        if args.token_escrow:
            self.sealed_token = seal_token(
                self.commands, args.plan.first_server, self.server_token, args.token_escrow, after=servers
            )
        self.register_outputs({"release": args.release})

    def _token(self, suffix: str) -> pulumi.Output[str]:
        """The newest token. Earlier ones stay: a snapshot of etcd is restored with the token of its time."""
        numbers = range(1, self._args.token_revision + 1)
        tokens = [
            random.RandomPassword(
                # Logical names are state.
                f"{self._name}-{suffix}" if number == 1 else f"{self._name}-{suffix}-{number}",
                length=48,
                special=False,
                opts=guarded(pulumi.ResourceOptions(parent=self), protect=self._args.protect_data),
            )
            for number in numbers
        ]
        return tokens[-1].result

    def _server(self, host: K3sHost, *, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        files = self._tokens.apply(lambda tokens: server_files(host, self._args.plan, tokens))
        return self._install("server", host, files, after)

    def _agent(self, host: K3sHost, *, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        files = self._tokens.apply(lambda tokens: agent_files(host, self._args.plan, tokens))
        return self._install("agent", host, files, after)

    def _install(
        self, role: str, host: K3sHost, files: pulumi.Output[tuple[HostFile, ...]], after: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        plan = self._args.plan
        begins = role == "server" and host == plan.first_server
        variables: dict[str, pulumi.Input[str]] = {
            "K3S_ROLE": role,
            "K3S_OTHER_SERVERS": " ".join(server.address for server in plan.servers[1:]) if begins else "",
            "K3S_NEW_TOKEN": self.server_token if begins else "",
            "K3S_RELEASE": self._args.release,
            "K3S_DOWNLOAD_URL": self._args.download_url,
            "K3S_AIR_GAP": "yes" if self._args.air_gap else "no",
            "K3S_MANIFESTS": " ".join(MANIFEST_FILES) if role == "server" else "",
        }
        return self.commands.run(f"{role}-{host.name}", host, "install_k3s.sh", variables, files=files, after=after)
