from __future__ import annotations

from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.inference_gateway.arguments import (
    AnswerCache,
    Cascade,
    GatewayModel,
    Guardrails,
    Routing,
    Task,
    Timeouts,
    TokenPrice,
)
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


def config(*models: GatewayModel, max_replicas: int = 20, **changes: Any) -> Any:
    text = config_text(
        models or (model(),),
        routing(**changes),
        counters_host="counters.gateway.svc.cluster.local",
        cache_port=6379,
        max_replicas=max_replicas,
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


def test_tokens_are_priced_only_where_litellm_counts_them() -> None:
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
        "rerank": set(),
        "transcription": set(),
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
