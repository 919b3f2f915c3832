"""The model list: every name that clients may call, and what answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.base.models import Task
from components.base.token_prices import TokenPrice
from components.inference_gateway.arguments import ExternalModel, GatewayModel, Routing, Split
from components.inference_gateway.litellm_config.routing import cascade_entry
from components.inference_gateway.litellm_config.variables import from_environment
from components.inference_gateway.names import external_key_variable, model_key_variable

_MODES: dict[Task, str] = {
    "chat": "chat",
    "vision": "chat",
    "completion": "completion",
    "embedding": "embedding",
    "rerank": "rerank",
    "transcription": "audio_transcription",
    "image-embedding": "embedding",
}

_ENCODED_TOKENS_PER_SECOND = 50
"""Positions that Whisper's encoder makes of a second of speech: 1,500 of 30 seconds (its `max_source_positions`)."""

_SPOKEN_TOKENS_PER_SECOND = 4
"""Tokens of text in a second of fast speech: 180 words a minute, and four tokens for three words."""


def model_list(models: Sequence[GatewayModel], routing: Routing) -> list[dict[str, Any]]:
    """Models, their adapters, splits, cascades and external models, in the order of the arguments."""
    served = {name: model for model in models for name in (model.name, *model.adapters)}
    return [
        *(_entry(name, model) for name, model in served.items()),
        *(entry for split in routing.splits for entry in _split(split, served)),
        *map(cascade_entry, routing.cascades),
        *map(_external, routing.externals),
    ]


def _entry(name: str, model: GatewayModel) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": _parameters(name, model), "model_info": _information(model)}


def _parameters(name: str, model: GatewayModel) -> dict[str, Any]:
    """How `name`, the model or one of its adapters, is called on the model's servers."""
    return {
        "model": f"{_provider(model.task)}/{name}",
        "api_base": f"http://{model.host}:{model.port}{model.path}/v1",
        "api_key": from_environment(model_key_variable(model.name)),
        **token_price(model.task, model.price),
    }


def _provider(task: Task) -> str:
    # vLLM answers a rerank in Jina's format, and LiteLLM counts the tokens of a rerank for Jina alone: as
    # `hosted_vllm` it would cost nothing, and no budget would bind (JinaAIRerankConfig.calculate_rerank_cost).
    return "jina_ai" if task == "rerank" else "hosted_vllm"


def _information(model: GatewayModel) -> dict[str, Any]:
    information: dict[str, Any] = {"mode": _MODES[model.task], "max_input_tokens": model.context_length}
    if model.task == "vision":
        information["supports_vision"] = True
    if model.task == "image-embedding":
        information["supports_embedding_image_input"] = True
    return information


def token_price(task: Task, price: TokenPrice) -> dict[str, float]:
    """Price as LiteLLM meters `task`, in US dollars per token or second.

    Speech is metered by the second: a second counts as the prompt tokens that Whisper's encoder makes of it, and as the
    text of fast speech.
    """
    prompt = _per_token(price.input_usd_per_million)
    if task == "transcription":
        heard = price.input_usd_per_million * _ENCODED_TOKENS_PER_SECOND
        written = price.output_usd_per_million * _SPOKEN_TOKENS_PER_SECOND
        return {"input_cost_per_second": _per_token(heard + written)}
    if task == "rerank":
        # Read from the model's entry with a price of zero for completions, which a rerank has none of.
        return {"input_cost_per_token": prompt, "output_cost_per_token": 0.0}
    if task in {"embedding", "image-embedding"}:
        return {"input_cost_per_token": prompt}
    return {"input_cost_per_token": prompt, "output_cost_per_token": _per_token(price.output_usd_per_million)}


def _per_token(usd_per_million: float) -> float:
    # Rounded to 12 digits after the point, so that 0.2 does not become 1.9999999999999999e-07.
    return round(usd_per_million / 1_000_000, 12)


def _split(split: Split, served: Mapping[str, GatewayModel]) -> list[dict[str, Any]]:
    """One entry per model under the split's name: LiteLLM draws among them by weight."""
    return [
        {
            "model_name": split.name,
            "litellm_params": {**_parameters(name, served[name]), "weight": weight},
            "model_info": {"id": f"{split.name}-{name}", **_information(served[name])},
        }
        for name, weight in split.weights.items()
    ]


def _external(model: ExternalModel) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "model": f"{model.provider}/{model.model}",
        "api_key": from_environment(external_key_variable(model.name)),
        **token_price(model.task, model.price),
    }
    optional = {
        "api_base": model.api_base,
        "api_version": model.api_version,
        "aws_region_name": model.region,
    }
    return {
        "model_name": model.name,
        "litellm_params": parameters | {key: value for key, value in optional.items() if value},
        "model_info": {"mode": _MODES[model.task], "data_classes": list(model.data_classes)},
    }
