"""Settings of the gateway, the models and the teams → what InferenceGateway is given."""

from __future__ import annotations

from components.base import model_proxy
from components.inference_gateway.arguments import EdgeLimits, GatewayModel, TeamLimits, TokenPrice
from components.vllm_model import model_host
from components.vllm_model.names import PORT as MODEL_PORT
from stacks.gateway_names import GatewayName, gateway_names, open_names
from stacks.prices import model_price
from stacks.rollout import is_weighted
from stacks.schema.gateway import GatewaySettings
from stacks.schema.models import ModelSettings
from stacks.schema.teams import TeamSettings
from stacks.settings import PlatformSettings

_NO_PRICE = TokenPrice(input_usd_per_million=0.0, output_usd_per_million=0.0)
"""Of models without a price, which are refused as soon as a team has a budget."""


def gateway_models(settings: PlatformSettings) -> tuple[GatewayModel, ...]:
    """The models as the gateway routes to them. Their hosts are known before their Services exist."""
    return tuple(_model(settings, model) for model in settings.models)


def _model(settings: PlatformSettings, model: ModelSettings) -> GatewayModel:
    price = model_price(settings, model)
    return GatewayModel(
        name=model.name,
        task=model.task,
        host=model_proxy.HOST if is_weighted(model) else model_host(model.name),
        port=model_proxy.PORT if is_weighted(model) else MODEL_PORT,
        path=model_proxy.model_path(model.name) if is_weighted(model) else "",
        context_length=model.max_model_len,
        price=price.price if price else _NO_PRICE,
        aliases=model.aliases,
        adapters=tuple(adapter.name for adapter in model.adapters),
    )


def edge_limits(gateway: GatewaySettings) -> EdgeLimits:
    """What the edge takes, whoever asks. A team may make all its requests from one address."""
    largest = max(tier.requests_per_minute for tier in gateway.tiers.values())
    per_address = gateway.edge.requests_per_minute_per_address
    return EdgeLimits(
        requests_per_minute_per_address=per_address or max(largest, EdgeLimits().requests_per_minute_per_address),
        requests_per_second=gateway.edge.requests_per_second,
        max_request_mib=gateway.edge.max_request_mib,
        upload_seconds=gateway.timeouts.upload_seconds,
        connections=gateway.edge.connections_per_proxy,
    )


def team_limits(settings: PlatformSettings) -> tuple[TeamLimits, ...]:
    """Teams with the limits of their tiers."""
    names = gateway_names(settings.gateway, settings.models)
    return tuple(_team(team, settings.gateway, names) for team in settings.teams)


def _team(team: TeamSettings, gateway: GatewaySettings, names: tuple[GatewayName, ...]) -> TeamLimits:
    tier = gateway.tiers[team.tier]
    return TeamLimits(
        name=team.name,
        tier=team.tier,
        data_class=team.data_class,
        budget_usd=team.budget_usd_per_month,
        requests_per_minute=tier.requests_per_minute,
        tokens_per_minute=tier.tokens_per_minute,
        # Never left empty, which the gateway takes for every name, those that come later included.
        models=open_names(team, tier.models, names) or tuple(dict.fromkeys(entry.name for entry in names)),
        group=team.group,
        external=team.external,
    )
