from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.base.models import Task
from components.inference_gateway.arguments import (
    AnswerCache,
    Cascade,
    ComplexityRule,
    ComplexityWeights,
    Extension,
    ExternalModel,
    GatewayModel,
    Guardrails,
    Judge,
    Presidio,
    Routing,
    SemanticCache,
    Split,
    Telemetry,
    Timeouts,
    TokenPrice,
)
from components.inference_gateway.guardrails.judge import judge_extension
from components.inference_gateway.litellm_config import config_text
from components.inference_gateway.names import model_key_variable
from components.inference_gateway.timeouts import ENDPOINT_REMOVAL_SECONDS, edge_seconds, grace_seconds

MODEL_NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)


def model(name: str = "qwen3-8b", task: Task = "chat") -> GatewayModel:
    return GatewayModel(
        name=name,
        task=task,
        host=f"{name}.models.svc.cluster.local",
        port=8000,
        context_length=32768,
        price=TokenPrice(input_usd_per_million=0.2, output_usd_per_million=0.6),
    )


def routing(**changes: Any) -> Routing:
    fields: dict[str, Any] = {
        "timeouts": Timeouts(request=600, stream=1200),
        "max_parallel_requests_per_key": 64,
        "refuse_without_counters": True,
        "cache": AnswerCache(opt_in=True, ttl_seconds=3600),
    }
    return Routing(**(fields | changes))


def config(*models: GatewayModel, max_replicas: int = 20, extension: Extension | None = None, **changes: Any) -> Any:
    text = config_text(
        models or (model(),),
        routing(**changes),
        counters_host="counters.gateway.svc.cluster.local",
        cache_port=6379,
        max_replicas=max_replicas,
        extension=extension,
    )
    return yaml.safe_load(text)


def test_a_model_is_called_by_its_own_name_at_its_service_with_its_own_key() -> None:
    [entry] = config()["model_list"]
    assert entry["model_name"] == "qwen3-8b"
    assert entry["litellm_params"] == {
        "model": "hosted_vllm/qwen3-8b",
        "api_base": "http://qwen3-8b.models.svc.cluster.local:8000/v1",
        "api_key": "os.environ/MODEL_KEY_QWEN3_8B",
        "input_cost_per_token": 2e-07,
        "output_cost_per_token": 6e-07,
    }
    assert entry["model_info"] == {"mode": "chat", "max_input_tokens": 32768}


@pytest.mark.parametrize(
    ("task", "mode"),
    [
        ("chat", "chat"),
        ("vision", "chat"),
        ("completion", "completion"),
        ("embedding", "embedding"),
        ("rerank", "rerank"),
        ("transcription", "audio_transcription"),
    ],
)
def test_each_task_has_its_mode(task: Task, mode: str) -> None:
    [entry] = config(model(task=task))["model_list"]
    assert entry["model_info"]["mode"] == mode
    assert entry["model_info"].get("supports_vision", False) == (task == "vision")


def test_every_task_is_priced_in_what_litellm_counts_of_it() -> None:
    prices = {
        task: {key for key in config(model(task=task))["model_list"][0]["litellm_params"] if "cost" in key}
        for task in get_args(Task)
    }
    both = {"input_cost_per_token", "output_cost_per_token"}
    assert prices == {
        "chat": both,
        "vision": both,
        "completion": both,
        "embedding": {"input_cost_per_token"},
        "rerank": both,
        "transcription": {"input_cost_per_second"},
        "image-embedding": {"input_cost_per_token"},
    }


@given(st.floats(min_value=0.0001, max_value=1000))
def test_a_million_tokens_cost_what_was_asked(usd: float) -> None:
    priced = GatewayModel(
        name="m",
        task="chat",
        host="h",
        port=8000,
        context_length=1,
        price=TokenPrice(input_usd_per_million=usd, output_usd_per_million=usd),
    )
    per_token = config(priced)["model_list"][0]["litellm_params"]["input_cost_per_token"]
    assert per_token * 1_000_000 == pytest.approx(usd, abs=1e-6)


def test_prices_are_written_without_an_exponent() -> None:
    text = config_text((model(),), routing(), counters_host="c", cache_port=6379, max_replicas=2)
    assert "input_cost_per_token: 0.0000002\n" in text


@given(st.lists(MODEL_NAMES, min_size=2, max_size=20, unique=True))
def test_two_models_never_share_a_key(names: list[str]) -> None:
    assert len({model_key_variable(name) for name in names}) == len(names)


