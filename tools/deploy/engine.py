"""Runs the Pulumi engine: on the simulated cluster with a state of its own, or on a real stack."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

import yaml

from tools.deploy.errors import DeployError
from tools.deploy.private_file import read_or_write
from tools.deploy.workspace import REHEARSAL_STACK, Workspace

INSTALL_PAGE = "https://www.pulumi.com/docs/iac/download-install/"
_PLUGIN_SIGNS = (
    "no resource plugin",
    "no language plugin",
    "could not load plugin",
    "failed to load plugin",
    "failed to load language plugin",
    "failed to download plugin",
    "error downloading plugin",
    "failed to install",
    "error installing",
)
"""How the engine says that a plug-in is missing. The word alone says nothing: resources are called by it too."""


def engine_path() -> str | None:
    """The `pulumi` command on PATH, None where it is not installed."""
    return shutil.which("pulumi")


def require_engine(purpose: str) -> str:
    """The `pulumi` command. Raises DeployError with the vendor's install page where it is missing."""
    found = engine_path()
    if found is None:
        message = f"{purpose} needs the pulumi command, which is not on PATH: install it from {INSTALL_PAGE}"
        raise DeployError(message)
    return found


def preview_real(root: Path, stack: str) -> int:
    """`pulumi preview` of a stack with the policy pack. Returns the engine's exit code."""
    pulumi = require_engine("make preview")
    return _passed_through([pulumi, "preview", "--stack", stack, "--policy-pack", "policies", "--diff"], root)


def deploy_real(root: Path, stack: str) -> int:
    """`pulumi up` of a stack with the policy pack; the engine asks before it changes anything."""
    pulumi = require_engine("make deploy")
    return _passed_through([pulumi, "up", "--stack", stack, "--policy-pack", "policies"], root)


def _passed_through(command: list[str], root: Path) -> int:
    return subprocess.run(command, cwd=root, check=False).returncode


def up_simulated(workspace: Workspace) -> None:
    """`pulumi up` of the local stack on the simulated cluster, with file state and a passphrase under `.local/`.

    Raises DeployError when the engine fails; its own output has been shown by then.
    """
    pulumi = require_engine("make up ENGINE=pulumi")
    environment = _environment(workspace)
    config = _stack_file_copy(workspace)
    if not list((workspace.engine / "state").rglob(f"{REHEARSAL_STACK}.json*")):
        # From its own folder: the engine writes the passphrase salt beside the Pulumi.yaml it runs from, and no salt
        # may land in the tracked stack file.
        arguments = ["stack", "init", REHEARSAL_STACK, "--secrets-provider", "passphrase", "--non-interactive"]
        _run([pulumi, *arguments], workspace.engine / "project", environment)
    if list((workspace.engine / "state").rglob("locks/**/*.json")):
        # A run that was killed leaves its lock behind. Nobody else uses this state, so the lock guards nothing.
        _run([pulumi, "cancel", REHEARSAL_STACK, "--yes", "--non-interactive"], workspace.root, environment)
    arguments = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", REHEARSAL_STACK]
    arguments += ["--config-file", str(config), "--policy-pack", "policies"]
    preview = ["preview", "--non-interactive", "--stack", REHEARSAL_STACK]
    preview += ["--config-file", str(config), "--policy-pack", "policies"]
    # `up` judges each resource just before it creates it; the preview judges all of them before the first is created.
    _run([pulumi, *preview], workspace.root, environment)
    _run([pulumi, *arguments], workspace.root, environment)


def _environment(workspace: Workspace) -> dict[str, str]:
    state = workspace.engine / "state"
    state.mkdir(parents=True, exist_ok=True)
    passphrase = workspace.engine / "passphrase"
    read_or_write(passphrase, lambda: secrets.token_urlsafe(32).encode())
    # The engine takes the variable before the file: a passphrase of another project would lock the rehearsal's state.
    inherited = {name: value for name, value in os.environ.items() if name != "PULUMI_CONFIG_PASSPHRASE"}
    return inherited | {
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "1",
    }


def _stack_file_copy(workspace: Workspace) -> Path:
    """Copy the project and stack file next to the engine's state; what the engine added to the copy is kept."""
    project = workspace.engine / "project"
    project.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(workspace.root / "Pulumi.yaml", project / "Pulumi.yaml")
    name = f"Pulumi.{REHEARSAL_STACK}.yaml"
    copy = project / name
    added = yaml.safe_load(copy.read_text("utf-8")) if copy.exists() else {}
    content = yaml.safe_load((workspace.root / name).read_text("utf-8"))
    kept = {key: value for key, value in added.items() if key in {"encryptionsalt", "secretsprovider"}}
    copy.write_text(yaml.safe_dump(content | kept, sort_keys=False), "utf-8")
    return copy


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output: list[str] = []
    for line in process.stdout or ():
        print(line, end="", flush=True)
        output.append(line)
    if process.wait() == 0:
        return
    message = f"{' '.join(command[:2])} ended with exit code {process.returncode}, see its output above"
    if any(sign in line.lower() for line in output for sign in _PLUGIN_SIGNS):
        message += "\nthe engine lacks a plug-in: rehearse without it by `make down`, then `make up ENGINE=render`"
    raise DeployError(message)
