"""From the price of hardware to the price of tokens, so that budgets at the gateway are real money."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

from components.base.node_pools import NodePool
from components.base.serving import Serving
from components.base.throughput import Throughput

HOURS_PER_YEAR = 8766
_MILLION = 1_000_000

_MOST_PLACES = 6
"""A millionth of a dollar for a million tokens is the least price that settings take too."""


@dataclass(frozen=True, kw_only=True)
class TokenPrice:
    """US dollars per million tokens."""

    input_usd_per_million: float
    output_usd_per_million: float


@dataclass(frozen=True, kw_only=True)
class OwnedNode:
    """A server that was bought. `purchase_usd` is its price, written off over `lifetime_years`; `maintenance_share` of
    it is paid every year for support, space and hands. It draws `kilowatts` on average, and `power_overhead` times as
    much with cooling (PUE), at `usd_per_kilowatt_hour`."""

    purchase_usd: float
    lifetime_years: float
    maintenance_share: float
    kilowatts: float
    power_overhead: float
    usd_per_kilowatt_hour: float


def owned_node_usd_per_hour(node: OwnedNode) -> float:
    """What an hour of the server costs: write-off, maintenance and power. It costs that whether it is used or not."""
    yearly = node.purchase_usd * (1 / node.lifetime_years + node.maintenance_share)
    power = node.kilowatts * node.power_overhead * node.usd_per_kilowatt_hour
    return yearly / HOURS_PER_YEAR + power


def replica_usd_per_hour(serving: Serving, pool: NodePool, node_usd_per_hour: float) -> float:
    """The replica's part of its nodes, by GPUs: cores and memory beside them have no price of their own."""
    return node_usd_per_hour * serving.gpus / pool.units_per_node


def token_price(usd_per_hour: float, throughput: Throughput, utilization: float) -> TokenPrice:
    """Price of a million tokens of a replica that costs `usd_per_hour` and is busy `utilization` (0 to 1) of the time.

    A token is charged for the time that it takes from the replica, so what all tokens of an hour bring in is what the
    hour costs. Prices are rounded upwards to a thousandth of a dollar, or to three digits where that is finer, and are
    at least a millionth: a price of zero would never use up a budget.
    Raises ValueError for a utilization outside 0 to 1.
    """
    if not 0 < utilization <= 1:
        message = f"a utilization of {utilization} is not between 0 and 1"
        raise ValueError(message)
    per_second = usd_per_hour / 3600 / utilization
    return TokenPrice(
        input_usd_per_million=_rounded_up(per_second / throughput.input_tokens_per_second * _MILLION),
        output_usd_per_million=(
            _rounded_up(per_second / throughput.output_tokens_per_second * _MILLION)
            if throughput.output_tokens_per_second
            else 0.0
        ),
    )


def _rounded_up(usd: float) -> float:
    places = min(_MOST_PLACES, max(3, 2 - floor(log10(usd))))
    # What lies a billionth of a step above a step is that step, computed inexactly.
    return round(max(1, ceil(usd * 10**places - 1e-9)) / 10**places, places)
