"""A gateway for tests: three models, two teams, a made-up cache."""

from __future__ import annotations

from typing import Any

import pulumi

from components.base.oidc import OidcClient, TokenIssuer
from components.base.wiring import Workload
from components.charts import ChartSource
from components.inference_gateway import (
    AnswerCache,
    CacheServer,
    GatewayModel,
    InferenceGateway,
    InferenceGatewayArgs,
    Routing,
    TeamLimits,
    Timeouts,
    TokenPrice,
)
from tests.components.surroundings import Built, Surroundings, build, make_database

PRICE = TokenPrice(input_usd_per_million=0.2, output_usd_per_million=0.6)


def gateway_model(name: str, task: Any = "chat") -> GatewayModel:
    host = f"{name}.models.svc.cluster.local"
    return GatewayModel(name=name, task=task, host=host, port=8000, context_length=32768, price=PRICE)


def team(name: str, **changes: Any) -> TeamLimits:
    fields: dict[str, Any] = {
        "name": name,
        "tier": "free",
        "data_class": "internal",
        "budget_usd": 50.0,
        "requests_per_minute": 60,
        "tokens_per_minute": 100_000,
    }
    return TeamLimits(**(fields | changes))


def sign_in() -> OidcClient:
    public = "https://auth.ai.example.org/realms/ai-platform"
    internal = "http://keycloak.identity.svc.cluster.local:8080/realms/ai-platform/protocol/openid-connect"
    return OidcClient(
        client_id="gateway",
        client_secret=pulumi.Output.secret("test-client-secret"),
        redirect_url="https://console.ai.example.org/oauth2/callback",
        issuer_url=public,
        authorization_url=f"{public}/protocol/openid-connect/auth",
        token_url=f"{internal}/token",
        userinfo_url=f"{internal}/userinfo",
        jwks_url=f"{internal}/certs",
        logout_url=f"{public}/protocol/openid-connect/logout",
        peer=Workload.of("identity", "keycloak", "identity"),
        port=8080,
    )


def api_tokens() -> TokenIssuer:
    realm = "http://keycloak.identity.svc.cluster.local:8080/realms/ai-platform"
    return TokenIssuer(
        issuer_url="https://auth.ai.example.org/realms/ai-platform",
        audience="ai-platform-api",
        jwks_url=f"{realm}/protocol/openid-connect/certs",
        peer=Workload.of("identity", "keycloak", "identity"),
        port=8080,
    )


def make_gateway(surroundings: Surroundings, **changes: Any) -> InferenceGateway:
    fields: dict[str, Any] = {
        "cluster": surroundings.cluster,
        "platform": surroundings.platform,
        "charts": ChartSource(location="none"),
        "models": (gateway_model("qwen3-8b"), gateway_model("qwen3-32b"), gateway_model("bge-m3", "embedding")),
        "routing": Routing(
            timeouts=Timeouts(request=600, stream=1200),
            max_parallel_requests_per_key=64,
            refuse_without_counters=True,
            cache=AnswerCache(opt_in=True, ttl_seconds=3600),
            fallbacks={"qwen3-8b": ("qwen3-32b",)},
        ),
        "database": make_database("litellm"),
        "cache": CacheServer(
            host="cache.data.svc.cluster.local",
            port=6379,
            password=pulumi.Output.secret("test-cache-password"),
            peer=Workload.of("data", "cache", "cache"),
        ),
        "replicas": (2, 20),
        "minimum_tls_version": "1.3",
        "teams": (team("lab"), team("clinic", models=("qwen3-8b",))),
    }
    return InferenceGateway("gateway", InferenceGatewayArgs(**(fields | changes)), surroundings.opts)


def build_gateway(surroundings: dict[str, Any] | None = None, **changes: Any) -> Built:
    """`changes` override arguments of the gateway; functions among them are called within the program."""

    def program(given: Surroundings) -> InferenceGateway:
        made = {key: value() if callable(value) else value for key, value in changes.items()}
        return make_gateway(given, **made)

    return build(program, **(surroundings or {}))
