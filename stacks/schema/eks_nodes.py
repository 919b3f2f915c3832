"""Nodes of a cluster in AWS: instance types, how they are bought, and who adds and removes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from components.base.gpu_instances import InstanceType
from components.base.instance_prices import PRICES_AS_OF, offered_regions, pool_price
from components.base.instance_types import find_instance, has_gpus, instance_shortfall, is_arm
from stacks.schema.base import PositiveInt, SettingsModel
from stacks.schema.pools import PoolSettings

InstanceTypeName = Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
"""EC2 instance type, for example `g6e.12xlarge`."""

_RESERVED = ("reservation", "capacity-block")


class HardwareSettings(SettingsModel):
    """What one instance has. For types that are newer than the platform's table, which it replaces."""

    cpu: PositiveInt
    """Virtual cores."""
    memory_gib: PositiveInt
    """Main memory in GiB."""
    product: str | None = None
    """Value of the label `nvidia.com/gpu.product`; null: no GPU."""
    gpus: int = Field(ge=0, default=0)
    """Number of GPUs."""
    local_disks: bool = False
    """Whether it has NVMe disks of its own; they are joined for images, logs and weights."""
    efa_interfaces: int = Field(ge=0, default=0)
    """Network cards that take an EFA interface beside the first interface of the instance."""

    def as_instance(self) -> InstanceType:
        """The hardware as checks and components see it."""
        return InstanceType(**self.model_dump())


class NodeGroupSettings(SettingsModel):
    """What the nodes of one pool are bought as."""

    instance_type: InstanceTypeName
    """EC2 instance type, for example `g6e.12xlarge`."""
    alternative_types: tuple[InstanceTypeName, ...] = ()
    """Further types that will do as well, with the same GPUs. The more there are, the rarer spot nodes are missing."""
    hardware: HardwareSettings | None = None
    """What an instance has; null: what the platform's table says of its type."""
    purchase: Literal["on-demand", "spot", "reservation", "capacity-block"] = "on-demand"
    """`spot` is taken away with two minutes' notice; `reservation` and `capacity-block` use one that you bought."""
    reservation_id: Annotated[str, Field(pattern=r"^cr-[0-9a-f]{17}$")] | None = None
    """Capacity reservation or capacity block that the nodes start in."""
    availability_zone: str | None = None
    """Zone that all nodes start in; null: every zone. A reservation lives in one zone."""
    root_volume_gib: Annotated[int, Field(ge=50)] = 200
    """Size of a node's system disk in GiB. The image of the model server alone unpacks to more than 20."""
    efa: bool = False
    """true: nodes stand close together and speak EFA, for models that span several of them."""
    karpenter: bool = True
    """false: nobody adds nodes between the pool's minimum and maximum but an operator."""

    @property
    def types(self) -> tuple[str, ...]:
        """All types of the group."""
        return (self.instance_type, *self.alternative_types)

    def instance(self, name: str) -> InstanceType | None:
        """What a type of the group has, None where neither settings nor table say."""
        return self.hardware.as_instance() if self.hardware else find_instance(name)

    @model_validator(mode="after")
    def _purchase_complete(self) -> NodeGroupSettings:
        problem = self._purchase_problem()
        if problem:
            raise ValueError(problem)
        return self

    def _purchase_problem(self) -> str | None:
        reserved = self.purchase in _RESERVED
        if self.reservation_id and not reserved:
            return (
                f"reservationId excludes purchase: {self.purchase}: set purchase: reservation or capacity-block, "
                "or remove the id"
            )
        if reserved and not (self.reservation_id and self.availability_zone):
            return f"purchase: {self.purchase} needs reservationId and availabilityZone"
        if reserved and self.alternative_types:
            return f"alternativeTypes: a {self.purchase} is of one type: remove them"
        if len(set(self.types)) < len(self.types):
            return "alternativeTypes: name each type once, and not that of instanceType"
        if self.efa and not self.availability_zone:
            return "efa: nodes that stand close together are in one zone: set availabilityZone"
        return None


class KarpenterSettings(SettingsModel):
    """Karpenter adds nodes to a pool when pods wait for one, and removes empty ones, between minimum and maximum."""

    enabled: bool = True
    """false: nothing scales the nodes."""
    empty_minutes: PositiveInt = 15
    """How long a node may be empty before it is removed. Starting a GPU node takes about 10 minutes."""
    node_days: PositiveInt = 30
    """Age at which a node is replaced by one with fresh disks and the current image."""
    drain_minutes: PositiveInt = 30
    """How long a node that is to go waits for its pods. After that it ends, whatever they do."""


