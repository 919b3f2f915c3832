"""Keys, database and counters of the proxy itself."""

from __future__ import annotations

from typing import Any

from components.base.valkey import PORT as COUNTERS_PORT
from components.inference_gateway.arguments import Routing
from components.inference_gateway.litellm_config.variables import (
    COUNTERS_PASSWORD,
    DATABASE_URL,
    MASTER_KEY,
    from_environment,
)

_DATABASE_CONNECTIONS = 80
"""Connections that all replicas together may hold; PostgreSQL allows 100 by default and other clients need some."""


def general_settings(routing: Routing, counters_host: str, max_replicas: int) -> dict[str, Any]:
    """`general_settings` of config.yaml."""
    return {
        "master_key": from_environment(MASTER_KEY),
        "database_url": from_environment(DATABASE_URL),
        "database_connection_pool_limit": max(2, min(10, _DATABASE_CONNECTIONS // max_replicas)),
        # Models come from this file alone; a model added by hand would bypass review and keys.
        "store_model_in_db": False,
        "store_prompts_in_spend_logs": False,
        "maximum_spend_logs_retention_period": "365d",
        # Named here, or LiteLLM would keep its counters in the answer cache, which evicts.
        "coordination_redis": {
            "host": counters_host,
            "port": COUNTERS_PORT,
            "password": from_environment(COUNTERS_PASSWORD),
        },
        "fail_closed_rate_limit_enforcement": routing.refuse_without_counters,
        # A team limited to some models must not reach another one because its own is down.
        "enforce_fallback_model_access": True,
        "disable_auto_add_proxy_admin_to_teams": True,
        # What a stream used is charged and shown to whoever asked, whether or not it asked for that.
        "always_include_stream_usage": True,
        "cancel_on_disconnect": True,
        "max_in_flight_requests_per_worker": routing.max_in_flight_per_replica,
        "proxy_batch_write_at": 60,
    }
