"""An ObservabilityStack as the tests build it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi

from components.base import peers
from components.base.oidc import OidcClient
from components.base.wiring import Workload
from components.charts import ChartSource
from components.observability_stack import (
    ObservabilityStack,
    ObservabilityStackArgs,
    Retention,
    SecretKey,
    ServiceLevels,
)
from tests.components.surroundings import Built, Surroundings, build

KEYCLOAK = Workload.of("identity", "keycloak", "identity")
SCRAPED = (
    (Workload.of("models", "qwen3-8b", "model"), 8000),
    (Workload.of("gateway", "litellm", "gateway"), 4000),
    (KEYCLOAK, 9000),
    (Workload.selecting("gpu-operator", "dcgm-exporter", {"app": "nvidia-dcgm-exporter"}), 9400),
    (Workload.selecting("data", "postgres", {"cnpg.io/cluster": "postgres"}), 9187),
    (Workload.of("data", "qdrant", "vector-store"), 6333),
    (Workload.of("data", "object-store", "object-store"), 9324),
    (
        Workload.selecting(
            "security",
            "cert-manager",
            {"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller"},
        ),
        9402,
    ),
)
"""What a full stack lets Prometheus reach."""

CLIENT_SECRET = "test-client-secret"
WEBHOOK = "https://hooks.example.org/services/test-token"


def sign_on() -> OidcClient:
    realm = "protocol/openid-connect"
    public = f"https://auth.ai.example.org/realms/ai-platform/{realm}"
    internal = f"http://keycloak.identity.svc.cluster.local:8080/realms/ai-platform/{realm}"
    return OidcClient(
        client_id="grafana",
        client_secret=pulumi.Output.secret(CLIENT_SECRET),
        redirect_url="https://grafana.ai.example.org/login/generic_oauth",
        issuer_url="https://auth.ai.example.org/realms/ai-platform",
        authorization_url=f"{public}/auth",
        token_url=f"{internal}/token",
        userinfo_url=f"{internal}/userinfo",
        jwks_url=f"{internal}/certs",
        logout_url=f"{public}/logout",
        peer=KEYCLOAK,
        port=8080,
    )


def stack_args(surroundings: Surroundings, **changes: Any) -> ObservabilityStackArgs:
    fields: dict[str, Any] = {
        "cluster": surroundings.cluster,
        "platform": surroundings.platform,
        "charts": ChartSource(location="none"),
        "service_levels": ServiceLevels(availability=0.999, error_rate=0.001, p95_seconds=2),
        "retention": Retention(days=15, gib=50),
        "replicas": 2,
        "sign_on": sign_on(),
        "models": ("qwen3-8b",),
        "vector_store_key": SecretKey(name="qdrant-api-key-0a1b2c3d", key="read-only"),
    }
    return ObservabilityStackArgs(**(fields | changes))


def build_stack(
    *,
    scraped: tuple[tuple[Workload, int], ...] = SCRAPED,
    changes: Callable[[], dict[str, Any]] = dict,
    **surroundings: Any,
) -> Built:
    """Build the component; `changes` makes arguments (Outputs exist only while the program runs)."""

    def program(around: Surroundings) -> ObservabilityStack:
        for workload, port in scraped:
            around.platform.wiring.allow(peers.PROMETHEUS, workload, port)
        return ObservabilityStack("observability", stack_args(around, **changes()), around.opts)

    return build(program, **surroundings)
