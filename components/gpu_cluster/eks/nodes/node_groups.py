"""What the nodes of one pool are bought as: the shape that node groups and Karpenter share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from components.base.node_pools import NodePool

Purchase = Literal["on-demand", "spot", "reservation", "capacity-block"]


@dataclass(frozen=True, kw_only=True)
class EksNodeGroup:
    """Nodes of one pool.

    `instance_types` have the same GPUs; more than one only where any of them will do. `reservation_id` names the
    reservation or capacity block that `purchase` says, `zone` the only zone, None for all. `cpu` (cores) and
    `memory_gib` are those of the largest of the types. `efa_interfaces` is 0 for nodes without EFA. `scaled` says
    whether Karpenter adds nodes between the pool's minimum and maximum; otherwise that is left to an operator.
    """

    instance_types: tuple[str, ...]
    purchase: Purchase
    root_volume_gib: int
    cpu: int
    memory_gib: int
    local_disks: bool
    reservation_id: str | None = None
    zone: str | None = None
    efa_interfaces: int = 0
    scaled: bool = False

    def fixed_nodes(self, pool: NodePool) -> tuple[int, int]:
        """Smallest and largest size of the managed node group: Karpenter's nodes are not among them."""
        return (pool.min_nodes, pool.min_nodes if self.scaled else pool.max_nodes)

    def added_nodes(self, pool: NodePool) -> int:
        """How many nodes Karpenter may add to the fixed ones."""
        return pool.max_nodes - pool.min_nodes if self.scaled else 0
