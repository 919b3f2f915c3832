"""Rules about the gateway's configuration and teams, value by value.

They are AI-03, AI-14 to AI-17, AI-25, AI-27, AI-30, AI-31 and AI-45 to AI-47.
"""

from __future__ import annotations

import json
from math import inf
from typing import Any

import pytest

from policies.findings import Result
from tests.policies.cases import UNKNOWN, judged, put
from tests.policies.gateway_objects import (
    ABSENT,
    CONFIG,
    TEAM,
    added_models,
    broken_at,
    cascade,
    changed,
    config_text,
    external_model,
    gateway_map,
    own_model,
    teams_map,
    text_map,
)
from tests.policies.objects import config_map, service

GENERAL, SETTINGS, ROUTER = "general_settings", "litellm_settings", "router_settings"
MODEL = "model_list[0].litellm_params"
KEY_ROLES = f"{SETTINGS}.key_generation_settings.personal_key_generation.allowed_user_roles"
UPPER_BUDGET = f"{SETTINGS}.upperbound_key_generate_params.max_budget"

REFUSED = [
    ("AI-03", f"{GENERAL}.master_key", ABSENT),
    ("AI-03", f"{GENERAL}.master_key", "sk-1234"),
    ("AI-03", f"{GENERAL}.database_url", ABSENT),
    ("AI-03", f"{GENERAL}.database_url", "postgresql://db"),
    ("AI-03", f"{GENERAL}.allow_requests_on_db_unavailable", True),
    ("AI-03", f"{GENERAL}.custom_auth_run_common_checks", ABSENT),
    ("AI-03", f"{GENERAL}.custom_auth_run_common_checks", False),
    ("AI-14", f"{SETTINGS}.turn_off_message_logging", ABSENT),
    ("AI-14", f"{SETTINGS}.turn_off_message_logging", False),
    ("AI-14", f"{GENERAL}.store_prompts_in_spend_logs", True),
    ("AI-14", "callback_settings.otel.message_logging", True),
    ("AI-14", f"{SETTINGS}.callbacks[0]", "datadog"),
    ("AI-14", f"{SETTINGS}.callbacks[0]", "other_calls.count"),
    ("AI-14", f"{SETTINGS}.callbacks[0]", "own"),
    ("AI-25", f"{MODEL}.input_cost_per_token", ABSENT),
    ("AI-25", f"{MODEL}.input_cost_per_token", 0),
    ("AI-25", f"{MODEL}.input_cost_per_token", -0.1),
    ("AI-25", f"{MODEL}.input_cost_per_token", inf),
    ("AI-25", f"{MODEL}.input_cost_per_token", True),
    ("AI-25", f"{MODEL}.input_cost_per_token", "0.001"),
    ("AI-25", f"{MODEL}.output_cost_per_token", ABSENT),
    ("AI-25", f"{MODEL}.output_cost_per_token", 0.0),
    ("AI-27", KEY_ROLES, ABSENT),
    ("AI-27", KEY_ROLES, []),
    ("AI-27", KEY_ROLES, ["internal_user"]),
    ("AI-27", KEY_ROLES, ["proxy_admin", "internal_user"]),
    ("AI-30", "environment_variables", {"OPENAI_API_KEY": "os.environ/OTHER"}),
    ("AI-30", "model_list[0].model_name", "openai/*"),
    ("AI-30", f"{MODEL}.api_key", "written-out"),
    ("AI-45", f"{SETTINGS}.cache_params.type", "s3"),
    ("AI-45", f"{SETTINGS}.cache_params.type", ABSENT),
    ("AI-45", f"{SETTINGS}.cache_params.semantic_cache_scope", ABSENT),
    ("AI-45", f"{SETTINGS}.cache_params.semantic_cache_scope", "team"),
    ("AI-45", f"{SETTINGS}.cache_params.qdrant_api_base", "https://vectors.example.org"),
    ("AI-47", "include", ["more.yaml"]),
    ("AI-47", "mcp_servers", {"search": {"url": "https://example.org"}}),
    ("AI-47", f"{GENERAL}.pass_through_endpoints", [{"path": "/rerank", "target": "https://example.org"}]),
    ("AI-47", "model_list[0].litellm_params.base_url", "https://example.org/v1"),
    ("AI-47", "model_list[0].litellm_params.fallbacks", ["openai/gpt"]),
    ("AI-47", "model_list[0].litellm_params.litellm_credential_name", "shared"),
    ("AI-47", "model_list[0].litellm_params.aws_bedrock_runtime_endpoint", "https://example.org"),
    ("AI-47", "model_list[4].litellm_params.model", "auto_router/semantic"),
    ("AI-47", f"{GENERAL}.store_model_in_db", True),
]


