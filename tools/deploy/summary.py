"""What a person sees after `make up` and `make status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tools.deploy.objects import Address
from tools.deploy.placement import gpu_placement, gpus_of
from tools.deploy.readiness import WorkloadState
from tools.render.graph import RenderedStack, by_component
from tools.simulator.crds import InstalledCrds
from tools.simulator.processes import ProcessStatus

_OPERATED = ("LeaderWorkerSet", "Rollout")
"""Kinds whose pods a serving operator makes."""
_POD_OWNERS = {"Deployment", "StatefulSet", "DaemonSet", "Job"}


def _table(*headings: str, title: str) -> Table:
    table = Table(title=f"[bold]{title}[/]", title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right" if heading in {"objects", "pods ready", "GPUs", "port"} else "left")
    return table


def component_table(
    rendered: RenderedStack, states: Sequence[WorkloadState], pods: Iterable[Mapping[str, Any]]
) -> Table:
    """Objects, ready pods and GPUs per component."""
    table = _table("component", "objects", "pods ready", "GPUs", title=f"Stack {rendered.stack}")
    by_address = {(state.kind, state.namespace, state.name): state for state in states}
    gpus = _gpus_by_workload(pods)
    for component, resources in sorted(by_component(rendered, rendered.objects).items()):
        keys = [
            (item.inputs["kind"], item.inputs["metadata"].get("namespace", ""), item.inputs["metadata"]["name"])
            for item in resources
        ]
        owners = [by_address[key] for key in keys if key in by_address and key[0] in _POD_OWNERS]
        ready, wanted = sum(state.ready for state in owners), sum(state.wanted for state in owners)
        held = sum(gpus[key[1:]] for key in keys if key[0] in _POD_OWNERS)
        table.add_row(
            component, str(len(resources)), f"{ready}/{wanted}" if wanted else "–", str(held) if held else "–"
        )
    return table


def _gpus_by_workload(pods: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for pod in pods:
        name = pod["metadata"]["labels"].get("app.kubernetes.io/name")
        if name:
            counts[pod["metadata"]["namespace"], name] += gpus_of(pod)
    return counts


def placement_table(nodes: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]]) -> Table:
    """GPUs per node and who holds them."""
    table = _table("node", "pool", "product", "GPUs", "held by", title="GPU placement")
    for node in gpu_placement(nodes, pods):
        holders = ", ".join(f"{name} ({count})" for name, count in node.pods) or "–"
        table.add_row(node.node, node.pool, node.product, f"{node.used}/{node.capacity}", holders)
    return table


def process_table(processes: Sequence[ProcessStatus]) -> Table:
    """The control plane's processes."""
    table = _table("process", "state", "port", title="Simulated cluster")
    for process in processes:
        state = f"running, pid {process.pid}" if process.pid else "[red]ended[/]"
        table.add_row(process.name, state, str(process.port or "–"))
    return table


def workload_table(states: Sequence[WorkloadState]) -> Table:
    """Every workload with its ready pods."""
    table = _table("workload", "pods ready", title="Workloads")
    for state in states:
        mark = "" if state.settled else " [yellow]not ready[/]"
        table.add_row(f"{state.address}{mark}", f"{state.ready}/{state.wanted}")
    return table


def print_limits(
    console: Console, rendered: RenderedStack, unreconciled: Sequence[Address], crds: InstalledCrds | None
) -> None:
    """What a rehearsal does not prove."""
    console.print("\n[bold]Not simulated[/]")
    charts = ", ".join(sorted(f"{item.inputs['chart']} {item.inputs['version']}" for item in rendered.charts))
    if charts:
        console.print(f"  charts: {charts}")
    if unreconciled:
        kinds = Counter(address.kind for address in unreconciled)
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        console.print(
            f"  {len(unreconciled)} custom resources were accepted by the API server and not reconciled, because no "
            f"operator runs here: {counted}"
        )
    podless = without_pods(rendered)
    if podless:
        console.print(f"  workloads whose pods only an operator starts: {', '.join(podless)}")
    if crds and crds.stubs:
        console.print(f"  stubs that accept any content instead of real definitions: {', '.join(crds.stubs)}")
    console.print("  no image was pulled, no GPU computes, no traffic flows: [bold]no model answers here[/]")


def without_pods(rendered: RenderedStack) -> tuple[str, ...]:
    """Workloads that have no pods here, each with the reason: an operator's kind, or scaled up on demand alone."""
    found: list[str] = []
    for item in rendered.objects:
        kind, name = item.inputs["kind"], item.inputs["metadata"]["name"]
        if kind in _OPERATED:
            found.append(f"{name} ({kind})")
        elif kind == "Deployment" and item.inputs["spec"].get("replicas") == 0:
            found.append(f"{name} (scaled up from 0)")
    return tuple(sorted(found))


def print_next_steps(console: Console, kubeconfig: Path, root: Path, kubectl: Path) -> None:
    """Where to look next."""
    console.print("\n[bold]Try next[/]")
    console.print(f"  export KUBECONFIG={kubeconfig}", highlight=False, soft_wrap=True)
    console.print(f"  {kubectl} get pods --all-namespaces", highlight=False, soft_wrap=True)
    console.print("  make status                     what runs, and where the GPUs went")
    console.print(
        f"  edit {(root / 'Pulumi.local.yaml').relative_to(root)}, then make up   a changed model is rolled out"
    )
    console.print("  make policy STACK=prod          judge the production stack without an account")
    console.print("  make down                       stop everything and delete .local/")
