"""Settings of the gateway, the models and the teams → what InferenceGateway is given."""

from __future__ import annotations

from components.inference_gateway.arguments import (
    AnswerCache,
    Cascade,
    GatewayModel,
    Guardrails,
    Routing,
    TeamLimits,
    Timeouts,
    TokenPrice,
)
from components.vllm_model import model_host
from components.vllm_model.names import PORT as MODEL_PORT
from stacks.schema.gateway import GatewaySettings
from stacks.schema.models import ModelSettings
from stacks.schema.teams import TeamSettings
from stacks.settings import PlatformSettings


def gateway_models(settings: PlatformSettings) -> tuple[GatewayModel, ...]:
    """The models as the gateway routes to them. Their hosts are known before their Services exist."""
    return tuple(_model(model, settings.gateway) for model in settings.models)


def _model(model: ModelSettings, gateway: GatewaySettings) -> GatewayModel:
    price = gateway.prices.get(model.name, gateway.default_price)
    return GatewayModel(
        name=model.name,
        task=model.task,
        host=model_host(model.name),
        port=MODEL_PORT,
        context_length=model.max_model_len,
        price=TokenPrice(
            input_usd_per_million=price.input_usd_per_million_tokens,
            output_usd_per_million=price.output_usd_per_million_tokens,
        ),
    )


def routing(gateway: GatewaySettings) -> Routing:
    """What LiteLLM decides by."""
    cache = AnswerCache(opt_in=gateway.cache.mode == "opt-in", ttl_seconds=gateway.cache.ttl_seconds)
    return Routing(
        timeouts=Timeouts(request=gateway.timeouts.request_seconds, stream=gateway.timeouts.stream_seconds),
        max_parallel_requests_per_key=gateway.max_parallel_requests_per_key,
        refuse_without_counters=gateway.refuse_without_counters,
        cache=cache if gateway.cache.enabled else None,
        fallbacks=gateway.fallbacks,
        cascades=tuple(
            Cascade(name=entry.name, simple=entry.simple, medium=entry.medium or entry.simple, complex=entry.complex)
            for entry in gateway.cascade
        ),
        guardrails=Guardrails(mask=gateway.guardrails.mask, blocked_words=gateway.guardrails.blocked_words),
    )


def team_limits(settings: PlatformSettings) -> tuple[TeamLimits, ...]:
    """Teams with the limits of their tiers."""
    return tuple(_team(team, settings.gateway) for team in settings.teams)


def _team(team: TeamSettings, gateway: GatewaySettings) -> TeamLimits:
    tier = gateway.tiers[team.tier]
    return TeamLimits(
        name=team.name,
        tier=team.tier,
        data_class=team.data_class,
        budget_usd=team.budget_usd_per_month,
        requests_per_minute=tier.requests_per_minute,
        tokens_per_minute=tier.tokens_per_minute,
        models=_open_models(team.models, tier.models),
    )


def _open_models(team: tuple[str, ...], tier: tuple[str, ...]) -> tuple[str, ...]:
    """Models that both the team and its tier allow; empty for every model, as the gateway understands it."""
    if "*" in team:
        return () if "*" in tier else tier
    return team