@pytest.mark.parametrize(("rule", "path", "value"), REFUSED)
def test_a_setting_is_refused_where_it_stands(rule: str, path: str, value: object) -> None:
    expected = path if (path.startswith(MODEL) and "output" in path) or not path.startswith(MODEL) else MODEL
    expected = path if rule in {"AI-30", "AI-47"} else expected
    assert broken_at(rule, gateway_map((path, value))) == [f'data["config.yaml"].{expected}']


ACCEPTED = [
    ("AI-03", f"{GENERAL}.allow_requests_on_db_unavailable", False),
    ("AI-14", f"{GENERAL}.store_prompts_in_spend_logs", ABSENT),
    ("AI-14", "callback_settings", ABSENT),
    ("AI-14", f"{SETTINGS}.callbacks", ["otel", "langfuse_otel"]),
    ("AI-14", f"{SETTINGS}.callbacks", ABSENT),
    ("AI-25", f"{MODEL}.input_cost_per_token", 1),
    ("AI-25", "model_list[2].model_info.mode", "rerank"),
    ("AI-27", KEY_ROLES, ["proxy_admin"]),
    ("AI-30", f"{MODEL}.api_key", ABSENT),
    ("AI-45", f"{SETTINGS}.cache", False),
    ("AI-45", f"{SETTINGS}.cache_params.qdrant_api_base", "http://vectors.data.svc.cluster.local:6333"),
    ("AI-45", f"{SETTINGS}.cache_params.qdrant_api_base", ABSENT),
    ("AI-45", f"{SETTINGS}.cache_params.type", "redis-semantic"),
    ("AI-47", f"{GENERAL}.store_model_in_db", ABSENT),
]


@pytest.mark.parametrize(("rule", "path", "value"), ACCEPTED)
def test_a_setting_is_accepted(rule: str, path: str, value: object) -> None:
    assert broken_at(rule, gateway_map((path, value))) == []


def test_tokens_need_no_common_checks_where_only_keys_are_taken() -> None:
    changes = ((f"{GENERAL}.custom_auth", ABSENT), (f"{GENERAL}.custom_auth_run_common_checks", ABSENT))
    assert broken_at("AI-03", gateway_map(*changes)) == []


@pytest.mark.parametrize("place", ["success_callback", "failure_callback", "service_callback", "audit_log_callbacks"])
def test_every_list_of_callbacks_is_looked_at(place: str) -> None:
    assert broken_at("AI-14", gateway_map((f"{SETTINGS}.{place}", ["s3"]))) == [
        f'data["config.yaml"].{SETTINGS}.{place}[0]'
    ]


@pytest.mark.parametrize("mode", ["chat", "completion", "responses", ABSENT])
def test_whatever_writes_has_a_price_for_what_it_writes(mode: object) -> None:
    config = gateway_map((f"{MODEL}.output_cost_per_token", ABSENT), ("model_list[0].model_info.mode", mode))
    assert len(broken_at("AI-25", config)) == 1


def test_any_key_may_be_made_below_an_upper_bound_of_budget() -> None:
    assert broken_at("AI-27", gateway_map((KEY_ROLES, []), (UPPER_BUDGET, 10.0))) == []
    assert len(broken_at("AI-27", gateway_map((KEY_ROLES, []), (UPPER_BUDGET, 0)))) == 1


@pytest.mark.parametrize("kind", ["redis", "local"])
def test_exact_caches_need_no_scope(kind: str) -> None:
    params = {"type": kind}
    assert broken_at("AI-45", gateway_map((f"{SETTINGS}.cache_params", params))) == []


@pytest.mark.parametrize("path", ["max_budget", "rpm_limit", "tpm_limit", "budget_duration", "models"])
def test_a_team_lacks_no_limit(path: str) -> None:
    assert broken_at("AI-15", teams_map((path, ABSENT))) == [f'data["teams.json"][0].{path}']


@pytest.mark.parametrize("models", [[], ["*"], ["small", "all-proxy-models"], ["small", "gpt-*"]])
def test_a_team_names_its_models(models: list[str]) -> None:
    assert broken_at("AI-15", teams_map(("models", models))) == ['data["teams.json"][0].models']


