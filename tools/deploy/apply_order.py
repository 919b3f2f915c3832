"""In which order objects are applied, so that none meets an admission check that cannot pass yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.render.api_groups import is_custom

Manifest = Mapping[str, Any]

_QUOTAS_AND_POLICIES = {"ResourceQuota", "LimitRange", "NetworkPolicy", "PodDisruptionBudget"}
_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "HorizontalPodAutoscaler"}


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Objects that are applied together. `title` is what the progress bar shows."""

    title: str
    manifests: tuple[Manifest, ...]


def _phase_of(manifest: Manifest) -> str:
    kind = manifest["kind"]
    if is_custom(manifest):
        return "custom resources"
    if kind == "Namespace":
        return "namespaces"
    if kind in _QUOTAS_AND_POLICIES:
        return "quotas and policies"
    if kind in _WORKLOADS:
        return "workloads"
    if "namespace" not in manifest["metadata"]:
        return "cluster-scoped objects"
    return "configuration, secrets and services"


_ORDER = (
    "namespaces",
    "cluster-scoped objects",
    "quotas and policies",
    "configuration, secrets and services",
    "workloads",
    "custom resources",
)


def phases(manifests: Iterable[Manifest]) -> tuple[Phase, ...]:
    """Sort objects into phases; empty phases are left out."""
    groups: dict[str, list[Manifest]] = {title: [] for title in _ORDER}
    for manifest in manifests:
        groups[_phase_of(manifest)].append(manifest)
    return tuple(Phase(title=title, manifests=tuple(found)) for title, found in groups.items() if found)
