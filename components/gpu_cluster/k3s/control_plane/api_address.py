"""Waits until the API answers at the address that outlives any one server."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.gpu_cluster.k3s.hosts.host_commands import HostCommands
from components.gpu_cluster.k3s.plan import K3sClusterPlan


def wait_for_api_address(
    commands: HostCommands, plan: K3sClusterPlan, *, after: Sequence[pulumi.Resource]
) -> tuple[pulumi.Resource, ...]:
    """What agents must wait for before they join: without it each of them would wait for the address in silence.
    Nothing where the API is reached at the first server's own address.
    """
    if plan.api_address == plan.first_server.address:
        return ()
    variables = {
        "API_ADDRESS": plan.api_address,
        "BROUGHT_BY": "kube-vip" if plan.virtual_ip else "external",
    }
    return (commands.run("api-address", plan.first_server, "wait_for_api.sh", variables, after=after, secret=False),)
