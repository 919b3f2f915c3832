"""Kubeconfigs: checking a file before it is used, and building one that fetches its token when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class KubeconfigError(ValueError):
    """A kubeconfig that cannot be used. The message is one line with the file and the fix."""


@dataclass(frozen=True, kw_only=True)
class KubeconfigFile:
    """A kubeconfig file at `path` (absolute, below `~`, or relative to the project) and one of its contexts."""

    path: str
    context: str | None = None

    @property
    def location(self) -> Path:
        """The absolute path."""
        return Path(self.path).expanduser().absolute()

    def require(self) -> None:
        """Raise KubeconfigError when the file is missing or damaged, or has no such context."""
        known, current = _contexts(self.location)
        if self.context is None and current not in known:
            message = f"{self.path} has no current context: set cluster.context to one of {_listed(known)}"
            raise KubeconfigError(message)
        if self.context is not None and self.context not in known:
            message = f"{self.path} has no context {self.context!r}: set cluster.context to one of {_listed(known)}"
            raise KubeconfigError(message)


def _contexts(path: Path) -> tuple[tuple[str, ...], str]:
    try:
        content: Any = yaml.safe_load(path.read_text("utf-8"))
        names = tuple(str(entry["name"]) for entry in content["contexts"] or ())
        return names, str(content.get("current-context") or "")
    except OSError as error:
        reason = error.strerror or "not readable"
        message = f"kubeconfig {path}: {reason}: create the cluster first, or correct cluster.kubeconfig"
        raise KubeconfigError(message) from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        message = f"{path} is no kubeconfig: it needs clusters, users and contexts"
        raise KubeconfigError(message) from None


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "none (the file holds no context)"


def exec_kubeconfig(
    *, name: str, endpoint: str, certificate_authority: str, command: str, arguments: tuple[str, ...]
) -> Mapping[str, Any]:
    """A kubeconfig without credentials: each use runs `command`, which prints a short-lived token.

    `certificate_authority` is base64 of PEM. A token in the file would end up in the state and expire there.
    """
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority}}
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
        "users": [
            {
                "name": name,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": command,
                        "args": list(arguments),
                        "interactiveMode": "Never",
                    }
                },
            }
        ],
    }
