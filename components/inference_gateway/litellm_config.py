"""LiteLLM's config.yaml, from plain data. Secrets stand in it as `os.environ/NAME`, which LiteLLM resolves itself.

Keys as read in the source of the pinned release (`litellm/proxy/_types.py`, `litellm/router.py`,
`litellm/proxy/proxy_server.py`); no key that needs a licence is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from components.base.models import Task
from components.base.valkey import PORT as COUNTERS_PORT
from components.inference_gateway.arguments import (
    AnswerCache,
    Cascade,
    GatewayModel,
    Guardrails,
    Routing,
    TokenPrice,
)
from components.inference_gateway.names import model_key_variable
from components.inference_gateway.timeouts import MAX_FALLBACKS

MASTER_KEY = "LITELLM_MASTER_KEY"
DATABASE_URL = "DATABASE_URL"
COUNTERS_PASSWORD = "COUNTERS_PASSWORD"  # noqa: S105 # the name of a variable
CACHE_HOST = "CACHE_HOST"
CACHE_PASSWORD = "CACHE_PASSWORD"  # noqa: S105 # the name of a variable

_MODES: dict[Task, str] = {
    "chat": "chat",
    "vision": "chat",
    "completion": "completion",
    "embedding": "embedding",
    "rerank": "rerank",
    "transcription": "audio_transcription",
    "image-embedding": "embedding",
}

_DATABASE_CONNECTIONS = 80
"""Connections that all replicas together may hold; PostgreSQL allows 100 by default and other clients need some."""


def config_text(
    models: Iterable[GatewayModel], routing: Routing, *, counters_host: str, cache_port: int, max_replicas: int
) -> str:
    """config.yaml as text; the same arguments give the same bytes.

    `counters_host` is the Valkey that holds rate limits, `cache_port` the port of the other one, whose host and
    password LiteLLM reads from its environment.
    """
    config: dict[str, Any] = {
        "model_list": [*map(_model, models), *map(_cascade, routing.cascades)],
        "router_settings": router_settings(routing, counters_host),
        "litellm_settings": litellm_settings(routing, cache_port),
        "general_settings": general_settings(routing, counters_host, max_replicas),
    }
    guardrails = guardrail_list(routing.guardrails)
    if guardrails:
        config["guardrails"] = guardrails
    return yaml.dump(config, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=120, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes a price as 0.0000002, which a person can read; 2.0e-07 also looks like a token to secret scanners."""

    def represent_price(self, price: float) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:float", f"{price:.12f}".rstrip("0"))


_Dumper.add_representer(float, _Dumper.represent_price)


def _model(model: GatewayModel) -> dict[str, Any]:
    information: dict[str, Any] = {"mode": _MODES[model.task], "max_input_tokens": model.context_length}
    if model.task == "vision":
        information["supports_vision"] = True
    return {
        "model_name": model.name,
        "litellm_params": {
            "model": f"hosted_vllm/{model.name}",
            "api_base": f"http://{model.host}:{model.port}/v1",
            "api_key": f"os.environ/{model_key_variable(model.name)}",
            **_price(model.task, model.price),
        },
        "model_info": information,
    }


def _price(task: Task, price: TokenPrice) -> dict[str, float]:
    # Reranking and transcription are not metered in tokens by LiteLLM; rate limits hold for them, budgets do not.
    if task in {"rerank", "transcription"}:
        return {}
    per_token = {"input_cost_per_token": _per_token(price.input_usd_per_million)}
    return (
        per_token
        if task in {"embedding", "image-embedding"}
        else per_token | {"output_cost_per_token": _per_token(price.output_usd_per_million)}
    )


def _per_token(usd_per_million: float) -> float:
    # Rounded to 12 digits after the point, so that 0.2 does not become 1.9999999999999999e-07.
    return round(usd_per_million / 1_000_000, 12)


def _cascade(cascade: Cascade) -> dict[str, Any]:
    return {
        "model_name": cascade.name,
        "litellm_params": {
            # The rule-based scorer of LiteLLM's complexity router: local, no call to another model.
            "model": "auto_router/complexity_router",
            "complexity_router_config": {
                "tiers": {
                    "SIMPLE": cascade.simple,
                    "MEDIUM": cascade.medium,
                    "COMPLEX": cascade.complex,
                    "REASONING": cascade.complex,
                }
            },
        },
    }


