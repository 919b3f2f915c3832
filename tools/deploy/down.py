"""`make down` and `make status`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from tools.deploy import summary
from tools.deploy.errors import DeployError
from tools.deploy.waiting import workload_states
from tools.deploy.workspace import Workspace
from tools.simulator.cluster import SimulatedCluster


def down(console: Console, root: Path) -> None:
    """Stop the cluster and delete its state. Saying it twice is harmless."""
    workspace = Workspace(root=root)
    SimulatedCluster(workspace.cluster).remove(lambda line: console.print(f"  {line}", highlight=False))
    workspace.remove()
    console.print("down: no process is left, .local/ is gone")


def status(console: Console, root: Path) -> None:
    """Print processes, workloads and GPUs. Raises DeployError when there is no cluster, or part of it has died."""
    workspace = Workspace(root=root)
    cluster = SimulatedCluster(workspace.cluster)
    processes = cluster.status()
    if not processes:
        message = "no simulated cluster runs here: run `make up`"
        raise DeployError(message)
    console.print(summary.process_table(processes))
    cluster.check()
    kubectl = cluster.kubectl
    console.print()
    console.print(summary.workload_table(workload_states(kubectl)))
    console.print()
    nodes, pods = kubectl.get("nodes"), kubectl.get("pods")
    console.print(summary.placement_table(nodes, pods))
    console.print(f"\nkubeconfig: {cluster.kubeconfig}", highlight=False, soft_wrap=True)
