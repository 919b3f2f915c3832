"""The service that counts requests for all proxies together. Envoy Gateway makes its pods; its counts are in Valkey."""

from __future__ import annotations

from typing import Any

from components.base import operator_objects, valkey
from components.base.valkey import ValkeyServer
from components.base.wiring import Workload
from components.inference_gateway.names import NAMESPACE

RATE_LIMIT = Workload.selecting(
    NAMESPACE,
    "envoy-ratelimit",
    operator_objects.RATE_LIMIT_LABELS,
)
"""Its pods (Envoy Gateway, internal/infrastructure/kubernetes/ratelimit)."""
GRPC_PORT = 8081

PASSWORD_SECRET = "rate-limit-counters"  # noqa: S105 # the name of a Secret
PASSWORD_KEY = valkey.PASSWORD_KEY


def controller_values(counters: ValkeyServer) -> dict[str, Any]:
    """Part of the chart's `config.envoyGateway`: where the service counts, and how it runs.

    The address stands in a ConfigMap, so the password is not in it: the service reads it from REDIS_AUTH
    (envoyproxy/ratelimit, src/settings/settings.go), a reference to a Secret. While the service is away requests pass:
    each proxy still counts addresses by itself, and LiteLLM its keys and teams.
    """
    return {
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {"rateLimitDeployment": _deployment()},
        },
        "rateLimit": {
            "backend": {"type": "Redis", "redis": {"url": f"{counters.host}:{valkey.PORT}"}},
            "timeout": "50ms",
            "failClosed": False,
        },
    }


def _deployment() -> dict[str, Any]:
    reference = {"name": PASSWORD_SECRET, "key": PASSWORD_KEY}
    return {
        "replicas": 2,
        "pod": {"priorityClassName": "platform-critical"},
        "container": {
            "env": [{"name": "REDIS_AUTH", "valueFrom": {"secretKeyRef": reference}}],
            "resources": {
                "requests": {"cpu": "100m", "memory": "128Mi"},
                "limits": {"cpu": "1", "memory": "256Mi"},
            },
        },
    }
