"""What LiteLLM reports and to whom, its privacy, and the limits of keys."""

from __future__ import annotations

from typing import Any

from components.inference_gateway.arguments import Routing, Telemetry
from components.inference_gateway.litellm_config.caches import cache_settings


def litellm_settings(routing: Routing, cache_port: int, callbacks: tuple[str, ...]) -> dict[str, Any]:
    """Callbacks, privacy, key limits and the answer cache."""
    return {
        "callbacks": ["prometheus", *_exporters(routing.telemetry), *callbacks],
        # Only Prometheus and the edge proxy reach the port, and no route of the edge leads to /metrics.
        "require_auth_for_metrics_endpoint": False,
        # No prompt and no answer in logs, traces or callbacks. Clients cannot switch it off by a header either:
        # LiteLLM drops theirs unless a key is allowed to.
        "turn_off_message_logging": not routing.telemetry.message_content,
        "json_logs": True,
        "request_timeout": routing.timeouts.request,
        # LiteLLM enforces parallel requests on keys only, not on teams; a key that asks for more is refused.
        "upperbound_key_generate_params": {"max_parallel_requests": routing.max_parallel_requests_per_key},
        # A key outside of every team would have no budget and could call every model, external ones included.
        "key_generation_settings": {"personal_key_generation": {"allowed_user_roles": ["proxy_admin"]}},
        **cache_settings(routing.cache, cache_port),
    }


def _exporters(telemetry: Telemetry) -> list[str]:
    return [
        *(["otel"] if telemetry.otlp_endpoint else []),
        *(["langfuse_otel"] if telemetry.langfuse_host else []),
    ]


def callback_settings(telemetry: Telemetry) -> dict[str, Any]:
    """Privacy of single callbacks: traces go to whoever operates the platform, and never carry content."""
    return {"otel": {"message_logging": False}} if telemetry.otlp_endpoint else {}
