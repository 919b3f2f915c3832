"""Which kinds Kubernetes itself serves, and which need a definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BUILT_IN = {
    "",
    "admissionregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
}


def group_of(manifest: Mapping[str, Any]) -> str:
    """API group of an object, empty for the core group."""
    return str(manifest["apiVersion"]).rpartition("/")[0]


def is_custom(manifest: Mapping[str, Any]) -> bool:
    """Whether the object's kind is defined by a CustomResourceDefinition."""
    return group_of(manifest) not in _BUILT_IN