def test_every_team_is_judged() -> None:
    teams = [TEAM, changed(TEAM, ("rpm_limit", 0)), changed(TEAM, ("tpm_limit", 0))]
    found = broken_at("AI-15", text_map("teams", teams__json=json.dumps(teams)))
    assert found == ['data["teams.json"][1].rpm_limit', 'data["teams.json"][2].tpm_limit']


@pytest.mark.parametrize("place", ["", "metadata."])
@pytest.mark.parametrize(
    ("opt_out", "value"), [("disable_global_guardrails", True), ("opted_out_global_guardrails", ["filter"])]
)
def test_no_team_leaves_the_guardrails(place: str, opt_out: str, value: object) -> None:
    path = f"{place}{opt_out}"
    assert broken_at("AI-46", teams_map((path, value))) == [f'data["teams.json"][0].{path}']
    assert broken_at("AI-46", teams_map((path, False))) == []


ALL_MODEL_RULES = ("AI-03", "AI-14", "AI-17", "AI-25", "AI-27", "AI-30", "AI-31", "AI-45", "AI-47")


@pytest.mark.parametrize("rule", ALL_MODEL_RULES)
def test_a_configuration_that_is_no_yaml_is_a_violation(rule: str) -> None:
    broken = text_map("litellm-config", config__yaml="model_list: [\n")
    assert broken_at(rule, broken) == ['data["config.yaml"]']


@pytest.mark.parametrize("rule", ["AI-15", "AI-16", "AI-46"])
def test_teams_that_are_no_json_are_a_violation(rule: str) -> None:
    assert broken_at(rule, text_map("teams", teams__json='[{"team_id": ')) == ['data["teams.json"]']


@pytest.mark.parametrize(
    "entries",
    [
        {"values__yaml": "- model_list\n- litellm_settings\n"},
        {"values__yaml": "about: the model_list of LiteLLM\n"},
        {"notes__txt": "model_list: [\n"},
        {"broken__yaml": "a: [\n"},
        {"other__json": '{"team_id": 1}'},
        {"other__json": "[{"},
    ],
)
def test_other_text_is_left_alone(entries: dict[str, str]) -> None:
    for rule in (*ALL_MODEL_RULES, "AI-15", "AI-16", "AI-46"):
        assert broken_at(rule, text_map("other", **entries)) == []


def test_the_ending_yml_and_a_file_of_settings_alone_are_read_too() -> None:
    assert len(broken_at("AI-14", text_map("a", other__yml="litellm_settings: {}"))) == 1
    assert len(broken_at("AI-27", text_map("a", other__yml="model_list: []"))) == 1


def test_an_unknown_entry_hides_no_other() -> None:
    resources = config_map(**{"a.yaml": UNKNOWN, "config.yaml": config_text((f"{GENERAL}.store_model_in_db", True))})
    results = [finding.result for finding in judged([resources], "AI-47").findings]
    assert sorted(results) == [Result.FAIL, Result.UNDECIDED]


FALLBACKS: list[tuple[str, Any, list[str]]] = [
    # Nothing to say: names of models, aliases and cascades, to the same or a longer context.
    (f"{ROUTER}.fallbacks", [{"assistant": ["large"], "auto": ["small"], "small": ["speech"]}], []),
    (f"{ROUTER}.fallbacks", [{"hidden": ["assistant"]}], ["[0].hidden[0]"]),
    (f"{ROUTER}.fallbacks", [{"small": ["nobody"]}], ["[0].small[0]"]),
    (f"{ROUTER}.fallbacks", [{"nobody": ["small"]}], ["[0].nobody"]),
    (f"{ROUTER}.fallbacks", [{"small": ["small"]}], ["[0].small[0]"]),
    (f"{ROUTER}.fallbacks", [{"small": ["speech"]}, {"speech": ["small"]}], ["[0].small[0]", "[1].speech[0]"]),
    # By way of an alias, and of a cascade.
    (f"{ROUTER}.fallbacks", [{"small": ["assistant"]}], ["[0].small[0]"]),
    (f"{ROUTER}.fallbacks", [{"small": ["auto"]}], ["[0].small[0]"]),
    (f"{ROUTER}.fallbacks", [{"large": ["small"]}], ["[0].large[0]"]),
    (f"{ROUTER}.context_window_fallbacks", [{"large": ["small"]}], ["[0].large[0]"]),
    (f"{ROUTER}.content_policy_fallbacks", [{"large": ["nobody"]}], ["[0].large[0]"]),
    (f"{SETTINGS}.fallbacks", [{"large": ["nobody"]}], ["[0].large[0]"]),
    (f"{SETTINGS}.default_fallbacks", ["nobody"], ["[0]"] * 5),
    (f"{ROUTER}.default_fallbacks", ["large"], []),
]