def router_settings(routing: Routing, counters_host: str) -> dict[str, Any]:
    """Load balancing, retries, cooldowns and fallbacks. Times in seconds."""
    settings: dict[str, Any] = {
        "routing_strategy": "simple-shuffle",
        "timeout": routing.timeouts.request,
        "stream_timeout": routing.timeouts.request,
        "num_retries": 2,
        # A timed-out request is not repeated on the same model: the model is overloaded already.
        "retry_policy": {"TimeoutErrorRetries": 0, "RateLimitErrorRetries": 1, "InternalServerErrorRetries": 2},
        "max_fallbacks": MAX_FALLBACKS,
        "allowed_fails": 3,
        "cooldown_time": 30,
        "redis_host": counters_host,
        "redis_port": COUNTERS_PORT,
        "redis_password": f"os.environ/{COUNTERS_PASSWORD}",
    }
    if routing.fallbacks:
        settings["fallbacks"] = [{model: list(targets)} for model, targets in routing.fallbacks.items()]
    return settings


def litellm_settings(routing: Routing, cache_port: int) -> dict[str, Any]:
    """Callbacks, privacy, key limits and the answer cache."""
    settings: dict[str, Any] = {
        "callbacks": ["prometheus"],
        # Only Prometheus and the edge proxy reach the port, and no route of the edge leads to /metrics.
        "require_auth_for_metrics_endpoint": False,
        # No prompt and no answer in logs, traces or callbacks.
        "turn_off_message_logging": True,
        "json_logs": True,
        "request_timeout": routing.timeouts.request,
        # LiteLLM enforces parallel requests on keys only, not on teams; a key that asks for more is refused.
        "upperbound_key_generate_params": {"max_parallel_requests": routing.max_parallel_requests_per_key},
    }
    if routing.cache is None:
        return settings | {"cache": False}
    return settings | {"cache": True, "cache_params": _cache_params(routing.cache, cache_port)}


def _cache_params(cache: AnswerCache, port: int) -> dict[str, Any]:
    return {
        "type": "redis",
        "host": f"os.environ/{CACHE_HOST}",
        "port": port,
        "password": f"os.environ/{CACHE_PASSWORD}",
        "namespace": "litellm",
        "ttl": cache.ttl_seconds,
        "mode": "default_off" if cache.opt_in else "default_on",
    }


def general_settings(routing: Routing, counters_host: str, max_replicas: int) -> dict[str, Any]:
    """Keys, database and counters of the proxy itself."""
    return {
        "master_key": f"os.environ/{MASTER_KEY}",
        "database_url": f"os.environ/{DATABASE_URL}",
        "database_connection_pool_limit": max(2, min(10, _DATABASE_CONNECTIONS // max_replicas)),
        # Models come from this file alone; a model added by hand would bypass review and keys.
        "store_model_in_db": False,
        "store_prompts_in_spend_logs": False,
        "maximum_spend_logs_retention_period": "365d",
        # Named here, or LiteLLM would keep its counters in the answer cache, which evicts.
        "coordination_redis": {
            "host": counters_host,
            "port": COUNTERS_PORT,
            "password": f"os.environ/{COUNTERS_PASSWORD}",
        },
        "fail_closed_rate_limit_enforcement": routing.refuse_without_counters,
        # A team limited to some models must not reach another one because its own is down.
        "enforce_fallback_model_access": True,
        "disable_auto_add_proxy_admin_to_teams": True,
        "cancel_on_disconnect": True,
        "proxy_batch_write_at": 60,
    }


def guardrail_list(guardrails: Guardrails) -> list[dict[str, Any]]:
    """Content filters that run inside LiteLLM on every request; empty when nothing is filtered."""
    if not guardrails.mask and not guardrails.blocked_words:
        return []
    parameters: dict[str, Any] = {"guardrail": "litellm_content_filter", "mode": "pre_call", "default_on": True}
    if guardrails.mask:
        parameters["patterns"] = [
            {"pattern_type": "prebuilt", "pattern_name": name, "action": "MASK"} for name in guardrails.mask
        ]
    if guardrails.blocked_words:
        parameters["blocked_words"] = [{"keyword": word, "action": "BLOCK"} for word in guardrails.blocked_words]
    return [{"guardrail_name": "content-filter", "litellm_params": parameters}]
