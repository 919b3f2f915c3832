"""The built kubectl, bound to one cluster."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.simulator.api import Manifest
from tools.simulator.errors import SimulatorError

FIELD_MANAGER = "ai-platform"
_WARNING = "Warning: "


@dataclass(frozen=True, kw_only=True)
class Completed:
    """How one kubectl command ended. `warnings` are the API server's, without kubectl's prefix."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings that the API server sent with its answer."""
        lines = self.stderr.splitlines()
        return tuple(line.removeprefix(_WARNING) for line in lines if line.startswith(_WARNING))

    @property
    def errors(self) -> tuple[str, ...]:
        """The lines of stderr that are no warnings."""
        return tuple(line for line in self.stderr.splitlines() if line and not line.startswith(_WARNING))

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of stdout."""
        return tuple(self.stdout.splitlines())


class KubectlError(SimulatorError):
    """A kubectl command failed; `completed` holds all that it wrote."""

    def __init__(self, arguments: Iterable[str], completed: Completed) -> None:
        self.completed = completed
        super().__init__(f"kubectl {' '.join(arguments)}: {' | '.join(completed.errors)}")


@dataclass(frozen=True, kw_only=True)
class Kubectl:
    """kubectl with the cluster's kubeconfig and a discovery cache of its own, so that nothing touches `~/.kube`."""

    binary: Path
    kubeconfig: Path
    cache: Path

    def run(self, *arguments: str, stdin: str | None = None, check: bool = True) -> Completed:
        """Run one command. Raises KubectlError when it fails and `check` is set."""
        command = [str(self.binary), f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.cache}", *arguments]
        environment = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
        result = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, env=environment)
        completed = Completed(returncode=result.returncode, stdout=result.stdout, stderr=result.stderr)
        if check and result.returncode != 0:
            raise KubectlError(arguments, completed)
        return completed

    def apply(
        self, objects: Iterable[Mapping[str, Any]] = (), *, files: Iterable[Path] = (), dry_run: bool = False
    ) -> Completed:
        """Server-side apply of objects and of manifest files, in one kubectl command and in the order given.

        `dry_run` asks the server to run admission and validation and to store nothing. stdout has one line per object
        (`<kind>/<name> serverside-applied`, followed by `(server dry run)`). Raises KubectlError with all refusals;
        the objects that were not refused are applied.
        """
        manifests, paths = list(objects), list(files)
        if not manifests and not paths:
            return Completed(returncode=0, stdout="", stderr="")
        arguments = ["apply", "--server-side", f"--field-manager={FIELD_MANAGER}", "--force-conflicts"]
        arguments += ["--dry-run=server"] if dry_run else []
        arguments += [f"--filename={path}" for path in paths]
        if not manifests:
            return self.run(*arguments)
        content = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        return self.run(*arguments, "--filename=-", stdin=content)

    def get(self, resource: str, *, namespace: str | None = None, selector: str = "") -> list[Manifest]:
        """All objects of a resource (`pods`, `deployments.apps`), of one namespace or of all. Raises KubectlError."""
        scope = [f"--namespace={namespace}"] if namespace else ["--all-namespaces"]
        filters = [f"--selector={selector}"] if selector else []
        return json.loads(self.run("get", resource, "--output=json", *scope, *filters).stdout)["items"]

    def delete(self, resource: str, name: str, *, namespace: str | None = None, wait: bool = True) -> None:
        """Delete one object; one that is gone already is no error. Raises KubectlError."""
        scope = [f"--namespace={namespace}"] if namespace else []
        self.run("delete", resource, name, "--ignore-not-found", f"--wait={str(wait).lower()}", *scope)

    def wait(
        self, resource: str, name: str, condition: str, *, namespace: str | None = None, timeout_seconds: int = 60
    ) -> None:
        """Wait for a condition such as `condition=Established` or `jsonpath={.status.phase}=Bound`.

        Raises KubectlError when it does not hold in time.
        """
        scope = [f"--namespace={namespace}"] if namespace else []
        self.run("wait", f"{resource}/{name}", f"--for={condition}", f"--timeout={timeout_seconds}s", *scope)