def test_no_secret_stands_in_the_text() -> None:
    made = config(model(), model("bge-m3", "embedding"))
    found: dict[str, str] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, f"{path}.{key}")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk(item, f"{path}[{index}]")
        elif path.rsplit(".", 1)[-1] in {"api_key", "master_key", "database_url", "password", "redis_password"}:
            found[path] = value

    walk(made, "")
    assert len(found) == 7
    assert all(value.startswith("os.environ/") for value in found.values()), found


def test_counters_are_kept_apart_from_the_cache_that_evicts() -> None:
    made = config()
    counters = "counters.gateway.svc.cluster.local"
    assert made["general_settings"]["coordination_redis"]["host"] == counters
    assert made["router_settings"]["redis_host"] == counters
    assert made["litellm_settings"]["cache_params"]["host"] == "os.environ/CACHE_HOST"


def test_answers_are_cached_only_for_requests_that_ask_for_it_unless_the_stack_says_always() -> None:
    opt_in = config()["litellm_settings"]
    assert opt_in["cache"] is True
    assert opt_in["cache_params"]["mode"] == "default_off"
    assert opt_in["cache_params"]["ttl"] == 3600
    always = config(cache=AnswerCache(opt_in=False, ttl_seconds=60))["litellm_settings"]
    assert always["cache_params"]["mode"] == "default_on"
    off = config(cache=None)["litellm_settings"]
    assert off["cache"] is False
    assert "cache_params" not in off


def test_prompts_reach_no_log_and_no_database() -> None:
    made = config()
    assert made["litellm_settings"]["turn_off_message_logging"] is True
    assert made["general_settings"]["store_prompts_in_spend_logs"] is False


def test_limits_hold_when_the_counters_are_down_unless_the_stack_says_otherwise() -> None:
    assert config()["general_settings"]["fail_closed_rate_limit_enforcement"] is True
    relaxed = config(refuse_without_counters=False)
    assert relaxed["general_settings"]["fail_closed_rate_limit_enforcement"] is False


def test_fallbacks_are_written_as_litellm_reads_them_and_respect_what_a_team_may_call() -> None:
    made = config(model("small"), model("large"), fallbacks={"small": ("large",)})
    assert made["router_settings"]["fallbacks"] == [{"small": ["large"]}]
    assert made["general_settings"]["enforce_fallback_model_access"] is True
    assert "fallbacks" not in config()["router_settings"]


def test_a_cascade_is_one_more_name_with_a_model_for_each_complexity() -> None:
    cascade = Cascade(name="auto", simple="small", medium="small", complex="large")
    entries = config(model("small"), model("large"), cascades=(cascade,))["model_list"]
    assert [entry["model_name"] for entry in entries] == ["small", "large", "auto"]
    parameters = entries[-1]["litellm_params"]
    assert parameters["model"] == "auto_router/complexity_router"
    assert parameters["complexity_router_config"]["tiers"] == {
        "SIMPLE": "small",
        "MEDIUM": "small",
        "COMPLEX": "large",
        "REASONING": "large",
    }


def test_guardrails_mask_and_block_before_the_model_sees_a_request() -> None:
    made = config(guardrails=Guardrails(mask=("email",), blocked_words=("secret project",)))
    [guardrail] = made["guardrails"]
    parameters = guardrail["litellm_params"]
    assert parameters["mode"] == "pre_call"
    assert parameters["default_on"] is True
    assert parameters["patterns"] == [{"pattern_type": "prebuilt", "pattern_name": "email", "action": "MASK"}]
    assert parameters["blocked_words"] == [{"keyword": "secret project", "action": "BLOCK"}]
    assert "guardrails" not in config()


@pytest.mark.parametrize("replicas", [2, 5, 20, 40])
def test_all_replicas_together_leave_the_database_some_connections(replicas: int) -> None:
    limit = config(max_replicas=replicas)["general_settings"]["database_connection_pool_limit"]
    assert limit >= 2
    assert limit * replicas <= 80


def test_the_same_arguments_give_the_same_bytes() -> None:
    texts = {
        config_text((model(), model("b")), routing(), counters_host="c", cache_port=1, max_replicas=2) for _ in range(3)
    }
    assert len(texts) == 1


@given(
    st.integers(5, 3600),
    st.integers(5, 3600),
    st.dictionaries(MODEL_NAMES, st.lists(MODEL_NAMES, min_size=1, max_size=3).map(tuple), max_size=5),
)
def test_outer_layers_always_wait_longer_than_inner_ones(
    request: int, stream: int, fallbacks: dict[str, tuple[str, ...]]
) -> None:
    timeouts = Timeouts(request=min(request, stream), stream=max(request, stream))
    assert edge_seconds(timeouts, fallbacks) > timeouts.stream
    longest = max((len(set(targets)) for targets in fallbacks.values()), default=0)
    assert edge_seconds(timeouts, fallbacks) > timeouts.request * (1 + longest)
    assert grace_seconds(timeouts) > timeouts.stream + ENDPOINT_REMOVAL_SECONDS


