"""What tokens cost follows from what the nodes cost, unless the settings say otherwise."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from components.base.instance_prices import hourly_price
from stacks.prices import ModelPrice, model_price
from stacks.schema.pool_price import PoolPriceSettings
from stacks.settings import PlatformSettings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]


def raw(stack: str) -> dict[str, Any]:
    content = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    return copy.deepcopy(content["config"]["ai-platform:platform"])


def gpu_pool(content: dict[str, Any]) -> dict[str, Any]:
    return next(pool for pool in content["cluster"]["pools"] if pool["name"] == "l40s")


def price_of(settings: PlatformSettings, name: str = "qwen3-8b") -> ModelPrice:
    found = model_price(settings, next(model for model in settings.models if model.name == name))
    assert found is not None
    return found


def unpriced() -> dict[str, Any]:
    content = raw("dev")
    del gpu_pool(content)["price"]
    return content


def test_on_own_servers_the_price_follows_from_the_purchase() -> None:
    content = raw("dev")
    dear = copy.deepcopy(content)
    gpu_pool(dear)["price"]["purchase"]["usd"] *= 2
    cheap, twice = price_of(load_settings(content)), price_of(load_settings(dear))
    assert cheap.origin == "hardware"
    assert cheap.node is not None
    assert cheap.node.source == "cluster.pools.l40s.price"
    assert 1.5 < twice.price.output_usd_per_million / cheap.price.output_usd_per_million < 2


def test_in_aws_the_price_follows_from_the_list_price_of_the_instance() -> None:
    found = price_of(load_settings(raw("prod")))
    whole = hourly_price("g6e.12xlarge", "eu-north-1")
    assert whole is not None
    assert found.usd_per_hour == pytest.approx(whole / 4)  # one of four GPUs


def test_a_price_of_the_pool_goes_before_the_list_price() -> None:
    content = raw("prod")
    gpu_pool(content)["price"] = {"usdPerNodeHour": 4.0}
    assert price_of(load_settings(content)).usd_per_hour == pytest.approx(1.0)


def test_a_price_in_the_gateway_goes_before_the_hardware() -> None:
    content = raw("dev")
    content["gateway"]["prices"] = {"qwen3-8b": {"inputUsdPerMillionTokens": 1, "outputUsdPerMillionTokens": 2}}
    found = price_of(load_settings(content))
    assert (found.origin, found.price.input_usd_per_million, found.price.output_usd_per_million) == ("settings", 1, 2)


def test_a_model_is_dearer_when_it_is_used_less() -> None:
    content = raw("dev")
    content["gateway"]["pricing"] = {"utilization": 0.15}
    half, usual = price_of(load_settings(content)), price_of(load_settings(raw("dev")))
    assert half.price.output_usd_per_million == pytest.approx(2 * usual.price.output_usd_per_million, abs=0.002)


def test_a_measured_throughput_replaces_the_estimate() -> None:
    content = raw("dev")
    content["models"][0]["throughput"] = {"inputTokensPerSecond": 10000, "outputTokensPerSecond": 2000}
    found = price_of(load_settings(content))
    assert found.measured
    assert found.throughput is not None
    assert found.throughput.output_tokens_per_second == 2000


def test_a_budget_without_a_price_is_refused_with_the_ways_out() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(unpriced())
    assert len(error.value.problems) == len(unpriced()["models"])
    assert error.value.problems[0].startswith(
        "ai-platform:platform.models[0].name: qwen3-8b has no price, so the budgets of"
    )
    assert error.value.problems[0].endswith(
        "set cluster.pools[1].price, gateway.prices.qwen3-8b or gateway.defaultPrice"
    )


def test_a_default_price_is_for_models_whose_nodes_have_none() -> None:
    content = unpriced()
    content["gateway"]["defaultPrice"] = {"inputUsdPerMillionTokens": 0.2, "outputUsdPerMillionTokens": 0.6}
    found = price_of(load_settings(content))
    assert (found.origin, found.price.output_usd_per_million) == ("default", 0.6)


@pytest.mark.parametrize(
    "price",
    [{}, {"usdPerNodeHour": 1.0, "purchase": {"usd": 1.0, "kilowatts": 1.0, "usdPerKilowattHour": 0.1}}],
    ids=["neither", "both"],
)
def test_a_node_is_rented_or_bought(price: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="set either usdPerNodeHour or purchase"):
        PoolPriceSettings.model_validate(price)