@dataclass(frozen=True, kw_only=True)
class NodePlan:
    """Everything that a cluster's settings say about its nodes. `offerings` are regions by type, beside the table's."""

    pools: Sequence[PoolSettings]
    groups: Mapping[str, NodeGroupSettings]
    region: str
    zones: tuple[str, ...]
    kubernetes_version: str
    ami_release: str | None
    karpenter: KarpenterSettings
    auto_mode: bool
    offerings: Mapping[str, tuple[str, ...]]

    def scaled(self, pool: PoolSettings) -> bool:
        """Whether Karpenter adds nodes to the pool. What was reserved is bought already and used by fixed nodes."""
        group = self.groups[pool.name]
        wanted = self.karpenter.enabled and group.karpenter and not self.auto_mode and group.purchase not in _RESERVED
        return wanted and pool.nodes.min < pool.nodes.max

    def problem(self) -> str | None:
        """What cannot work, as `<key>: <what is wrong and how to mend it>`; None when everything can."""
        return next(self._problems(), None)

    def prices(self) -> list[float | None]:
        """USD an hour of the nodes that each pool always has, at list price; None where it is not known."""
        return [pool_price(self.groups[pool.name].types, self.region, pool.nodes.min) for pool in self.pools]

    def _problems(self) -> Iterator[str]:
        yield from self._name_problems()
        if self.ami_release and not self.ami_release.startswith(f"{self.kubernetes_version}."):
            yield (
                f"amiRelease: {self.ami_release} is not of kubernetesVersion {self.kubernetes_version}: take the "
                "release of that version"
            )
        for index, pool in enumerate(self.pools):
            group = self.groups[pool.name]
            yield from (f"nodeGroups.{pool.name}.{text}" for text in self._group_problems(pool, group))
            yield from (f"pools[{index}].nodes: {text}" for text in self._count_problems(pool, group))
        if not self.auto_mode and not any(pool.nodes.min for pool in self.pools if pool.role == "system"):
            yield "pools: what adds nodes needs one to run on: set nodes.min of a pool with role: system to 1 or more"

    def _name_problems(self) -> Iterator[str]:
        names = sorted(pool.name for pool in self.pools)
        for name in self.groups:
            if name not in names:
                yield f"nodeGroups.{name}: no pool is called {name!r}: the pools are {', '.join(names)}"
        for name in names:
            if name not in self.groups:
                yield f"nodeGroups: pool {name!r} has no entry: add nodeGroups.{name}.instanceType"

    def _group_problems(self, pool: PoolSettings, group: NodeGroupSettings) -> Iterator[str]:
        if group.availability_zone and group.availability_zone not in self.zones:
            yield f"availabilityZone: {group.availability_zone} is not among availabilityZones"
        for name in group.types:
            key = "instanceType" if name == group.instance_type else "alternativeTypes"
            yield from (f"{key}: {text}" for text in self._type_problems(pool, group, name))
        if group.efa:
            yield from self._efa_problems(group)

    def _type_problems(self, pool: PoolSettings, group: NodeGroupSettings, name: str) -> Iterator[str]:
        if is_arm(name):
            yield f"{name} has Arm processors, the node image is x86-64: use a family without g behind its number"
        if pool.role == "gpu" and not has_gpus(name) and not group.hardware:
            yield f"{name} has no NVIDIA GPU: use a p or g family, or role: system"
        instance = group.instance(name)
        if instance is None:
            yield (
                f"{name} is not in the platform's table of instance types: correct it, or say what it has in "
                f"nodeGroups.{pool.name}.hardware"
            )
            return
        shortfall = instance_shortfall(
            name,
            instance,
            product=pool.product,
            gpus=pool.gpus_per_node,
            cpu=pool.cpu,
            memory_gib=pool.memory_gib,
        )
        if shortfall:
            yield f"{shortfall}: change either"
        regions = self.offerings.get(name) or offered_regions(name)
        if regions is not None and self.region not in regions:
            yield (
                f"{name} is not offered in {self.region}, but in {', '.join(regions)} (as of {PRICES_AS_OF}): choose "
                f"another type or region, or list the region in instanceOfferings of {name}"
            )

    def _efa_problems(self, group: NodeGroupSettings) -> Iterator[str]:
        counts = {name: instance.efa_interfaces for name in group.types if (instance := group.instance(name))}
        for name, count in counts.items():
            if not count:
                yield f"efa: {name} takes no EFA interface that the platform knows of: set efa: false, or use hardware"
        if len(set(counts.values())) > 1:
            yield f"efa: the types take different numbers of interfaces ({counts}): use types that take the same"
        if self.auto_mode:
            yield "efa: EKS Auto Mode lays out its nodes' network itself: set efa: false, or autoMode.enabled: false"

    def _count_problems(self, pool: PoolSettings, group: NodeGroupSettings) -> Iterator[str]:
        few, many = pool.nodes.min, pool.nodes.max
        if group.purchase == "reservation" and few != many:
            yield (
                f"a reservation is paid for whether nodes run in it or not: set min and max to the instances that "
                f"{group.reservation_id} holds"
            )
        if group.purchase == "capacity-block" and few not in {0, many}:
            yield (
                "a capacity block begins and ends at its hour: set min to 0 and let an operator start the nodes, or "
                "min to max while it lasts"
            )
        if not self.scaled(pool):
            return
        if pool.mig:
            yield (
                "Karpenter does not know partitions of GPUs and adds no node for them: set min to max, or "
                f"nodeGroups.{pool.name}.karpenter: false"
            )
        if not self.ami_release:
            yield (
                "Karpenter adds nodes, and would replace all of them whenever a new image appears: set amiRelease, "
                f"for example {self.kubernetes_version}.2-20261107"
            )
