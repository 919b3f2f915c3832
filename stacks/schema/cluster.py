"""Where the platform runs: one of three kinds of cluster, all with the same pools."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.base.node_pools import NodePool
from stacks.schema.cluster_eks import EksClusterSettings
from stacks.schema.cluster_existing import ExistingClusterSettings, LoadBalancerSettings
from stacks.schema.cluster_k3s import K3sClusterSettings
from stacks.schema.cluster_parts import (
    AcmeSettings,
    GpuOperatorSettings,
    IssuerSettings,
    StorageClassSettings,
    StorageSettings,
)
from stacks.schema.eks_nodes import NodeGroupSettings
from stacks.schema.k3s_hosts import AgentSettings, ServerSettings, SshSettings
from stacks.schema.pools import PoolSettings

__all__ = [
    "AcmeSettings",
    "AgentSettings",
    "ClusterSettings",
    "EksClusterSettings",
    "ExistingClusterSettings",
    "GpuOperatorSettings",
    "IssuerSettings",
    "K3sClusterSettings",
    "LoadBalancerSettings",
    "NodeGroupSettings",
    "PoolSettings",
    "ServerSettings",
    "SshSettings",
    "StorageClassSettings",
    "StorageSettings",
    "node_pools",
]

ClusterSettings = Annotated[
    ExistingClusterSettings | K3sClusterSettings | EksClusterSettings, Field(discriminator="kind")
]
"""The cluster, told apart by `kind`."""


def node_pools(settings: ClusterSettings) -> tuple[NodePool, ...]:
    """The pools of a cluster as components see them."""
    return tuple(pool.as_pool() for pool in settings.pools)
