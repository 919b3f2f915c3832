"""Settings of a model → what VllmModel is given beside weights and capacity."""

from __future__ import annotations

from components.vllm_model.adapters.arguments import Adapter, Adapters
from components.vllm_model.server.options import ServerOptions
from stacks.schema.models import ModelSettings


def server_options(model: ModelSettings) -> ServerOptions:
    """Options of the model's server."""
    return ServerOptions(
        tool_call_parser=model.tool_call_parser,
        reasoning_parser=model.reasoning_parser,
        chat_template=model.chat_template,
        overrides=model.config_overrides or None,
        max_queued=model.max_queued_requests,
        images=model.media.images,
        videos=model.media.videos,
        remote_code_reason=model.trust_remote_code.reason if model.trust_remote_code else None,
    )


def adapters(model: ModelSettings) -> Adapters | None:
    """The model's LoRA adapters, None where it has none."""
    if not model.adapters:
        return None
    names = (model.weights.hugging_face, model.base_model)
    return Adapters(
        adapters=tuple(
            Adapter(name=adapter.name, prefix=adapter.s3.removeprefix("s3://models/"), base=adapter.base_model)
            for adapter in model.adapters
        ),
        bases=tuple(name for name in names if name),
    )
