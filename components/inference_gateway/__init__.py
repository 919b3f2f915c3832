"""The OpenAI-compatible gateway: Envoy at the edge, LiteLLM with keys, budgets and limits behind it."""

from components.inference_gateway.arguments import (
    AnswerCache,
    CacheServer,
    Cascade,
    GatewayModel,
    Guardrails,
    InferenceGatewayArgs,
    Routing,
    TeamLimits,
    Timeouts,
    TokenPrice,
    VectorServer,
)
from components.inference_gateway.component import InferenceGateway
from components.inference_gateway.errors import GatewayError
from components.inference_gateway.names import LITELLM

__all__ = [
    "LITELLM",
    "AnswerCache",
    "CacheServer",
    "Cascade",
    "GatewayError",
    "GatewayModel",
    "Guardrails",
    "InferenceGateway",
    "InferenceGatewayArgs",
    "Routing",
    "TeamLimits",
    "Timeouts",
    "TokenPrice",
    "VectorServer",
]
