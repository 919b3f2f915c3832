# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# LiteLLM is in its own image, where this runs, and not among the platform's own packages.
"""Mends requests to model servers and errors from them. Runs in LiteLLM's pods, loaded from config.yaml's folder.

Requests: vLLM caches pictures and recordings by the `uuid` that a request gives them, for all tenants together, so
whoever guesses an id would be answered about somebody else's picture. Clients' ids are removed. Where texts are
filtered, a prompt of token ids is refused: no filter can read it.

Errors: a model that cannot be reached is told as 503 with `Retry-After`, and no error names a server's address. The
error is changed in place: some of LiteLLM's routes ignore the one that this hook returns (BerriAI/litellm 1.106,
`rerank_endpoints`, `anthropic_endpoints`). Its own text stays in LiteLLM's log.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import openai
from fastapi import HTTPException
from litellm._logging import redact_internal_details_from_client_message
from litellm.integrations.custom_logger import CustomLogger
from litellm.types.router import RouterRateLimitError

RETRY_AFTER_SECONDS = 30
"""As long as LiteLLM leaves a model alone that does not answer (`cooldown_time`)."""

_UNREACHABLE = (aiohttp.ClientConnectionError, httpx.NetworkError, ConnectionError)
_SLOW = (openai.APITimeoutError, TimeoutError)
_SERVER_ERROR = 500
_UNAVAILABLE = 503
_BAD_REQUEST = 400
_MEDIA_ID = "uuid"
_CONVERSATIONS = ("messages", "input")
_TEXTS = ("prompt", "input")

SETTINGS: dict[str, Any] = json.loads(Path(__file__).with_name("model_calls.json").read_text("utf-8"))


class ModelCalls(CustomLogger):
    """The two hooks."""

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """The request without ids of media. Raises HTTPException 400 for token ids that no filter can read."""
        del user_api_key_dict, cache, call_type
        if SETTINGS["refuseTokenIds"] and any(_has_token_ids(data.get(name)) for name in _TEXTS):
            message = "Requests are filtered here: send text, not token ids."
            raise HTTPException(_BAD_REQUEST, {"error": {"message": message, "type": "invalid_request_error"}})
        for conversation in _CONVERSATIONS:
            for part in _parts(data.get(conversation)):
                part.pop(_MEDIA_ID, None)
        return data

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> None:
        """Change the error that the client is answered with."""
        del user_api_key_dict, traceback_str
        seconds = _seconds_away(original_exception)
        if seconds is not None:
            model = str(request_data.get("model", ""))[:64]
            _become_unavailable(original_exception, model, seconds)
        elif isinstance(getattr(original_exception, "message", None), str):
            original_exception.message = redact_internal_details_from_client_message(original_exception.message)


def _parts(conversation: Any) -> Iterator[dict[str, Any]]:
    """Every part of every message, and messages themselves: in some APIs they are parts."""
    for message in conversation if isinstance(conversation, list) else ():
        if not isinstance(message, dict):
            continue
        yield message
        content = message.get("content")
        yield from (part for part in content if isinstance(part, dict)) if isinstance(content, list) else ()


def _has_token_ids(value: Any) -> bool:
    """Whether a prompt is token ids, or a list with prompts of token ids."""
    return isinstance(value, list) and any(isinstance(item, int) or _has_token_ids(item) for item in value)


def _seconds_away(error: Exception) -> int | None:
    """When to ask again for a model that cannot be reached; None for every other error."""
    if isinstance(error, RouterRateLimitError):
        return max(1, math.ceil(error.cooldown_time)) if error.all_deployments_in_cooldown else None
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) or status < _SERVER_ERROR:
        return None
    causes = tuple(_causes(error))
    if any(isinstance(cause, _SLOW) for cause in causes):
        return None
    return (
        RETRY_AFTER_SECONDS if any(isinstance(cause, _UNREACHABLE) or _is_openais(cause) for cause in causes) else None
    )


def _is_openais(error: BaseException) -> bool:
    # LiteLLM's class of that name, made from it, stands for whatever went wrong.
    return type(error) is openai.APIConnectionError


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _become_unavailable(error: Exception, model: str, seconds: int) -> None:
    error.status_code = _UNAVAILABLE
    error.type = "service_unavailable"
    error.message = (
        f"Model {model!r} cannot be reached at the moment; it may be starting. Try again in {seconds} seconds."
    )
    error.args = (error.message,)
    error.headers = {"retry-after": str(seconds)}


model_calls = ModelCalls()