def test_fallbacks_of_fallbacks_count_for_the_edge_and_cycles_end() -> None:
    timeouts = Timeouts(request=100, stream=100)
    assert edge_seconds(timeouts, {"a": ("b",), "b": ("c",)}) == 310
    assert edge_seconds(timeouts, {"a": ("b",), "b": ("a",)}) == 310


def test_an_alias_leads_to_its_model_and_an_adapter_to_its_models_servers() -> None:
    made = config(replace(model("small"), aliases=("tiny",), adapters=("small-law",)))
    assert made["router_settings"]["model_group_alias"] == {"tiny": "small"}
    [small, adapter] = made["model_list"]
    assert adapter["model_name"] == "small-law"
    assert adapter["litellm_params"] == {**small["litellm_params"], "model": "hosted_vllm/small-law"}
    assert "model_group_alias" not in config()["router_settings"]


def test_a_split_is_one_name_with_each_models_share() -> None:
    split = Split(name="ab", weights={"small": 90, "large": 10})
    made = config(model("small"), model("large"), splits=(split,))
    entries = [entry for entry in made["model_list"] if entry["model_name"] == "ab"]
    drawn = {entry["litellm_params"]["model"]: entry["litellm_params"]["weight"] for entry in entries}
    assert drawn == {"hosted_vllm/small": 90, "hosted_vllm/large": 10}
    assert len({entry["model_info"]["id"] for entry in entries}) == 2
    assert made["router_settings"]["routing_strategy"] == "simple-shuffle"


def test_the_whole_rule_of_a_cascade_stands_in_the_configuration() -> None:
    rule = ComplexityRule(medium_from=0.1, weights=ComplexityWeights(code=0.5))
    cascade = Cascade(name="auto", simple="small", medium="small", complex="large", rule=rule)
    written = config(model("small"), model("large"), cascades=(cascade,))["model_list"][-1]["litellm_params"]
    assert written["complexity_router_default_model"] == "small"
    router = written["complexity_router_config"]
    assert router["classifier_type"] == "heuristic"
    assert router["tier_boundaries"] == {"simple_medium": 0.1, "medium_complex": 0.35, "complex_reasoning": 0.6}
    assert router["dimension_weights"]["codePresence"] == 0.5
    assert "kubernetes" in router["code_keywords"]


def test_a_rerank_is_asked_in_the_format_whose_tokens_are_counted() -> None:
    [entry] = config(model(task="rerank"))["model_list"]
    assert entry["litellm_params"]["model"] == "jina_ai/qwen3-8b"


def test_a_second_of_speech_costs_what_whisper_makes_of_it() -> None:
    [entry] = config(model(task="transcription"))["model_list"]
    assert entry["litellm_params"]["input_cost_per_second"] == pytest.approx((50 * 0.2 + 4 * 0.6) / 1_000_000)


def test_the_semantic_cache_is_in_the_vector_store_and_within_each_key() -> None:
    cache = SemanticCache(embedding_model="bge-m3", vector_size=1024, similarity=0.95, opt_in=True, forget_hours=24)
    made = config(model(), model("bge-m3", "embedding"), cache=cache)["litellm_settings"]
    assert made["cache"] is True
    parameters = made["cache_params"]
    assert parameters["type"] == "qdrant-semantic"
    assert parameters["semantic_cache_scope"] == "key"
    assert parameters["qdrant_semantic_cache_embedding_model"] == "bge-m3"
    assert parameters["qdrant_semantic_cache_vector_size"] == 1024
    assert parameters["qdrant_collection_name"] == "gateway-answers-bge-m3"
    assert parameters["qdrant_api_key"] == "os.environ/VECTORS_KEY"
    assert parameters["mode"] == "default_off"


def test_presidio_masks_before_the_model_and_restores_after_it() -> None:
    presidio = Presidio(entities={"PERSON": "MASK", "US_SSN": "BLOCK"}, languages=("en", "de"), score_threshold=0.6)
    made = config(guardrails=Guardrails(presidio=presidio))["guardrails"]
    assert [entry["litellm_params"]["presidio_language"] for entry in made] == ["en", "de"]
    parameters = made[0]["litellm_params"]
    assert parameters["pii_entities_config"] == {"PERSON": "MASK", "US_SSN": "BLOCK"}
    assert parameters["presidio_score_thresholds"] == {"ALL": 0.6}
    assert parameters["output_parse_pii"] is True
    assert parameters["presidio_filter_scope"] == "input"
    assert all(entry["litellm_params"]["default_on"] for entry in made)


