"""Small manifests and a wait, for tests against the simulated cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

Seen = TypeVar("Seen")
_PATIENCE_SECONDS = 60


def eventually(look: Callable[[], Seen | None]) -> Seen:
    """Look until there is something to see; fail when nothing comes."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(0.1)
    raise AssertionError(f"nothing seen after {_PATIENCE_SECONDS} s")


def pod_template(name: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "registry.example.org/app:1.0", **spec.pop("container", {})}
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **spec}}


def deployment(name: str, namespace: str, *, replicas: int | None = 1, **spec: Any) -> dict[str, Any]:
    body = {"selector": {"matchLabels": {"app": name}}, "template": pod_template(name, **spec)}
    if replicas is not None:
        body["replicas"] = replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": body,
    }


def gpu_deployment(name: str, namespace: str, pool: str, *, replicas: int = 1) -> dict[str, Any]:
    """A Deployment whose pods each ask for one GPU of a pool."""
    return deployment(
        name,
        namespace,
        replicas=replicas,
        container={"resources": {"limits": {"nvidia.com/gpu": "1"}}},
        nodeSelector={"ai-platform/pool": pool},
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    )


def claim(name: str, namespace: str, storage_class: str | None) -> dict[str, Any]:
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def storage_class(name: str, *, binding: str = "Immediate", reclaim: str = "Delete") -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": binding,
        "reclaimPolicy": reclaim,
    }
