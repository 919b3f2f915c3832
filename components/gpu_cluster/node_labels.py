"""Labels and taints that a node of a pool must have when it registers, the same on every substrate."""

from __future__ import annotations

from components.base.node_pools import NodePool

MIG_CONFIG_LABEL = "nvidia.com/mig.config"
"""Names the partitioning that the MIG manager applies to the node's GPUs."""

DEVICE_PLUGIN_CONFIG_LABEL = "nvidia.com/device-plugin.config"
"""Names the configuration that the device plugin runs with on the node."""


def mig_config_name(profile: str) -> str:
    """Name of the partitioning of a MIG profile, the one that the GPU operator's own list uses."""
    return f"all-{profile}"


def registration_labels(pool: NodePool) -> dict[str, str]:
    """The platform's labels, and those that select how the GPU operator partitions or shares the node's GPUs."""
    labels = dict(pool.labels)
    if pool.mig_profile:
        labels[MIG_CONFIG_LABEL] = mig_config_name(pool.mig_profile)
    if pool.time_slices > 1:
        labels[DEVICE_PLUGIN_CONFIG_LABEL] = pool.name
    return labels
