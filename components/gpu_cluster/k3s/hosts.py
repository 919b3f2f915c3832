"""Pure builders for hosts of a k3s cluster: k3s configuration files and what a script is given on its input."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from components.base.node_pools import NodePool
from components.gpu_cluster.node_labels import registration_labels

SCRIPTS = Path(__file__).parent.parent / "scripts"
API_PORT = 6443
POD_CIDR = "10.42.0.0/16"
SERVICE_CIDR = "10.43.0.0/16"
API_SERVICE_ADDRESS = "10.43.0.1/32"
"""First address of the service range: the Service `kubernetes`."""
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
    """`endpoints` are tried in order for images of `registry`."""

    registry: str
    endpoints: tuple[str, ...]


def server_config(host: K3sHost, servers: Sequence[K3sHost], api_address: str) -> dict[str, Any]:
    """config.yaml of a server, without its tokens. The first server starts the cluster, the others join it by its own
    address: a virtual address is answered only once the cluster runs.

    Everything but the name, the join address and the node's labels is equal on all servers; k3s refuses others
    (k3s-io/k3s#6448).
    """
    config = _node_config(host) | {
        "tls-san": sorted({api_address, *(server.address for server in servers)}),
        "write-kubeconfig-mode": "0600",
        "secrets-encryption": True,
        "disable": ["traefik"],
        "flannel-backend": "wireguard-native",
        "cluster-cidr": POD_CIDR,
        "service-cidr": SERVICE_CIDR,
        # Webhooks are then called through the node of their pod, so that no network policy has to let in the whole
        # pod network, from which the API server's calls would otherwise come.
        "egress-selector-mode": "pod",
        "kube-apiserver-arg": ["service-account-extend-token-expiration=false"],
    }
    return config | ({"cluster-init": True} if host == servers[0] else _join(servers[0]))


def agent_config(host: K3sHost, servers: Sequence[K3sHost]) -> dict[str, Any]:
    """config.yaml of an agent, without its token."""
    return _node_config(host) | _join(servers[0])


def _join(first: K3sHost) -> dict[str, Any]:
    return {"server": f"https://{first.address}:{API_PORT}"}


def _node_config(host: K3sHost) -> dict[str, Any]:
    config: dict[str, Any] = {"node-name": host.name, "node-ip": host.address, "protect-kernel-defaults": True}
    if host.pool is None:
        return config | {"node-taint": ["node-role.kubernetes.io/control-plane:NoSchedule"]}
    config["node-label"] = [f"{key}={value}" for key, value in sorted(registration_labels(host.pool).items())]
    if host.pool.taints:
        config["node-taint"] = [f"{taint.key}={taint.value}:{taint.effect}" for taint in host.pool.taints]
    return config


def registries_config(mirrors: Sequence[RegistryMirror]) -> dict[str, Any]:
    """registries.yaml of every host."""
    return {"mirrors": {mirror.registry: {"endpoint": list(mirror.endpoints)} for mirror in mirrors}}


def install_variables(
    *, host: K3sHost, role: Literal["server", "agent"], release: str, download_url: str, host_driver: bool
) -> dict[str, str]:
    """Variables of `install_k3s.sh` that hold no secret."""
    gpus = host.pool.gpus_per_node if host.pool and host_driver else 0
    return {
        "K3S_ROLE": role,
        "K3S_RELEASE": release,
        "K3S_DOWNLOAD_URL": download_url,
        "EXPECTED_GPUS": str(gpus),
    }


def script_input(script: str, variables: Mapping[str, str]) -> str:
    """What bash is given on its standard input: assignments, then the script.

    The standard input appears in no process list and in no error message of the command provider, which quotes the
    command line on every failure.
    """
    assignments = [f"{key}={shlex.quote(value)}" for key, value in variables.items()]
    return "\n".join([*assignments, (SCRIPTS / script).read_text("utf-8")])


def config_text(config: Mapping[str, Any], tokens: Mapping[str, str]) -> str:
    """config.yaml with its tokens."""
    return yaml.safe_dump({**config, **tokens}, sort_keys=True)
