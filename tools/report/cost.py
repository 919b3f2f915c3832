"""What the stack costs: nodes by the hour and the month, models by replica and by million tokens, and the budgets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from components.base.instance_prices import PRICES_AS_OF
from components.base.token_prices import replica_usd_per_hour
from stacks.prices import ModelPrice, NodePrice, model_price, node_price
from stacks.schema.cluster import EksClusterSettings
from stacks.schema.models import ModelSettings
from stacks.schema.pools import PoolSettings
from stacks.serving import serving
from stacks.settings import PlatformSettings
from tools.report.units import HOURS_PER_MONTH

NOT_COUNTED = "networks, load balancers, volumes, managed databases, object stores, backups, logs and support"
"""What the sum leaves out: nobody has told its size before it runs."""

_ORIGINS = {"settings": "gateway.prices", "default": "gateway.defaultPrice", "hardware": "price of the nodes"}


@dataclass(frozen=True, kw_only=True)
class PoolCost:
    """A pool. `node_usd` is an hour of one node, None where nothing says it."""

    name: str
    role: str
    hardware: str
    node_usd: float | None
    source: str
    min_nodes: int
    max_nodes: int

    @property
    def least_usd(self) -> float | None:
        """USD an hour with the fewest nodes."""
        return None if self.node_usd is None else self.node_usd * self.min_nodes

    @property
    def most_usd(self) -> float | None:
        """USD an hour with all nodes."""
        return None if self.node_usd is None else self.node_usd * self.max_nodes


@dataclass(frozen=True, kw_only=True)
class ModelCost:
    """A model. `replica_usd` is a replica's part of its nodes for an hour, by GPUs; prices are USD per million tokens
    (`output_usd` is None for a model that generates none). Speeds are tokens a second of one replica."""

    name: str
    pool: str
    min_replicas: int
    max_replicas: int
    replica_usd: float | None
    input_usd: float | None
    output_usd: float | None
    origin: str
    input_speed: float | None
    output_speed: float | None
    speed_origin: str

    @property
    def least_usd(self) -> float | None:
        """USD an hour with the fewest replicas."""
        return None if self.replica_usd is None else self.replica_usd * self.min_replicas


@dataclass(frozen=True, kw_only=True)
class TeamBudget:
    """What a team may spend at the gateway in a month."""

    name: str
    tier: str
    data_class: str
    models: str
    budget_usd: float


@dataclass(frozen=True, kw_only=True)
class Cost:
    """All of it. `unpriced` names the pools that the totals leave out; `budget_usd` is the stack's monthly limit."""

    pools: tuple[PoolCost, ...]
    models: tuple[ModelCost, ...]
    teams: tuple[TeamBudget, ...]
    utilization: float
    budget_usd: float | None
    prices_as_of: str = PRICES_AS_OF
    hours_per_month: float = HOURS_PER_MONTH
    not_counted: str = NOT_COUNTED

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Pools without a price."""
        return tuple(pool.name for pool in self.pools if pool.node_usd is None)

    @property
    def least_usd(self) -> float | None:
        """USD an hour of all priced pools with the fewest nodes; None where no pool has a price."""
        return _sum(pool.least_usd for pool in self.pools)

    @property
    def most_usd(self) -> float | None:
        """USD an hour of all priced pools with all nodes; None where no pool has a price."""
        return _sum(pool.most_usd for pool in self.pools)

    @property
    def budget_share(self) -> float | None:
        """Part of the stack's budget that the fewest nodes use in a month."""
        if self.budget_usd is None or self.least_usd is None:
            return None
        return self.least_usd * self.hours_per_month / self.budget_usd

    @property
    def over_budget(self) -> bool:
        """Whether the fewest nodes alone cost more than the budget."""
        return self.budget_share is not None and self.budget_share > 1


def cost(settings: PlatformSettings) -> Cost:
    """The cost of a stack by its settings."""
    cluster = settings.cluster
    return Cost(
        pools=tuple(_pool(settings, pool) for pool in cluster.pools),
        models=tuple(_model(settings, model) for model in settings.models),
        teams=tuple(
            TeamBudget(
                name=team.name,
                tier=team.tier,
                data_class=team.data_class,
                models="all" if team.models == ("*",) else ", ".join(team.models),
                budget_usd=team.budget_usd_per_month,
            )
            for team in settings.teams
        ),
        utilization=settings.gateway.pricing.utilization,
        budget_usd=cluster.budget.monthly_usd if isinstance(cluster, EksClusterSettings) and cluster.budget else None,
    )


def _pool(settings: PlatformSettings, pool: PoolSettings) -> PoolCost:
    price = node_price(settings, pool)
    return PoolCost(
        name=pool.name,
        role=pool.role,
        hardware=_hardware(settings, pool),
        node_usd=price.usd_per_hour if price else None,
        source=price.source if price else _missing(settings),
        min_nodes=pool.nodes.min,
        max_nodes=pool.nodes.max,
    )


def _missing(settings: PlatformSettings) -> str:
    """Why a pool has no price."""
    cluster = settings.cluster
    if isinstance(cluster, EksClusterSettings):
        return f"no list price known in {cluster.region}, and the pool states none"
    return "the pool states none"


def _hardware(settings: PlatformSettings, pool: PoolSettings) -> str:
    size = f"{pool.cpu} cores, {pool.memory_gib:,} GiB"
    gpus = f"{pool.gpus_per_node} x {pool.product}, " if pool.gpus_per_node else ""
    cluster = settings.cluster
    group = cluster.node_groups.get(pool.name) if isinstance(cluster, EksClusterSettings) else None
    return f"{' or '.join(group.types)}: {gpus}{size}" if group else f"{gpus}{size}"


def _model(settings: PlatformSettings, model: ModelSettings) -> ModelCost:
    found = model_price(settings, model)
    pool = next(pool for pool in settings.cluster.pools if pool.name == model.gpu.pool)
    node = node_price(settings, pool)
    speed = found.throughput if found else None
    return ModelCost(
        name=model.name,
        pool=model.gpu.pool,
        min_replicas=model.replicas.min,
        max_replicas=model.replicas.max,
        replica_usd=_replica(model, pool, node),
        input_usd=found.price.input_usd_per_million if found else None,
        output_usd=(found.price.output_usd_per_million or None) if found else None,
        origin=_origin(found),
        input_speed=speed.input_tokens_per_second if speed else None,
        output_speed=(speed.output_tokens_per_second or None) if speed else None,
        speed_origin="" if not found or not speed else "measured" if found.measured else "estimated",
    )


def _replica(model: ModelSettings, pool: PoolSettings, node: NodePrice | None) -> float | None:
    return replica_usd_per_hour(serving(model), pool.as_pool(), node.usd_per_hour) if node else None


def _origin(found: ModelPrice | None) -> str:
    if found is None:
        return "no price"
    return found.node.source if found.node else _ORIGINS[found.origin]


def _sum(amounts: Iterable[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None
