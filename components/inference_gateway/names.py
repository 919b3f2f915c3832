"""Names, ports and workloads of the gateway that more than one of its files needs."""

from __future__ import annotations

from components.base import namespaces
from components.base.wiring import Workload

NAMESPACE = namespaces.GATEWAY

LITELLM_NAME = "litellm"
LITELLM_COMPONENT = "gateway"
LITELLM_PORT = 4000
LITELLM = Workload.of(NAMESPACE, LITELLM_NAME, LITELLM_COMPONENT)
"""The only pods, beside Prometheus, that may reach a model server."""

MIGRATION_NAME = "litellm-migration"
MIGRATION_COMPONENT = "gateway-migration"
MIGRATION = Workload.of(NAMESPACE, MIGRATION_NAME, MIGRATION_COMPONENT)

TEAMS_NAME = "litellm-teams"
TEAMS_COMPONENT = "gateway-teams"
TEAMS = Workload.of(NAMESPACE, TEAMS_NAME, TEAMS_COMPONENT)

PRESIDIO_ANALYZER_NAME = "presidio-analyzer"
PRESIDIO_ANONYMIZER_NAME = "presidio-anonymizer"
PRESIDIO_COMPONENT = "personal-data"
PRESIDIO_PORT = 3000

FORGET_NAME = "answer-cache-forget"
FORGET_COMPONENT = "answer-cache"
FORGET = Workload.of(NAMESPACE, FORGET_NAME, FORGET_COMPONENT)
"""Pods that empty the semantic cache."""

ANSWERS_COLLECTION = "gateway-answers"
"""Beginning of the name of the semantic cache's collection in the vector store."""

COUNTERS_NAME = "counters"

ENVOY_GATEWAY = Workload.selecting(NAMESPACE, "envoy-gateway", {"control-plane": "envoy-gateway"})
"""Controller pods of the Envoy Gateway chart."""
ENVOY_GATEWAY_XDS_PORT = 18000
ENVOY_GATEWAY_RATE_LIMIT_PORT = 18001
"""Where the rate limit service gets its rules."""

EDGE_NAME = "edge"
EDGE_CERTIFICATE_SECRET = "edge-tls"  # noqa: S105 # the name of a Secret

UID = 65532
"""LiteLLM's image is built to run as any user: everything it needs is world-readable."""


def api_host(domain: str) -> str:
    """Host of the OpenAI-compatible API."""
    return f"api.{domain}"


def console_host(domain: str) -> str:
    """Host of LiteLLM's console."""
    return f"console.{domain}"


def public_hosts(domain: str) -> list[str]:
    """Hosts that the edge certificate covers."""
    return [api_host(domain), console_host(domain), f"auth.{domain}", f"grafana.{domain}"]


def model_key_variable(model: str) -> str:
    """Environment variable of LiteLLM, and key of the Secret, that holds the key of `model`.

    Two models never share one: model names hold no `_` and no capital letter.
    """
    return f"MODEL_KEY_{model.replace('-', '_').upper()}"


def external_key_variable(name: str) -> str:
    """Environment variable of LiteLLM, and key of the Secret, that holds the key of external model `name`."""
    return f"EXTERNAL_KEY_{name.replace('-', '_').upper()}"
