from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from pydantic import ValidationError

from components.inference_gateway.complexity import ComplexityRule
from stacks.gateway_checks import gateway_errors
from stacks.schema.gateway import GatewaySettings
from stacks.schema.gateway_routing import CascadeSettings
from stacks.schema.models import ModelSettings
from stacks.schema.teams import TeamSettings
from stacks.team_checks import team_errors

TIER = {"requestsPerMinute": 60, "tokensPerMinute": 100_000, "maxBudgetUsdPerMonth": 100}
PRICE = {"inputUsdPerMillionTokens": 1, "outputUsdPerMillionTokens": 2}


def model(name: str, task: str = "chat", **changes: Any) -> ModelSettings:
    fields = {
        "name": name,
        "task": task,
        "weights": {"huggingFace": "Qwen/Qwen3-8B", "revision": "0" * 40},
        "maxModelLen": 8192,
        "gpu": {"pool": "l40s"},
    }
    return ModelSettings.model_validate(fields | changes)


MODELS = (model("small"), model("large"), model("vl", "vision"), model("bge", "embedding"))


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
    assert gateway_errors(gateway(fallbacks=fallbacks), (*MODELS, model("mid"))) == []


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


EXTERNAL = {"name": "gpt", "provider": "openai", "model": "gpt-5", "price": PRICE}


@pytest.mark.parametrize(
    ("models", "changes", "error"),
    [
        (
            (model("small", aliases=["large"]), model("large")),
            {},
            "models[0].aliases[0]: 'large' is already the name of a model, choose another",
        ),
        (
            (model("small", aliases=["chat", "chat"]),),
            {},
            "models[0].aliases[1]: 'chat' is already the name of another alias, choose another",
        ),
        (
            (model("small", aliases=["gpt"]),),
            {"external": [EXTERNAL]},
            "gateway.external[0].name: 'gpt' is already the name of an alias, choose another",
        ),
        (
            MODELS,
            {"splits": [{"name": "small", "models": {"small": 1, "large": 1}}]},
            "gateway.splits[0].name: 'small' is already the name of a model, choose another",
        ),
        (
            MODELS,
            {
                "splits": [{"name": "mix", "models": {"small": 1, "large": 1}}],
                "cascade": [{"name": "mix", "simple": "small", "complex": "large"}],
            },
            "gateway.cascade[0].name: 'mix' is already the name of a split, choose another",
        ),
    ],
)
def test_a_name_belongs_to_one_thing_only(models: tuple[ModelSettings, ...], changes: Any, error: str) -> None:
    assert gateway_errors(gateway(**changes), models) == [error]


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        (
            {"cascade": [{"name": "auto", "simple": "small", "complex": "auto"}]},
            ["gateway.cascade[0].complex: auto -> auto is a cycle; name a model instead of 'auto'"],
        ),
        (
            {
                "cascade": [
                    {"name": "auto", "simple": "small", "complex": "best"},
                    {"name": "best", "simple": "auto", "complex": "large"},
                ]
            },
            [
                "gateway.cascade[0].complex: auto -> best -> auto is a cycle; name a model instead of 'best'",
                "gateway.cascade[1].simple: best -> auto -> best is a cycle; name a model instead of 'auto'",
            ],
        ),
        (
            {
                "splits": [{"name": "mix", "models": {"small": 1, "large": 1}}],
                "cascade": [{"name": "auto", "simple": "mix", "complex": "large"}],
            },
            ["gateway.cascade[0].simple: 'mix' is a split; name a model"],
        ),
        (
            {
                "splits": [{"name": "mix", "models": {"small": 1, "auto": 1}}],
                "cascade": [{"name": "auto", "simple": "small", "complex": "mix"}],
            },
            [
                "gateway.splits[0].models: mix -> auto -> mix is a cycle; name a model instead of 'auto'",
                "gateway.cascade[0].complex: auto -> mix -> auto is a cycle; name a model instead of 'mix'",
            ],
        ),
    ],
)
def test_a_cascade_or_split_leads_to_models_and_never_back_to_itself(changes: Any, errors: list[str]) -> None:
    assert gateway_errors(gateway(**changes), MODELS) == errors


@pytest.mark.parametrize(
    ("split", "error"),
    [
        (
            {"small": 90, "bge": 10},
            "gateway.splits[0].models: small (chat), bge (embedding) serve different tasks; name models of one task",
        ),
        (
            {"small": 90, "huge": 10},
            "gateway.splits[0].models: no model is called 'huge'; there are bge, large, small, vl",
        ),
    ],
)
def test_a_split_is_between_models_that_can_stand_for_each_other(split: dict[str, int], error: str) -> None:
    assert gateway_errors(gateway(splits=[{"name": "ab", "models": split}]), MODELS) == [error]


@pytest.mark.parametrize("models", [{"small": 1}, {"small": 90, "large": 0}])
def test_a_split_has_at_least_two_models_with_a_share_each(models: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="splits"):
        gateway(splits=[{"name": "ab", "models": models}])


