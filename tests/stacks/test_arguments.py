from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from components.inference_gateway.arguments import TeamLimits
from components.inference_gateway.teams import team_body
from stacks.arguments.gateway import team_limits
from stacks.gateway_names import gateway_names, open_names
from stacks.schema.gateway import GatewaySettings
from stacks.schema.models import ModelSettings
from stacks.schema.teams import TeamSettings

TIER = {"requestsPerMinute": 60, "tokensPerMinute": 100_000, "maxBudgetUsdPerMonth": 100}
EXTERNAL = {
    "name": "gpt",
    "provider": "openai",
    "model": "gpt-5",
    "price": {"inputUsdPerMillionTokens": 1, "outputUsdPerMillionTokens": 2},
}


def model(name: str, **changes: Any) -> ModelSettings:
    fields = {
        "name": name,
        "task": "chat",
        "weights": {"huggingFace": "Qwen/Qwen3-8B", "revision": "0" * 40},
        "maxModelLen": 8192,
        "gpu": {"pool": "l40s"},
    }
    return ModelSettings.model_validate(fields | changes)


def team(data_class: str = "internal", **changes: Any) -> TeamSettings:
    fields = {"name": "lab", "group": "lab", "tier": "free", "budgetUsdPerMonth": 50, "dataClass": data_class}
    return TeamSettings.model_validate(fields | changes)


def limits(*teams: TeamSettings) -> list[TeamLimits]:
    gateway = GatewaySettings.model_validate({"tiers": {"free": TIER}})
    models = (model("small", aliases=["tiny"]), model("large"))
    return list(team_limits(cast("Any", SimpleNamespace(gateway=gateway, models=models, teams=teams))))


def opened(of: TeamSettings, tier: tuple[str, ...] = ("*",), **changes: Any) -> tuple[str, ...]:
    gateway = GatewaySettings.model_validate({"tiers": {"free": TIER}} | changes)
    models = (model("small", aliases=["tiny"]), model("large"))
    return open_names(of, tier, gateway_names(gateway, models))


@pytest.mark.parametrize(
    ("wanted", "tier", "expected"),
    [
        (("*",), ("*",), ()),
        (("*",), ("small",), ("small",)),
        (("small",), ("*",), ("small",)),
        (("small",), ("small", "large"), ("small",)),
    ],
)
def test_a_team_may_call_what_both_it_and_its_tier_allow(
    wanted: tuple[str, ...], tier: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert opened(team(models=wanted), tier) == expected


def test_the_gateway_is_told_every_name_so_that_later_ones_are_not_open_unasked() -> None:
    [every, one] = limits(team(), team(models=["small"]))
    assert every.models == ("small", "tiny", "large")
    assert one.models == ("small",)


def test_the_gateway_is_told_which_teams_are_outside_of_the_organisation() -> None:
    [own, external] = (team_body(item) for item in limits(team(), team(external=True)))
    assert "external" not in own["metadata"]
    assert external["metadata"]["external"] is True


def test_every_model_does_not_mean_those_outside_the_platform_for_data_that_may_not_leave() -> None:
    cascade = [{"name": "auto", "simple": "small", "complex": "gpt"}]
    split = [{"name": "ab", "models": {"small": 90, "large": 10}}]
    changes = {"external": [EXTERNAL], "cascade": cascade, "splits": split}
    assert opened(team("internal"), **changes) == ("small", "tiny", "large", "ab")
    assert opened(team("public"), **changes) == ("small", "tiny", "large", "gpt", "ab", "auto")
