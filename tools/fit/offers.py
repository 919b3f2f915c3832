"""What the GPUs of an answer cost by the hour: AWS instances by their list price."""

from __future__ import annotations

from dataclasses import dataclass

from components.base.gpu_instances import GPU_INSTANCES, InstanceType
from components.base.gpus import GpuProduct
from components.base.instance_prices import PRICES_AS_OF, hourly_price
from components.base.node_pools import NodePool
from components.base.packing import empty_node
from components.base.pod_sizes import pod_size
from components.base.serving import Serving

REGION = "us-east-1"

PRICE_NOTE = f"USD per hour: list price of whole AWS instances on demand in {REGION}, {PRICES_AS_OF}"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """`nodes` instances of one type, which together cost `usd_per_hour`."""

    instance_type: str
    nodes: int
    usd_per_hour: float

    @property
    def text(self) -> str:
        """For example `2 x p5.48xlarge`."""
        return f"{self.nodes} x {self.instance_type}" if self.nodes > 1 else self.instance_type


def cheapest_offer(serving: Serving, gpu: GpuProduct) -> Offer | None:
    """The cheapest instances that take a replica's pods with their GPUs; None where none has a list price."""
    found = [
        Offer(instance_type=name, nodes=serving.nodes, usd_per_hour=price * serving.nodes)
        for name, instance in GPU_INSTANCES.items()
        if instance.product == gpu.label and _takes(instance, serving)
        if (price := hourly_price(name, REGION)) is not None
    ]
    return min(found, key=lambda offer: offer.usd_per_hour, default=None)


def _takes(instance: InstanceType, serving: Serving) -> bool:
    pool = NodePool(
        name="offer",
        role="gpu",
        cpu=instance.cpu,
        memory_gib=instance.memory_gib,
        min_nodes=1,
        max_nodes=1,
        product=instance.product,
        gpus_per_node=instance.gpus,
    )
    return empty_node(pool).takes(serving.gpus_per_node, pod_size(serving))