def test_the_guard_and_the_embedding_model_must_be_served() -> None:
    made = gateway(
        guardrails={"judge": {"model": "bge"}}, cache={"kind": "semantic", "semantic": {"embeddingModel": "small"}}
    )
    assert gateway_errors(made, MODELS) == [
        "gateway.guardrails.judge.model: no served chat model is called 'bge'; there are large, small",
        "gateway.cache.semantic.embeddingModel: no served embedding model is called 'small'; there are bge",
    ]


@pytest.mark.parametrize("cache", [{"kind": "semantic"}, {"semantic": {"embeddingModel": "bge"}}])
def test_the_cache_is_exact_or_semantic(cache: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="semantic"):
        gateway(cache=cache)


def test_a_rule_whose_levels_are_out_of_order_is_refused() -> None:
    entry = {"name": "auto", "simple": "small", "complex": "large"}
    with pytest.raises(ValidationError, match=r"mediumFrom \(0\.5\), complexFrom \(0\.35\)"):
        gateway(cascade=[entry | {"rule": {"mediumFrom": 0.5}}])
    with pytest.raises(ValidationError, match=r"shortTokens \(500\) is not below longTokens \(400\)"):
        gateway(cascade=[entry | {"rule": {"shortTokens": 500}}])


def test_the_settings_show_the_rule_that_the_gateway_applies() -> None:
    shown = CascadeSettings.model_validate({"name": "auto", "simple": "a", "complex": "b"}).rule
    assert shown.model_dump() == dataclasses.asdict(ComplexityRule())


def test_nothing_leaves_the_platform_by_default() -> None:
    made = gateway()
    assert made.external == ()
    assert made.telemetry.otlp is None
    assert made.telemetry.langfuse is None
    assert not made.telemetry.message_content


def test_an_external_model_takes_public_data_only_unless_more_is_allowed() -> None:
    made = gateway(external=[EXTERNAL])
    assert made.external[0].data_classes == ("public",)
    assert team_errors(made, [team(models=["small"]), team(models=["gpt"], dataClass="public")], MODELS) == []
    [error] = team_errors(made, [team(models=["gpt"])], MODELS)
    assert error == ("teams[0].models: 'gpt' is open to data of class public and team 'lab' has internal; remove it")


def test_a_cascade_with_an_external_model_is_closed_to_other_data_too() -> None:
    made = gateway(external=[EXTERNAL], cascade=[{"name": "auto", "simple": "small", "complex": "gpt"}])
    assert gateway_errors(made, MODELS) == []
    [error] = team_errors(made, [team(models=["auto"])], MODELS)
    assert error.startswith("teams[0].models: 'auto' is open to data of class public")


def test_no_fallback_carries_data_out_of_the_platform() -> None:
    made = gateway(external=[EXTERNAL], fallbacks={"small": ["large"], "large": ["gpt"]})
    teams = [team(), team(name="open", dataClass="public"), team(name="other", models=["bge"])]
    [error] = team_errors(made, teams, MODELS)
    assert error == (
        "gateway.fallbacks.large: 'gpt' is open to data of class public, and lab (internal) may call 'large'; "
        "remove the fallback, or give these teams models without it"
    )
    assert team_errors(made, teams[1:], MODELS) == []


@pytest.mark.parametrize(
    ("external", "error"),
    [
        ({"provider": "azure"}, "provider azure needs apiBase"),
        ({"provider": "bedrock"}, "provider bedrock needs region"),
        ({"apiBase": "http://plain.example.org"}, "apiBase"),
        ({"provider": "somebody"}, "provider"),
        ({"dataClasses": []}, "dataClasses"),
    ],
)
def test_an_external_model_that_cannot_be_called_is_refused(external: dict[str, Any], error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        gateway(external=[EXTERNAL | external])


def test_an_external_model_without_a_price_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"external\.0\.price\n  Field required"):
        gateway(external=[{key: value for key, value in EXTERNAL.items() if key != "price"}])


@pytest.mark.parametrize(
    ("telemetry", "error"),
    [
        ({"otlp": {"url": "http://otel.example.org/v1/traces"}}, "unencrypted: use https"),
        ({"otlp": {"url": "http://collector.tracing.svc.cluster.local:4318/v1/traces"}}, "needs podLabels"),
        ({"messageContent": True}, "messageContent is for Langfuse"),
    ],
)
def test_telemetry_that_leaks_or_reaches_nobody_is_refused(telemetry: dict[str, Any], error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        gateway(telemetry=telemetry)


@pytest.mark.parametrize(
    ("presidio", "error"),
    [
        ({"entities": {}}, "entities"),
        ({"entities": {"PERSON": "HIDE"}}, "entities"),
        ({"entities": {"PERSON": "MASK"}, "languages": ["en", "de"]}, "need analyzerImage"),
    ],
)
def test_presidio_that_would_find_nothing_is_refused(presidio: dict[str, Any], error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        gateway(guardrails={"presidio": presidio})
