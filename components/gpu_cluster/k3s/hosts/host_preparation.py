"""Checks hosts and makes them ready for k3s: everything before the installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.gpu_cluster.k3s.hosts import host_plan
from components.gpu_cluster.k3s.hosts.host_commands import CHECK_SCRIPT, HostCommands
from components.gpu_cluster.k3s.hosts.host_plan import HostPlan
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from components.gpu_cluster.k3s.plan import K3sClusterPlan


@dataclass(frozen=True, kw_only=True)
class HostsToPrepare:
    """The servers of `cluster` and `agents`. `retain` leaves hosts as they are when they are removed from the stack."""

    plan: HostPlan
    cluster: K3sClusterPlan
    agents: tuple[K3sHost, ...]
    ssh_port: int
    retain: bool

    @property
    def hosts(self) -> tuple[K3sHost, ...]:
        """All hosts, servers first."""
        return (*self.cluster.servers, *self.agents)


def prepare_hosts(commands: HostCommands, args: HostsToPrepare) -> Mapping[str, pulumi.Resource]:
    """Check all hosts, then prepare each; what each host's installation must wait for, by the host's name.

    Nothing is changed on any host before all of them have passed. From then on the commands of one host are a chain, so
    that it never has more than one session: sshd drops connections when many log in at once (MaxStartups).
    """
    checked = [_check(commands, args, host) for host in args.hosts]
    removals = _removals(commands, args, checked)
    return {host.name: _prepare(commands, args, host, removals[host.name]) for host in args.hosts}


def _check(commands: HostCommands, args: HostsToPrepare, host: K3sHost) -> pulumi.Resource:
    variables = host_plan.preflight_variables(host, args.plan, server=host in args.cluster.servers)
    return commands.run(
        f"preflight-{host.name}", host, "preflight.sh", variables, secret=False, command_line=CHECK_SCRIPT
    )


def _removals(
    commands: HostCommands, args: HostsToPrepare, checked: Sequence[pulumi.Resource]
) -> Mapping[str, pulumi.Resource]:
    """What takes k3s off each host. Made before the installation, so that it is removed after everything in the
    cluster; those of agents depend on those of servers, so that agents go first, while there is an API server to tell.
    """

    def removal(host: K3sHost, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        return commands.run_on_removal(f"removal-{host.name}", host, "remove_k3s.sh", after=after, retain=args.retain)

    servers = {host.name: removal(host, checked) for host in args.cluster.servers}
    after = [*checked, *servers.values()]
    return servers | {host.name: removal(host, after) for host in args.agents}


def _prepare(commands: HostCommands, args: HostsToPrepare, host: K3sHost, after: pulumi.Resource) -> pulumi.Resource:
    network = args.cluster.network
    prepared = commands.run(
        f"preparation-{host.name}",
        host,
        "prepare_host.sh",
        host_plan.prepare_variables(host, args.plan, hosts=args.hosts),
        files=host_plan.prepare_files(
            args.plan,
            ssh_port=args.ssh_port,
            hosts=args.hosts,
            api_address=args.cluster.api_address,
            pod_cidr=network.pod_cidr,
            service_cidr=network.service_cidr,
        ),
        after=[after],
        secret=False,
    )
    if host_plan.driver_source(host, args.plan) != "packages":
        return prepared
    variables = host_plan.driver_variables(host, args.plan)
    driver = commands.run(f"driver-{host.name}", host, "install_driver.sh", variables, after=[prepared], secret=False)
    return commands.run(
        f"driver-check-{host.name}",
        host,
        "wait_for_driver.sh",
        variables,
        after=[driver],
        secret=False,
        after_reboot=True,
    )
