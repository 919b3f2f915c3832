"""registries.yaml: where containerd gets images from, the same on every node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from components.gpu_cluster.k3s.hosts.host_files import HostFile
from components.gpu_cluster.k3s.hosts.hosts import RegistryMirror
from components.gpu_cluster.k3s.plan import K3sClusterPlan

REGISTRIES_FILE = "/etc/rancher/k3s/registries.yaml"
AUTHORITIES_FOLDER = "/etc/rancher/k3s/registry-authorities"


def registries(plan: K3sClusterPlan) -> dict[str, Any]:
    """registries.yaml of every node."""
    mirrors: dict[str, Any] = {
        mirror.registry: {"endpoint": list(mirror.endpoints)} for mirror in plan.registry_mirrors
    }
    if plan.embedded_registry:
        # Nodes pass on the images of registries that stand here, and of no other (k3s-io/k3s#10056).
        mirrors.setdefault("*", {})
    content: dict[str, Any] = {"mirrors": mirrors}
    authorities = {
        host: {"tls": {"ca_file": _authority_path(mirror)}}
        for mirror in plan.registry_mirrors
        if mirror.ca_certificate
        for host in sorted({urlsplit(endpoint).netloc for endpoint in mirror.endpoints})
    }
    return content | ({"configs": authorities} if authorities else {})


def authority_files(mirrors: Iterable[RegistryMirror]) -> tuple[HostFile, ...]:
    """Certificates of the authorities that mirrors are signed by."""
    return tuple(
        HostFile(path=_authority_path(mirror), content=mirror.ca_certificate, mode="644")
        for mirror in mirrors
        if mirror.ca_certificate
    )


def _authority_path(mirror: RegistryMirror) -> str:
    return f"{AUTHORITIES_FOLDER}/{mirror.registry.replace(':', '_').replace('*', 'any')}.pem"