@pytest.mark.parametrize(("check_answers", "mode"), [(False, "pre_call"), (True, ["pre_call", "post_call"])])
def test_the_judge_is_a_module_beside_the_configuration(check_answers: bool, mode: Any) -> None:
    judge = Judge(model="guard", context_length=8192, categories=("S1",), check_answers=check_answers)
    extension = judge_extension(judge)
    assert list(extension.files) == ["content_judge.py"]
    made = config(model("guard"), extension=extension)["guardrails"]
    [parameters] = [entry["litellm_params"] for entry in made]
    assert parameters["guardrail"] == "content_judge.ContentJudge"
    assert parameters["mode"] == mode
    assert parameters["default_on"] is True
    assert parameters["guard_refuses_when_unavailable"] is True
    assert judge_extension(None) == Extension()


def test_an_external_model_has_its_own_key_and_price() -> None:
    external = ExternalModel(
        name="gpt",
        provider="azure",
        model="gpt-5",
        task="chat",
        price=TokenPrice(input_usd_per_million=1, output_usd_per_million=2),
        api_base="https://corp.openai.azure.com",
        api_version="2026-01-01",
    )
    entry = config(externals=(external,))["model_list"][-1]
    assert entry["litellm_params"] == {
        "model": "azure/gpt-5",
        "api_key": "os.environ/EXTERNAL_KEY_GPT",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "api_base": "https://corp.openai.azure.com",
        "api_version": "2026-01-01",
    }
    assert entry["model_info"] == {"mode": "chat", "data_classes": ["public"]}


def test_traces_carry_no_content_even_where_langfuse_does() -> None:
    quiet = config(telemetry=Telemetry(otlp_endpoint="https://otel.example.org/v1/traces"))
    assert quiet["litellm_settings"]["callbacks"] == ["prometheus", "otel"]
    assert quiet["litellm_settings"]["turn_off_message_logging"] is True
    open_ = config(
        telemetry=Telemetry(
            otlp_endpoint="https://otel.example.org/v1/traces", langfuse_host="https://lf", message_content=True
        )
    )
    assert open_["litellm_settings"]["callbacks"] == ["prometheus", "otel", "langfuse_otel"]
    assert open_["litellm_settings"]["turn_off_message_logging"] is False
    assert open_["callback_settings"]["otel"]["message_logging"] is False
    assert "callback_settings" not in config()


def test_every_stream_says_what_it_used() -> None:
    assert config()["general_settings"]["always_include_stream_usage"] is True


def test_other_parts_add_settings_but_never_the_same_one_twice() -> None:
    sign_on = Extension(files={"a.py": ""}, general={"custom_auth": "a.check"}, callbacks=("a.watch",))
    made = config(extension=sign_on)
    assert made["general_settings"]["custom_auth"] == "a.check"
    assert made["litellm_settings"]["callbacks"] == ["prometheus", "a.watch"]
    with pytest.raises(ValueError, match="both set custom_auth"):
        _ = Extension(general={"custom_auth": "b.check"}) + sign_on


LICENSED = {
    "allowed_ips",
    "allowed_routes",
    "audit_log",
    "custom_sso",
    "enable_jwt_auth",
    "enable_oauth2_auth",
    "enforced_params",
    "google_text_moderation",
    "hide_secrets",
    "litellm_jwtauth",
    "llamaguard_moderations",
    "llmguard_moderations",
    "max_request_size_mb",
    "max_response_size_mb",
    "max_file_size_mb",
    "model_max_budget",
    "openai_moderations",
    "policies",
    "public_routes",
    "store_audit_logs",
    "tag_budget_config",
    "tags",
    "use_client_credentials_pass_through_routes",
    "worker_registry",
}
"""Keys and callbacks that the pinned release refuses, or ignores, without a licence (`premium_user` in its source)."""


def test_nothing_in_the_configuration_needs_a_licence() -> None:
    made = config(
        model("small"),
        model("large"),
        model("guard"),
        cascades=(Cascade(name="auto", simple="small", medium="small", complex="large"),),
        splits=(Split(name="ab", weights={"small": 1, "large": 1}),),
        fallbacks={"small": ("large",)},
        guardrails=Guardrails(mask=("email",), presidio=Presidio(entities={"PERSON": "MASK"})),
        telemetry=Telemetry(otlp_endpoint="https://o", langfuse_host="https://l"),
        extension=judge_extension(Judge(model="guard", context_length=4096)),
    )
    used: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            used.update(value)
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)
        else:
            used.add(str(value))

    walk(made)
    assert len(used) > 60
    assert not used & LICENSED
