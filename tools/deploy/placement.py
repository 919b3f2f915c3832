"""Where pods and GPUs went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from components.base.node_pools import POOL_LABEL

Manifest = Mapping[str, Any]

_GPU_PREFIX = "nvidia.com/"
_ENDED = {"Succeeded", "Failed"}


@dataclass(frozen=True, kw_only=True)
class NodePlacement:
    """GPUs of one node: how many it has, and which pods hold how many of them."""

    node: str
    pool: str
    product: str
    capacity: int
    pods: tuple[tuple[str, int], ...]

    @property
    def used(self) -> int:
        """GPUs (or slices) that pods hold."""
        return sum(count for _, count in self.pods)


def gpus_of(pod: Manifest) -> int:
    """GPUs or GPU slices that a pod requests."""
    return sum(
        int(amount)
        for container in pod["spec"]["containers"]
        for key, amount in ((container.get("resources") or {}).get("requests") or {}).items()
        if key.startswith(_GPU_PREFIX)
    )


def gpu_placement(nodes: Iterable[Manifest], pods: Iterable[Manifest]) -> tuple[NodePlacement, ...]:
    """GPU nodes, sorted by name, with the pods that hold their GPUs."""
    holders: dict[str, list[tuple[str, int]]] = {}
    for pod in pods:
        count = gpus_of(pod)
        if count and pod["spec"].get("nodeName") and pod["status"].get("phase") not in _ENDED:
            holders.setdefault(pod["spec"]["nodeName"], []).append((pod["metadata"]["name"], count))
    return tuple(
        NodePlacement(
            node=node["metadata"]["name"],
            pool=node["metadata"]["labels"].get(POOL_LABEL, ""),
            product=node["metadata"]["labels"].get("nvidia.com/gpu.product", ""),
            capacity=capacity,
            pods=tuple(sorted(holders.get(node["metadata"]["name"], []))),
        )
        for node in sorted(nodes, key=lambda item: item["metadata"]["name"])
        if (capacity := _gpu_capacity(node))
    )


def _gpu_capacity(node: Manifest) -> int:
    amounts: Mapping[str, str] = node["status"].get("allocatable") or {}
    return sum(int(amount) for key, amount in amounts.items() if key.startswith(_GPU_PREFIX))
