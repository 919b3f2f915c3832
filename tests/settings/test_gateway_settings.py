from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stacks.gateway_checks import gateway_errors, team_errors
from stacks.schema.gateway import GatewaySettings
from stacks.schema.teams import TeamSettings

TIER = {"requestsPerMinute": 60, "tokensPerMinute": 100_000, "maxBudgetUsdPerMonth": 100}
MODELS = {"small": "chat", "large": "chat", "vl": "vision", "bge": "embedding"}


def gateway(**changes: Any) -> GatewaySettings:
    return GatewaySettings.model_validate({"tiers": {"free": TIER}} | changes)


def team(**changes: Any) -> TeamSettings:
    fields = {"name": "lab", "group": "lab", "tier": "free", "budgetUsdPerMonth": 50, "dataClass": "internal"}
    return TeamSettings.model_validate(fields | changes)


def test_tiers_alone_are_enough_and_the_rest_has_safe_defaults() -> None:
    made = gateway()
    assert made.replicas.min >= 2
    assert made.cache.mode == "opt-in"
    assert made.refuse_without_counters
    assert made.minimum_tls_version == "1.3"
    assert gateway_errors(made, MODELS) == []


@pytest.mark.parametrize("limit", sorted(TIER))
def test_a_tier_without_one_of_its_limits_is_refused(limit: str) -> None:
    tier = {key: value for key, value in TIER.items() if key != limit}
    with pytest.raises(ValidationError, match=rf"tiers\.free\.{limit}\n  Field required"):
        GatewaySettings.model_validate({"tiers": {"free": tier}})


@pytest.mark.parametrize("limit", sorted(TIER))
def test_a_limit_of_zero_is_refused(limit: str) -> None:
    with pytest.raises(ValidationError, match=limit):
        GatewaySettings.model_validate({"tiers": {"free": TIER | {limit: 0}}})


def test_a_gateway_without_tiers_is_refused() -> None:
    with pytest.raises(ValidationError, match="tiers"):
        GatewaySettings.model_validate({"tiers": {}})


@pytest.mark.parametrize("replicas", [{"min": 1}, {"min": 4, "max": 3}])
def test_replicas_that_cannot_hold_the_gateway_up_are_refused(replicas: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="replicas"):
        gateway(replicas=replicas)


def test_a_stream_must_be_allowed_as_long_as_a_request() -> None:
    with pytest.raises(ValidationError, match=r"streamSeconds \(30\) is below requestSeconds \(60\)"):
        gateway(timeouts={"requestSeconds": 60, "streamSeconds": 30})


def test_an_unknown_pattern_to_mask_is_refused() -> None:
    with pytest.raises(ValidationError, match="mask"):
        gateway(guardrails={"mask": ["shoe_size"]})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"fallbacks": {"small": ["huge"]}},
            "gateway.fallbacks.small: no model is called 'huge'; there are bge, large, small, vl",
        ),
        (
            {"fallbacks": {"huge": ["small"]}},
            "gateway.fallbacks: no model is called 'huge'; there are bge, large, small, vl",
        ),
        (
            {"fallbacks": {"small": ["bge"]}},
            "gateway.fallbacks.small: 'bge' serves embedding and cannot answer for 'small', which serves chat; "
            "name a model of the same task",
        ),
        (
            {"prices": {"huge": {"inputUsdPerMillionTokens": 1, "outputUsdPerMillionTokens": 1}}},
            "gateway.prices: no model is called 'huge'; there are bge, large, small, vl",
        ),
        (
            {"tiers": {"free": TIER | {"models": ["huge"]}}},
            "gateway.tiers.free.models: no model is called 'huge'; there are *, bge, large, small, vl",
        ),
        (
            {"cascade": [{"name": "auto", "simple": "small", "complex": "huge"}]},
            "gateway.cascade[0].complex: no model is called 'huge'; there are bge, large, small, vl",
        ),
        (
            {"cascade": [{"name": "auto", "simple": "bge", "complex": "large"}]},
            "gateway.cascade[0].simple: 'bge' serves embedding; a cascade needs chat models",
        ),
        (
            {"cascade": [{"name": "small", "simple": "small", "complex": "large"}]},
            "gateway.cascade[0].name: 'small' is already the name of a model, choose another",
        ),
    ],
)
def test_routing_to_what_is_not_there_is_one_clear_line(changes: dict[str, Any], error: str) -> None:
    assert gateway_errors(gateway(**changes), MODELS) == [error]


@pytest.mark.parametrize(
    ("fallbacks", "cycle"),
    [
        ({"small": ["small"]}, "gateway.fallbacks.small: small -> small is a cycle; remove one of its steps"),
        (
            {"small": ["large"], "large": ["small"]},
            "gateway.fallbacks.large: large -> small -> large is a cycle; remove one of its steps",
        ),
    ],
)
def test_a_cycle_of_fallbacks_is_reported_once(fallbacks: dict[str, list[str]], cycle: str) -> None:
    assert gateway_errors(gateway(fallbacks=fallbacks), MODELS) == [cycle]


def test_a_tier_may_name_a_cascade() -> None:
    made = gateway(
        tiers={"free": TIER | {"models": ["auto"]}},
        cascade=[{"name": "auto", "simple": "small", "complex": "large"}],
    )
    assert gateway_errors(made, MODELS) == []


def test_two_ways_to_one_fallback_are_no_cycle() -> None:
    fallbacks = {"small": ["large", "mid"], "mid": ["large"]}
    assert gateway_errors(gateway(fallbacks=fallbacks), MODELS | {"mid": "chat"}) == []


def test_two_cascades_of_one_name_are_refused() -> None:
    entry = {"name": "auto", "simple": "small", "complex": "large"}
    [error] = gateway_errors(gateway(cascade=[entry, entry]), MODELS)
    assert error.startswith("gateway.cascade[1].name: 'auto' is already the name of another cascade")


def test_a_team_within_its_tier_is_accepted() -> None:
    assert team_errors(gateway(), [team()]) == []


def test_a_budget_above_the_tier_is_one_clear_line() -> None:
    [error] = team_errors(gateway(), [team(), team(name="b", budgetUsdPerMonth=500)])
    assert error == (
        "teams[1].budgetUsdPerMonth: 500 is above the 100 of tier 'free'; lower it or move the team to another tier"
    )


def test_a_model_that_the_tier_does_not_have_is_one_clear_line() -> None:
    limited = gateway(tiers={"free": TIER | {"models": ["small"]}})
    assert team_errors(limited, [team(models=["*"]), team(models=["small"])]) == []
    [error] = team_errors(limited, [team(models=["small", "large"])])
    assert error == (
        "teams[0].models: 'large' is not open to tier 'free', which has small; "
        "remove it or move the team to another tier"
    )
