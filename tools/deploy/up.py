"""`make up`: from nothing to a running rehearsal of the local stack, and from a running one to the edited one."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from stacks.schema.cluster import node_pools
from tools.deploy import summary
from tools.deploy.apply import Applied, apply_stack
from tools.deploy.engine import engine_path, up_simulated
from tools.deploy.errors import DeployError
from tools.deploy.objects import Address, address_of
from tools.deploy.progress import Progress
from tools.deploy.random_seed import seeded_source
from tools.deploy.settings_file import settings_of
from tools.deploy.waiting import wait_until_ready
from tools.deploy.workspace import REHEARSAL_STACK, Workspace
from tools.policy.gate import require_policies
from tools.render.api_groups import is_custom
from tools.render.graph import RenderedStack
from tools.render.manifests import manifest
from tools.render.program import render_stack
from tools.render.stack_file import read_stack_file
from tools.simulator.cluster import SimulatedCluster
from tools.simulator.errors import SimulatorError

EngineName = Literal["pulumi", "render"]


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """Choices of one run. `engine` None takes the engine where it is installed; `crds` are folders of definitions."""

    engine: EngineName | None
    crds: tuple[Path, ...]
    delete_data: bool
    api_port: int | None


def up_options(environment: dict[str, str]) -> UpOptions:
    """Options from ENGINE, CRDS, DELETE_DATA and API_PORT. Raises DeployError for a value that means nothing here."""
    stack = environment.get("STACK") or REHEARSAL_STACK
    if stack != REHEARSAL_STACK:
        message = (
            f"STACK={stack}: make up rehearses the stack {REHEARSAL_STACK} only; make render, policy and fit judge "
            f"{stack}, and make preview and deploy bring it to real hardware"
        )
        raise DeployError(message)
    engine = environment.get("ENGINE") or None
    if engine not in (None, "pulumi", "render"):
        message = f"ENGINE={engine}: must be pulumi or render"
        raise DeployError(message)
    port = environment.get("API_PORT") or None
    if port is not None and not (port.isdigit() and 0 < int(port) < 2**16):
        message = f"API_PORT={port}: must be a port number"
        raise DeployError(message)
    folders = tuple(Path(folder) for folder in environment.get("CRDS", "").split(os.pathsep) if folder)
    for folder in folders:
        if not folder.is_dir():
            message = f"CRDS={folder}: no such folder"
            raise DeployError(message)
    return UpOptions(
        engine=engine,
        crds=folders,
        delete_data=environment.get("DELETE_DATA") == "1",
        api_port=int(port) if port else None,
    )


def up(console: Console, root: Path, options: UpOptions) -> None:
    """Bring the local stack up. Raises the errors of its parts, each with one line that names the fix."""
    started = time.monotonic()
    workspace = Workspace(root=root)
    progress = Progress(console)
    engine: EngineName = options.engine or ("pulumi" if engine_path() else "render")
    console.print(_engine_line(engine), highlight=False)
    cluster = SimulatedCluster(workspace.cluster, api_port=options.api_port)
    cluster.require_engine(engine)
    with progress.phase("check the settings and render the stack"):
        stack_file = read_stack_file(root, REHEARSAL_STACK)
        settings = settings_of(stack_file)
        rendered = render_stack(root, stack_file, seeded_source(workspace.seed))
    with progress.phase("judge the stack by every policy"):
        require_policies(root, rendered)
    with progress.phase("build or find the control plane"):
        cluster.build(progress.note)
    with progress.phase("start the control plane and the nodes"):
        cluster.start(node_pools(settings.cluster), progress.note)
        cluster.claim_engine(engine)
    try:
        with progress.phase("install custom resource definitions"):
            crds = cluster.install_crds(_documents(rendered), options.crds)
        applied: Applied | None = None
        if engine == "pulumi":
            up_simulated(workspace)
        else:
            applied = apply_stack(cluster.kubectl, rendered, progress, delete_data=options.delete_data)
        states = wait_until_ready(cluster.kubectl, progress, cluster.check)
    except (DeployError, SimulatorError):
        # A process that died is the reason, not the refused connections that follow from it.
        cluster.check()
        raise
    pods = cluster.kubectl.get("pods")
    console.print()
    console.print(summary.component_table(rendered, states, pods))
    console.print()
    console.print(summary.placement_table(cluster.kubectl.get("nodes"), pods))
    summary.print_limits(console, rendered, _unreconciled(rendered), crds)
    _print_changes(console, applied)
    summary.print_next_steps(console, cluster.kubeconfig, root, cluster.kubectl.binary)
    console.print(f"\n[bold green]up[/] in {time.monotonic() - started:.0f} s", highlight=False)


def _engine_line(engine: EngineName) -> str:
    if engine == "pulumi":
        return "ENGINE=pulumi: the engine deploys to the simulated cluster, with its state under .local/engine"
    return "ENGINE=render: no engine is used; what render writes is applied with kubectl apply --server-side"


def _documents(rendered: RenderedStack) -> list[dict[str, object]]:
    return [manifest(resource) for resource in rendered.objects]


def _unreconciled(rendered: RenderedStack) -> list[Address]:
    return [address_of(document) for document in _documents(rendered) if is_custom(document)]


def _print_changes(console: Console, applied: Applied | None) -> None:
    if applied is None:
        return
    if applied.is_unchanged:
        console.print("\nNothing changed: the cluster already was as the stack says.")
        return
    console.print(
        f"\n{len(applied.created)} objects created, {len(applied.changed)} changed, {len(applied.pruned)} removed"
    )
    for address in applied.pruned:
        console.print(f"  removed {address}", highlight=False)