@pytest.mark.parametrize(("path", "value", "expected"), FALLBACKS)
def test_fallbacks_end_at_a_model_that_can_answer(path: str, value: object, expected: list[str]) -> None:
    config = gateway_map((f"{ROUTER}.fallbacks", []), (path, value))
    found = broken_at("AI-17", config)
    assert [place.removeprefix(f'data["config.yaml"].{path}') for place in found] == expected


def test_a_split_takes_as_long_a_request_as_its_shortest_model() -> None:
    split = [own_model("both", context=5000), own_model("both", context=900)]
    fallback = (f"{ROUTER}.fallbacks", [{"small": ["both"]}])
    assert len(broken_at("AI-17", gateway_map(added_models(*split), fallback))) == 1
    assert (
        len(broken_at("AI-17", gateway_map(added_models(*split), (f"{ROUTER}.fallbacks", [{"both": ["large"]}])))) == 1
    )


def test_a_context_length_is_a_number() -> None:
    config = gateway_map(("model_list[0].model_info.max_input_tokens", "long"))
    assert broken_at("AI-17", config) == ['data["config.yaml"].model_list[0].model_info.max_input_tokens']


OUTSIDE = external_model(data_classes=["public", "internal"])
CONFIDENTIAL = ("metadata.data-class", "confidential")
REACHING: list[tuple[str, tuple[str, Any], list[str]]] = [
    ("a model", (f"{ROUTER}.fallbacks", []), ["outside"]),
    ("a fallback", (f"{ROUTER}.fallbacks", [{"small": ["large"]}, {"large": ["outside"]}]), ["small"]),
    ("an alias", (f"{ROUTER}.model_group_alias", {"other": "outside"}), ["other"]),
    ("a hidden alias", (f"{ROUTER}.model_group_alias", {"other": {"model": "outside"}}), ["other"]),
    ("every model", (f"{ROUTER}.fallbacks", []), ["small", "*"]),
    ("every model, unnamed", (f"{ROUTER}.fallbacks", []), []),
    ("a default fallback", (f"{SETTINGS}.default_fallbacks", ["outside"]), ["small"]),
]


@pytest.mark.parametrize(("way", "change", "models"), REACHING, ids=[item[0] for item in REACHING])
def test_data_that_may_not_leave_reaches_no_external_model(way: str, change: Any, models: list[str]) -> None:
    del way
    config = gateway_map(added_models(OUTSIDE), change)
    assert broken_at("AI-16", config, teams_map(("models", models))) == []
    broken = broken_at("AI-16", config, teams_map(("models", models), CONFIDENTIAL))
    assert broken == ['data["teams.json"][0].models']


@pytest.mark.parametrize(("simple", "default"), [("outside", "small"), ("small", "outside")])
def test_a_cascade_leads_out_as_well(simple: str, default: str) -> None:
    config = gateway_map(added_models(OUTSIDE, cascade("choice", simple, default)))
    assert len(broken_at("AI-16", config, teams_map(("models", ["choice"]), CONFIDENTIAL))) == 1


@pytest.mark.parametrize("shadow", ["outside", ["small", "outside"]])
def test_a_model_that_gets_a_copy_is_reached_as_well(shadow: object) -> None:
    config = gateway_map(added_models(OUTSIDE), ("model_list[0].litellm_params.silent_model", shadow))
    assert len(broken_at("AI-16", config, teams_map(CONFIDENTIAL))) == 1
    assert broken_at("AI-16", config, teams_map()) == []


@pytest.mark.parametrize(
    "change",
    [("models", ["out*"]), ("models", ["*side"]), ("models", ["partners"]), ("model_aliases", {"gpt": "outside"})],
)
def test_a_pattern_a_group_and_an_alias_of_a_team_lead_to_models(change: tuple[str, Any]) -> None:
    config = gateway_map(added_models(external_model(data_classes=["internal"], access_groups=["partners"])))
    assert len(broken_at("AI-16", config, teams_map(change, CONFIDENTIAL))) == 1
    assert broken_at("AI-16", config, teams_map(change)) == []
    assert broken_at("AI-16", config, teams_map(("models", ["s*", "others"]), CONFIDENTIAL)) == []


