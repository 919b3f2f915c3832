"""Pure builders of namespaces, quotas and priority classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from components.base import labels
from components.base.capabilities import provides
from components.base.namespaces import PlatformNamespace
from components.base.node_pools import NodePool

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ResourceQuotaSpecArgsDict
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

POD_SECURITY_VERSION = "v1.35"
"""Pinned, so that a control plane upgrade never tightens what is already running; the oldest supported version."""


def namespace_metadata(namespace: PlatformNamespace, environment: str) -> ObjectMetaArgsDict:
    """Metadata of a namespace: enforce, warn and audit at one pinned Pod Security level."""
    modes = {f"pod-security.kubernetes.io/{mode}": namespace.level for mode in ("enforce", "warn", "audit")}
    versions = {f"{mode}-version": POD_SECURITY_VERSION for mode in modes}
    annotations = provides("pod-security")
    if namespace.reason:
        annotations["ai-platform/pod-security-reason"] = namespace.reason
    return {
        "name": namespace.name,
        "labels": labels.object_labels(namespace.name, "namespace", environment) | modes | versions,
        "annotations": annotations,
    }


def gpu_quota_spec(pools: Iterable[NodePool]) -> ResourceQuotaSpecArgsDict:
    """As many units of each GPU resource as all pools can hold at their largest: no team can ask for more.

    Kubernetes counts extended resources in quotas under `requests.` only.
    """
    hard: dict[str, int] = {}
    for pool in pools:
        if pool.role == "gpu":
            key = f"requests.{pool.resource}"
            hard[key] = hard.get(key, 0) + pool.units_per_node * pool.max_nodes
    return {"hard": {key: str(units) for key, units in sorted(hard.items())}}


def no_gpu_quota_spec(pools: Iterable[NodePool]) -> ResourceQuotaSpecArgsDict:
    """Zero units of each GPU resource, for namespaces that serve no models."""
    return {"hard": {f"requests.{pool.resource}": "0" for pool in pools if pool.role == "gpu"}}
