"""A model as the placement check sees it."""

from __future__ import annotations

from dataclasses import dataclass

from components.base.packing import Packed
from components.base.serving import Serving


@dataclass(frozen=True, kw_only=True)
class PlacedModel:
    """A model of the stack file: how one replica is served, in which pool, and how many replicas there are.

    `surge` replicas run beside the others while an update is rolled out. `several_nodes` says that the model shall lie
    on several nodes although one node holds it. Each pod takes `disk_gib` of its node's disk.
    """

    name: str
    serving: Serving
    pool: str
    min_replicas: int
    max_replicas: int
    surge: int = 0
    several_nodes: bool = False
    disk_gib: int = 0

    @property
    def replicas(self) -> int:
        """Replicas that must find room at any time: a model that stops when nobody asks must be able to start."""
        return max(1, self.min_replicas)

    def pods(self, *, with_surge: bool = True) -> Packed:
        """What the pool must hold."""
        replicas = self.replicas + (self.surge if with_surge else 0)
        count = replicas * self.serving.nodes
        return Packed(name=self.name, serving=self.serving, count=count, disk_gib=self.disk_gib)
