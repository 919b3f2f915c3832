"""Hosts of a k3s cluster, and what a script is given on its input."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.base.node_pools import NodePool
from components.gpu_cluster.k3s.hosts.host_files import HostFile, bash_arrays

SCRIPTS = Path(__file__).parents[2] / "scripts"
COMMON_SCRIPT = "common.sh"
"""Functions that are put before every script."""
CONTAINERD_SOCKET = "/run/k3s/containerd/containerd.sock"
RUNTIME_CLASS = "nvidia"
"""k3s makes this RuntimeClass when it starts on a host that has the NVIDIA container toolkit."""


@dataclass(frozen=True, kw_only=True)
class K3sHost:
    """One host. `host_key` is its public SSH key; `pool` is None on a server that runs the control plane only."""

    name: str
    address: str
    host_key: str
    pool: NodePool | None


@dataclass(frozen=True, kw_only=True)
class RegistryMirror:
    """`endpoints` are tried in order for images of `registry`. `ca_certificate` is PEM of the authority that signed
    their certificates, None for one that the host trusts anyway.
    """

    registry: str
    endpoints: tuple[str, ...]
    ca_certificate: str | None = None


def script_input(script: str, variables: Mapping[str, str], files: Sequence[HostFile] = ()) -> str:
    """What bash is given on its standard input: assignments and the arrays of `files`, then common.sh and the script.

    The standard input appears in no process list and in no error message of the command provider, which quotes the
    command line on every failure.
    """
    assignments = [f"{key}={shlex.quote(value)}" for key, value in variables.items()]
    texts = [(SCRIPTS / name).read_text("utf-8") for name in (COMMON_SCRIPT, script)]
    return "\n".join([*assignments, bash_arrays(files), *texts])
