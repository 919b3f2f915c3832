"""The files of a node that decide how k3s runs there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from components.gpu_cluster.k3s.control_plane.admission import ADMISSION_FILE, admission_configuration
from components.gpu_cluster.k3s.control_plane.audit import AUDIT_FILE, audit_policy
from components.gpu_cluster.k3s.control_plane.cluster_defaults import DEFAULTS_FILE, cluster_defaults
from components.gpu_cluster.k3s.control_plane.registries import REGISTRIES_FILE, authority_files, registries
from components.gpu_cluster.k3s.control_plane.server_config import agent_config, server_config
from components.gpu_cluster.k3s.control_plane.virtual_ip import VIRTUAL_IP_FILE, virtual_ip_manifests
from components.gpu_cluster.k3s.hosts.host_files import HostFile
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from components.gpu_cluster.k3s.plan import K3sClusterPlan

CONFIG_FILE = "/etc/rancher/k3s/config.yaml"
MANIFEST_FILES = (DEFAULTS_FILE, VIRTUAL_IP_FILE)
"""What k3s applies to the cluster, on the first server alone."""


def server_files(host: K3sHost, plan: K3sClusterPlan, tokens: Mapping[str, str]) -> tuple[HostFile, ...]:
    """Files of a server. `tokens` holds `token` and `agent-token`."""
    files = (
        *_files(server_config(host, plan), plan, tokens),
        HostFile(path=ADMISSION_FILE, content=_text(admission_configuration(plan.kubernetes_version))),
        HostFile(path=AUDIT_FILE, content=_text(audit_policy())),
    )
    # Manifests lie on one server alone: k3s applies them to the cluster, and servers that differ while they are brought
    # up to date one after another would overwrite each other's version.
    return (*files, *_manifests(plan)) if host == plan.first_server else files


def _manifests(plan: K3sClusterPlan) -> Iterator[HostFile]:
    yield HostFile(path=DEFAULTS_FILE, content=_documents(cluster_defaults()), restart=False)
    if plan.virtual_ip:
        yield HostFile(path=VIRTUAL_IP_FILE, content=_documents(virtual_ip_manifests(plan.virtual_ip)), restart=False)


def agent_files(host: K3sHost, plan: K3sClusterPlan, tokens: Mapping[str, str]) -> tuple[HostFile, ...]:
    """Files of an agent. Of `tokens` it is given `agent-token` alone, with which nothing can join as a server."""
    return _files(agent_config(host, plan), plan, {"token": tokens["agent-token"]})


def _files(config: Mapping[str, Any], plan: K3sClusterPlan, tokens: Mapping[str, str]) -> tuple[HostFile, ...]:
    return (
        HostFile(path=CONFIG_FILE, content=_text({**config, **tokens})),
        HostFile(path=REGISTRIES_FILE, content=_text(registries(plan))),
        *authority_files(plan.registry_mirrors),
    )


def _text(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(content), sort_keys=True)


def _documents(manifests: Iterable[Mapping[str, Any]]) -> str:
    return yaml.safe_dump_all(manifests, sort_keys=True)
