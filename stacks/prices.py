"""What tokens cost, from settings: a price that is written down, what the nodes cost, or the default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from components.base.instance_prices import PRICES_AS_OF, pool_price
from components.base.throughput import Throughput, estimated_throughput
from components.base.token_prices import TokenPrice, replica_usd_per_hour, token_price
from stacks.schema.cluster import EksClusterSettings
from stacks.schema.gateway_prices import PriceSettings
from stacks.schema.models import ModelSettings
from stacks.schema.pools import PoolSettings
from stacks.serving import serving

if TYPE_CHECKING:
    from stacks.settings import PlatformSettings

Origin = Literal["settings", "hardware", "default"]


@dataclass(frozen=True, kw_only=True)
class NodePrice:
    """USD an hour of one node, and where the number comes from."""

    usd_per_hour: float
    source: str


@dataclass(frozen=True, kw_only=True)
class ModelPrice:
    """The price of a model's tokens. `node`, `usd_per_hour` (of one replica) and `throughput` are None where the price
    does not follow from the hardware; `measured` says whether the throughput was measured."""

    price: TokenPrice
    origin: Origin
    node: NodePrice | None = None
    usd_per_hour: float | None = None
    throughput: Throughput | None = None
    measured: bool = False


def node_price(settings: PlatformSettings, pool: PoolSettings) -> NodePrice | None:
    """What an hour of a node of `pool` costs; None where neither settings nor price list say.

    Spot and reserved nodes count with the list price too, unless the pool names another: it is the most they cost.
    """
    if pool.price:
        return NodePrice(usd_per_hour=pool.price.usd_per_hour(), source=f"cluster.pools.{pool.name}.price")
    cluster = settings.cluster
    group = cluster.node_groups.get(pool.name) if isinstance(cluster, EksClusterSettings) else None
    if not isinstance(cluster, EksClusterSettings) or group is None:
        return None
    found = pool_price(group.types, cluster.region, 1)
    if found is None:
        return None
    return NodePrice(usd_per_hour=found, source=f"list price {PRICES_AS_OF}, {cluster.region}")


def model_price(settings: PlatformSettings, model: ModelSettings) -> ModelPrice | None:
    """The price of a model's tokens; None where there is nothing to take it from."""
    gateway = settings.gateway
    if model.name in gateway.prices:
        return ModelPrice(price=_token_price(gateway.prices[model.name]), origin="settings")
    found = _hardware_price(settings, model)
    if found is None and gateway.default_price:
        return ModelPrice(price=_token_price(gateway.default_price), origin="default")
    return found


def prices_by_model(settings: PlatformSettings) -> dict[str, dict[str, float]]:
    """Prices of a million tokens by model, as the preview shows them; models without a price are left out."""
    found = {model.name: model_price(settings, model) for model in settings.models}
    return {
        name: {"input": price.price.input_usd_per_million, "output": price.price.output_usd_per_million}
        for name, price in found.items()
        if price
    }


def price_problems(settings: PlatformSettings) -> Iterator[str]:
    """Models without a price where teams have budgets: what they spend there would never be counted."""
    if not settings.teams:
        return
    for index, model in enumerate(settings.models):
        if model_price(settings, model) is None:
            pool = next(i for i, pool in enumerate(settings.cluster.pools) if pool.name == model.gpu.pool)
            yield (
                f"models[{index}].name: {model.name} has no price, so the budgets of {len(settings.teams)} teams never "
                f"bind on it: set cluster.pools[{pool}].price, gateway.prices.{model.name} or gateway.defaultPrice"
            )


def _hardware_price(settings: PlatformSettings, model: ModelSettings) -> ModelPrice | None:
    pool = next((pool for pool in settings.cluster.pools if pool.name == model.gpu.pool), None)
    node = node_price(settings, pool) if pool else None
    if pool is None or node is None:
        return None
    served, nodes = serving(model), pool.as_pool()
    throughput = _measured(model) or estimated_throughput(served, nodes)
    if throughput is None:
        return None
    usd_per_hour = replica_usd_per_hour(served, nodes, node.usd_per_hour)
    return ModelPrice(
        price=token_price(usd_per_hour, throughput, settings.gateway.pricing.utilization),
        origin="hardware",
        node=node,
        usd_per_hour=usd_per_hour,
        throughput=throughput,
        measured=model.throughput is not None,
    )


def _measured(model: ModelSettings) -> Throughput | None:
    given = model.throughput
    if given is None:
        return None
    return Throughput(
        input_tokens_per_second=given.input_tokens_per_second, output_tokens_per_second=given.output_tokens_per_second
    )


def _token_price(given: PriceSettings) -> TokenPrice:
    return TokenPrice(
        input_usd_per_million=given.input_usd_per_million_tokens,
        output_usd_per_million=given.output_usd_per_million_tokens,
    )
