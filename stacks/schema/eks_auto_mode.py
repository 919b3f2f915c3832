"""EKS Auto Mode: nodes that AWS makes and looks after, and what they cannot do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from components.base.eks_choices import ADDONS, AUTO_MODE_ADDONS
from stacks.schema.base import SettingsModel
from stacks.schema.eks_nodes import NodeGroupSettings
from stacks.schema.pools import PoolSettings

_LONGEST_DISK_GIB = 59000
_LONGEST_LIFE_HOURS = 21 * 24
_EITHER = "remove it, or set autoMode.enabled: false"
_DRAIN_HOURS = 24
"""Part of a node's life, see `components.gpu_cluster.eks.auto_mode.auto_mode_specs`."""


class AutoModeSettings(SettingsModel):
    """Nodes, network, volumes and load balancers made by EKS itself. Set when the cluster is made."""

    enabled: bool = False
    """true: EKS makes the nodes of all pools. It takes partitions, sharing and pinned images away; see the docs."""
    node_max_age_hours: Annotated[int, Field(ge=24, le=_LONGEST_LIFE_HOURS - _DRAIN_HOURS)] = 336
    """Age at which a node is drained and replaced. AWS ends every node after 21 days, draining included."""


def auto_mode_problem(
    *,
    pools: Sequence[PoolSettings],
    groups: Mapping[str, NodeGroupSettings],
    ami_release: str | None,
    addon_versions: Mapping[str, str],
) -> str | None:
    """What a stack with Auto Mode asks that Auto Mode cannot do, and the fix. `groups` are keyed by pool."""
    problems = [
        *(_pool_problem(index, pool) for index, pool in enumerate(pools)),
        *(_group_problem(name, group) for name, group in groups.items()),
        _image_problem(ami_release),
        _addon_problem(addon_versions),
    ]
    return next((problem for problem in problems if problem), None)


def _pool_problem(index: int, pool: PoolSettings) -> str | None:
    if pool.mig:
        return f"pools[{index}].mig: EKS Auto Mode does not partition GPUs: {_EITHER}"
    if pool.sharing:
        return f"pools[{index}].sharing: the device plug-in of EKS Auto Mode shares no GPU: {_EITHER}"
    return None


def _group_problem(name: str, group: NodeGroupSettings) -> str | None:
    if group.root_volume_gib > _LONGEST_DISK_GIB:
        return (
            f"nodeGroups.{name}.rootVolumeGib: {group.root_volume_gib}: EKS Auto Mode takes at most {_LONGEST_DISK_GIB}"
        )
    if "karpenter" in group.model_fields_set:
        return f"nodeGroups.{name}.karpenter: EKS Auto Mode adds and removes nodes itself: remove it"
    return None


def _image_problem(ami_release: str | None) -> str | None:
    if ami_release is None:
        return None
    return "amiRelease: AWS chooses the image of EKS Auto Mode's nodes: remove it, or set autoMode.enabled: false"


def _addon_problem(versions: Mapping[str, str]) -> str | None:
    for name in versions:
        if name in ADDONS and name not in AUTO_MODE_ADDONS:
            return f"addonVersions.{name}: EKS Auto Mode brings it and chooses its version: remove it"
    return None
