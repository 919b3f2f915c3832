"""On-demand prices and regions of EC2 instance types, dated, for checks before a deployment and for reports.

US East (N. Virginia): AWS Price List as embedded in Karpenter v1.14, generated on 2026-07-20. Other regions: SkyPilot
catalogue v8 for AWS (commit 00148f2, first half of 2026), whose prices agree with the former where both have one.
Prices are list prices in US dollars without tax or discount; they are estimates, the invoice decides. Families without
an entry under `_REGIONS` were not looked up: nothing is refused for them, and their price outside us-east-1 is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

from components.base.instance_types import find_instance

PRICES_AS_OF = "2026-07-20"
"""Date of the price list."""

_HOME = "us-east-1"

_HOME_PRICES = {
    "g4dn.xlarge": 0.526,
    "g4dn.2xlarge": 0.752,
    "g4dn.4xlarge": 1.204,
    "g4dn.8xlarge": 2.176,
    "g4dn.12xlarge": 3.912,
    "g4dn.16xlarge": 4.352,
    "g5.xlarge": 1.006,
    "g5.2xlarge": 1.212,
    "g5.4xlarge": 1.624,
    "g5.8xlarge": 2.448,
    "g5.12xlarge": 5.672,
    "g5.16xlarge": 4.096,
    "g5.24xlarge": 8.144,
    "g5.48xlarge": 16.288,
    "g6.xlarge": 0.8048,
    "g6.2xlarge": 0.9776,
    "g6.4xlarge": 1.3232,
    "g6.8xlarge": 2.0144,
    "g6.12xlarge": 4.6016,
    "g6.16xlarge": 3.3968,
    "g6.24xlarge": 6.6752,
    "g6.48xlarge": 13.3504,
    "gr6.4xlarge": 1.5392,
    "gr6.8xlarge": 2.4464,
    "g6e.xlarge": 1.861,
    "g6e.2xlarge": 2.24208,
    "g6e.4xlarge": 3.00424,
    "g6e.8xlarge": 4.52856,
    "g6e.12xlarge": 10.49264,
    "g6e.16xlarge": 7.57719,
    "g6e.24xlarge": 15.06559,
    "g6e.48xlarge": 30.13118,
    "g7e.2xlarge": 3.36312,
    "g7e.4xlarge": 3.99816,
    "g7e.8xlarge": 5.26824,
    "g7e.12xlarge": 8.28608,
    "g7e.24xlarge": 16.57216,
    "g7e.48xlarge": 33.14432,
    "p4d.24xlarge": 21.95764,
    "p4de.24xlarge": 27.44705,
    "p5.4xlarge": 6.88,
    "p5.48xlarge": 55.04,
    "p5en.48xlarge": 63.296,
    "p6-b200.48xlarge": 113.9328,
    "p6-b300.48xlarge": 142.416,
}
"""USD an hour in us-east-1."""

_HOME_CORE_PRICES = {
    "m5": 0.048,
    "m6i": 0.048,
    "m6a": 0.0432,
    "m7i": 0.0504,
    "m7a": 0.05796,
    "m8i": 0.05292,
    "m8a": 0.06086,
    "c6i": 0.0425,
    "c6a": 0.03825,
    "c7i": 0.044625,
    "c7a": 0.05132,
    "c8i": 0.046855,
    "r6i": 0.063,
    "r6a": 0.0567,
    "r7i": 0.06615,
    "r7a": 0.07608,
    "r8i": 0.06946,
}
"""USD an hour and virtual core in us-east-1: sizes of one family cost in proportion to their cores."""

_REGIONS: dict[str, dict[str, float | None]] = {
    "g6": {
        "ap-northeast-1": 1.4503,
        "ap-northeast-2": 1.22962,
        "ap-south-1": 1.2008,
        "ap-southeast-2": 1.3002,
        "ca-central-1": 1.11034,
        "eu-central-1": 1.2505,
        "eu-north-1": 1.06063,
        "eu-south-2": 1.05368,
        "eu-west-2": 1.26938,
        "eu-west-3": 1.26938,
        "me-central-1": 1.22793,
        "us-east-1": 1.0,
        "us-east-2": 1.0,
        "us-west-2": 1.0,
    },
    "g6e": {
        "ap-northeast-1": 1.4503,
        "ap-northeast-2": 1.22945,
        "eu-central-1": 1.2504,
        "eu-north-1": 1.06072,
        "eu-south-2": 1.05373,
        "us-east-1": 1.0,
        "us-east-2": 1.0,
        "us-west-2": 1.0,
    },
    "p4d": {
        "ap-northeast-1": 1.37072,
        "ap-northeast-2": 1.38495,
        "ap-south-1": 1.19978,
        "ap-southeast-2": 1.3,
        "ca-central-1": 1.15002,
        "eu-central-1": 1.24936,
        "eu-north-1": 1.08007,
        "eu-west-1": 1.08007,
        "eu-west-2": 1.3,
        "us-east-1": 1.0,
        "us-east-2": 1.0,
        "us-west-2": 1.0,
    },
    "p4de": {
        "ap-northeast-1": 1.37072,
        "ap-southeast-1": 1.2,
        "eu-central-1": 1.24936,
        "us-east-1": 1.0,
        "us-west-2": 1.0,
    },
    "p5": {
        "ap-northeast-1": 1.25,
        "ap-northeast-2": 1.38,
        "ap-south-1": 1.2,
        "ap-southeast-2": 1.3,
        "ap-southeast-3": 1.38,
        "ca-central-1": 1.15,
        "eu-north-1": 1.07,
        "eu-west-2": 1.3,
        "us-east-1": 1.0,
        "us-east-2": 1.0,
        "us-west-1": 1.25,
        "us-west-2": 1.0,
    },
    # Sold in capacity blocks only, without a price by the hour.
    "p5e": {
        "ap-southeast-2": None,
        "ap-southeast-3": None,
        "eu-north-1": None,
        "eu-west-2": None,
        "us-east-2": None,
        "us-west-2": None,
    },
    "p5en": {
        "ap-northeast-1": 1.25,
        "ap-northeast-2": 1.38,
        "ap-south-1": 1.2,
        "ap-southeast-3": 1.38,
        "eu-north-1": 1.07,
        "eu-south-2": 1.08,
        "me-central-1": 1.2,
        "us-east-1": 1.0,
        "us-east-2": 1.0,
        "us-west-1": 1.25,
        "us-west-2": 1.0,
    },
    "p6-b200": {"us-east-1": 1.0, "us-east-2": 1.0, "us-west-2": 1.0},
    "p6-b300": {"us-east-1": 1.0, "us-west-2": 1.0},
}
"""Regions in which a family is offered, with its price there as a multiple of that in us-east-1 (every size of a family
has the same multiple); None: offered, price unknown."""

_FEWER_REGIONS = {"p5.4xlarge": {"ap-northeast-2", "ca-central-1", "eu-north-1", "us-west-1"}}
"""Regions of the family in which one of its sizes is missing."""


def offered_regions(instance_type: str) -> tuple[str, ...] | None:
    """Regions in which an instance type can be had, sorted; None where that was not looked up."""
    regions = _REGIONS.get(_family(instance_type))
    return tuple(sorted(set(regions) - _FEWER_REGIONS.get(instance_type, set()))) if regions else None


def hourly_price(instance_type: str, region: str) -> float | None:
    """List price on demand in USD an hour, None where it is not known."""
    home = _home_price(instance_type)
    regions = _REGIONS.get(_family(instance_type), {_HOME: 1.0})
    factor = regions.get(region)
    return round(home * factor, 5) if home is not None and factor is not None else None


def pool_price(instance_types: Iterable[str], region: str, nodes: int) -> float | None:
    """USD an hour of `nodes` nodes of a pool at list price on demand, None where a price is not known.

    Of several types that the pool may be made of the dearest counts: an estimate that the invoice does not exceed.
    """
    prices = [hourly_price(name, region) for name in instance_types]
    known = [price for price in prices if price is not None]
    return round(max(known) * nodes, 5) if known and len(known) == len(prices) else None


def _home_price(instance_type: str) -> float | None:
    core_price = _HOME_CORE_PRICES.get(_family(instance_type))
    instance = find_instance(instance_type)
    if core_price is None or instance is None:
        return _HOME_PRICES.get(instance_type)
    return core_price * instance.cpu


def _family(instance_type: str) -> str:
    return instance_type.partition(".")[0]