@pytest.mark.parametrize(
    ("host", "external"), [("api.example.org", True), ("b.gateway.svc.cluster.local", False), ("a.gateway.svc", True)]
)
def test_a_service_may_stand_for_a_host_outside(host: str, *, external: bool) -> None:
    """The last one stands for itself: nobody knows where it leads."""
    config = gateway_map(("model_list[0].litellm_params.api_base", "http://a.gateway.svc:80/v1"))
    found = broken_at("AI-16", config, teams_map(), service("a", "gateway", type="ExternalName", externalName=host))
    assert len(found) == int(external)
    assert broken_at("AI-16", config, teams_map(), service("a", "gateway")) == []
    elsewhere = service("a", "models", type="ExternalName", externalName=host)
    assert broken_at("AI-16", config, teams_map(), elsewhere) == []


def test_one_deployment_outside_is_enough() -> None:
    split = [own_model("both"), external_model("both", data_classes=["public"])]
    assert len(broken_at("AI-16", gateway_map(added_models(*split)), teams_map(("models", ["both"])))) == 1


def test_an_external_model_without_classes_is_for_nobody() -> None:
    config = gateway_map(added_models(external_model()))
    public = ("metadata.data-class", "public")
    assert len(broken_at("AI-16", config, teams_map(("models", ["outside"]), public))) == 1


def test_a_team_with_models_inside_is_not_asked_for_its_class() -> None:
    team = teams_map(("metadata", ABSENT))
    assert broken_at("AI-16", gateway_map(added_models(OUTSIDE)), team) == []
    assert (
        len(broken_at("AI-16", gateway_map(added_models(OUTSIDE)), teams_map(("metadata", ABSENT), ("models", []))))
        == 1
    )


@pytest.mark.parametrize(
    ("address", "external"),
    [
        ("http://m.models.svc.cluster.local:8000/v1", False),
        ("http://m.models.svc:8000", False),
        ("https://m.models.svc.cluster.local", False),
        ("https://api.example.org/v1", True),
        ("https://models.svc.cluster.local.example.org", True),
        ("https://example.org/?x=.svc", True),
        ("os.environ/API_BASE", True),
        (ABSENT, True),
    ],
)
def test_a_model_is_inside_when_its_address_is_a_service(address: object, *, external: bool) -> None:
    config = gateway_map(("model_list[0].litellm_params.api_base", address))
    assert len(broken_at("AI-16", config, teams_map())) == int(external)


def test_an_unknown_configuration_leaves_the_classes_undecided() -> None:
    config = gateway_map()
    put(config["inputs"], 'data["config.yaml"]', UNKNOWN)
    assert [item.result for item in judged([config, teams_map()], "AI-16").findings] == [Result.UNDECIDED]


GUARDED = 'data["config.yaml"].guardrails'


@pytest.mark.parametrize("mode", ["pre_call", ["during_call", "pre_call"]])
def test_an_external_model_needs_a_guardrail_that_is_always_on(mode: object) -> None:
    always = ("guardrails[0].litellm_params.mode", mode)
    outside = added_models(OUTSIDE)
    assert broken_at("AI-31", gateway_map(outside, always)) == []
    assert broken_at("AI-31", gateway_map(outside, ("guardrails", ABSENT))) == [GUARDED]
    assert broken_at("AI-31", gateway_map(outside, always, ("guardrails[0].litellm_params.default_on", False))) == [
        GUARDED
    ]
    later = ("guardrails[0].litellm_params.mode", "post_call")
    assert broken_at("AI-31", gateway_map(outside, later)) == [GUARDED]


def test_teams_from_outside_need_a_guardrail_and_others_need_none() -> None:
    without = gateway_map(("guardrails", ABSENT))
    assert broken_at("AI-31", without, teams_map()) == []
    assert broken_at("AI-31", without, teams_map(("metadata.external", False))) == []
    assert broken_at("AI-31", without, teams_map(("metadata.external", True))) == [GUARDED]


def test_the_shipped_configuration_of_these_tests_is_read_at_all() -> None:
    assert broken_at("AI-25", gateway_map(added_models({"model_name": "free", "litellm_params": {}}))) == [
        f'data["config.yaml"].model_list[{len(CONFIG["model_list"])}].litellm_params',
        f'data["config.yaml"].model_list[{len(CONFIG["model_list"])}].litellm_params.output_cost_per_token',
    ]
