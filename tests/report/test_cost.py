"""What the stack costs, as the page shows it."""

from __future__ import annotations

import pytest

from stacks.prices import model_price
from tests.report.reports import contents_of, sources_of
from tests.stacks.conftest import STACKS
from tools.report.cost import Cost, PoolCost, cost
from tools.report.units import HOURS_PER_MONTH, gib, gigabytes, one_digit, percent, plural, usd, usd_per_million


def priced(name: str, usd_per_hour: float | None) -> PoolCost:
    return PoolCost(name=name, role="gpu", hardware="", node_usd=usd_per_hour, source="", min_nodes=1, max_nodes=3)


def costs(*pools: PoolCost, budget: float | None = None) -> Cost:
    return Cost(pools=pools, models=(), teams=(), utilization=0.3, budget_usd=budget)


def test_totals_leave_out_pools_without_a_price_and_name_them() -> None:
    found = costs(priced("a", 2.0), priced("b", None), priced("c", 3.0))
    assert (found.least_usd, found.most_usd, found.unpriced) == (5.0, 15.0, ("b",))


def test_without_any_price_there_is_no_total() -> None:
    found = costs(priced("a", None), budget=100)
    assert (found.least_usd, found.most_usd, found.budget_share, found.over_budget) == (None, None, None, False)


def test_the_budget_is_compared_with_a_month_of_the_fewest_nodes() -> None:
    assert costs(priced("a", 1.0), budget=HOURS_PER_MONTH * 2).budget_share == pytest.approx(0.5)
    assert not costs(priced("a", 1.0), budget=HOURS_PER_MONTH).over_budget
    assert costs(priced("a", 1.0), budget=HOURS_PER_MONTH - 1).over_budget


@pytest.mark.parametrize("stack", STACKS)
def test_prices_are_those_of_the_gateway(stack: str) -> None:
    settings = sources_of(stack).settings
    for model, shown in zip(settings.models, contents_of(stack).cost.models, strict=True):
        expected = model_price(settings, model)
        assert expected
        assert shown.input_usd == expected.price.input_usd_per_million
        assert shown.output_usd == (expected.price.output_usd_per_million or None)
        assert shown.replica_usd == expected.usd_per_hour


def test_a_stack_without_prices_says_so_for_nodes_and_models() -> None:
    settings = sources_of("dev").settings
    pools = tuple(pool.model_copy(update={"price": None}) for pool in settings.cluster.pools)
    bare = settings.model_copy(update={"cluster": settings.cluster.model_copy(update={"pools": pools})})
    found = cost(bare)
    assert [pool.source for pool in found.pools] == ["the pool states none", "the pool states none"]
    assert {(model.replica_usd, model.input_usd, model.origin) for model in found.models} == {(None, None, "no price")}


def test_an_instance_type_without_a_list_price_names_the_region() -> None:
    [system] = [pool for pool in contents_of("prod").cost.pools if pool.name == "system"]
    assert system.node_usd is None
    assert system.source == "no list price known in eu-north-1, and the pool states none"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (gib(1234.56), "1,234.6"),
        (gigabytes(1.0), "1.1"),
        (gigabytes(93.1323), "100.0"),
        (one_digit(5.0), "5"),
        (one_digit(4.58), "4.6"),
        (usd(None), "no price"),
        (usd(99.994), "99.99"),
        (usd(65735.4), "65,735"),
        (usd_per_million(0.0213), "0.0213"),
        (usd_per_million(2.0), "2"),
        (usd_per_million(0.000001), "0.000001"),
        (usd_per_million(None), "no price"),
        (usd_per_million(0.0), "0"),
        (percent(0.73), "73%"),
        (plural(1, "finding"), "1 finding"),
        (plural(1200, "finding"), "1,200 findings"),
        (plural(2, "capability", "capabilities"), "2 capabilities"),
    ],
)
def test_numbers_are_written_for_people(shown: str, expected: str) -> None:
    assert shown == expected
