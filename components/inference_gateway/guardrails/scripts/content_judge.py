# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
"""Asks a guard model about every request and answer. Runs inside LiteLLM, which loads it from config.yaml's folder.

The guard model answers as Llama Guard does: `safe`, or `unsafe` and on the next line the hazards, `S1,S10`. Text is
judged in pieces that fit the model; one unsafe piece refuses the whole. No text is logged, here or by the calls.
"""

import asyncio
import re
from typing import Any

from fastapi import HTTPException
from litellm._logging import verbose_proxy_logger
from litellm.integrations.custom_guardrail import CustomGuardrail

OVERLAP = 200
"""Characters that two pieces share, so that a sentence at the seam is seen whole by one of them."""

AT_ONCE = 4
"""Pieces of one text that are judged at the same time."""

MAXIMUM_PIECES = 64

_VERDICT = re.compile(r"^\s*(?P<verdict>safe|unsafe)\s*(?:\n\s*(?P<hazards>S\d+(?:\s*,\s*S\d+)*)\s*)?$", re.IGNORECASE)


class UnavailableError(Exception):
    """The guard model gave no verdict."""


class ContentJudge(CustomGuardrail):
    """The guardrail. Its settings are the `guard_…` entries of its `litellm_params`."""

    # Answers are held back until they were judged as a whole: what a client has read cannot be taken back.
    streaming_buffer_until_moderated = True

    def __init__(self, **options: Any) -> None:
        try:
            self.model = str(options.pop("guard_model"))
            self.categories = frozenset(name.upper() for name in options.pop("guard_categories", ()))
            self.refuses = bool(options.pop("guard_refuses_when_unavailable"))
            self.timeout = float(options.pop("guard_timeout_seconds"))
            self.window = int(options.pop("guard_window_characters"))
        except (KeyError, TypeError, ValueError) as error:
            # LiteLLM would go on without a guardrail that raises ValueError or TypeError.
            message = f"content_judge is not configured: {error!r}"
            raise RuntimeError(message) from error
        known = ("guardrail_name", "event_hook", "default_on")
        super().__init__(**{name: options[name] for name in known if name in options})

    async def apply_guardrail(
        self, inputs: Any, request_data: dict[str, Any], input_type: str, logging_obj: Any = None
    ) -> Any:
        """Let `inputs` pass unchanged. Raises HTTPException: 400 for refused content, 503 without a verdict."""
        del request_data, logging_obj
        role = "user" if input_type == "request" else "assistant"
        text = "\n\n".join(part for part in (inputs.get("texts") or []) if isinstance(part, str) and part.strip())
        if not text:
            return inputs
        try:
            hazards = await self.hazards(text, role)
        except UnavailableError as error:
            verbose_proxy_logger.error("content judge %s gave no verdict: %s", self.model, error)
            if not self.refuses:
                return inputs
            message = "The content check is not available, try again."
            raise _refusal(503, "content_judge_unavailable", message) from None
        if hazards:
            verbose_proxy_logger.warning("content judge refused a %s: %s", input_type, ", ".join(sorted(hazards)))
            raise _refusal(
                400,
                "content_refused",
                f"The {'request' if role == 'user' else 'answer'} was refused by the content check "
                f"({', '.join(sorted(hazards))}).",
            )
        return inputs

    async def hazards(self, text: str, role: str) -> set[str]:
        """Hazards in `text` that refuse it; none when it may pass. Raises UnavailableError."""
        found = pieces(text, self.window)
        if len(found) > MAXIMUM_PIECES:
            message = f"a text of {len(text)} characters is too long to be judged"
            raise UnavailableError(message)
        turns = asyncio.Semaphore(AT_ONCE)

        async def judged(piece: str) -> set[str]:
            async with turns:
                return verdict(await self.answer(piece, role))

        every = await asyncio.gather(*(judged(piece) for piece in found))
        hazards = set[str]().union(*every)
        return hazards & {*self.categories, "UNKNOWN"} if self.categories else hazards

    async def answer(self, piece: str, role: str) -> str:
        """What the guard model says of `piece`, spoken by `role`. Raises UnavailableError."""
        from litellm.proxy.proxy_server import llm_router  # noqa: PLC0415 # exists once the proxy has started

        if llm_router is None:
            message = "the router has not started"
            raise UnavailableError(message)
        conversation = [{"role": "user", "content": piece if role == "user" else "(question not shown)"}]
        if role == "assistant":
            conversation.append({"role": "assistant", "content": piece})
        try:
            response = await asyncio.wait_for(
                llm_router.acompletion(
                    model=self.model,
                    messages=conversation,
                    temperature=0,
                    max_tokens=32,
                    cache={"no-cache": True, "no-store": True},
                ),
                self.timeout,
            )
            return response.choices[0].message.content or ""
        except Exception as error:
            # The error's own text may quote what was asked.
            raise UnavailableError(type(error).__name__) from None


def pieces(text: str, window: int) -> list[str]:
    """`text` in overlapping pieces of at most `window` characters."""
    step = max(1, window - OVERLAP)
    return [text[start : start + window] for start in range(0, max(1, len(text) - OVERLAP), step)]


def verdict(answer: str) -> set[str]:
    """Hazards named by the guard model, `UNKNOWN` where it names none. Raises UnavailableError for no verdict."""
    found = _VERDICT.match(answer)
    if found is None:
        message = "the answer was no verdict"
        raise UnavailableError(message)
    if found["verdict"].lower() == "safe":
        return set()
    return {name.strip().upper() for name in (found["hazards"] or "UNKNOWN").split(",")}


def _refusal(status: int, code: str, message: str) -> HTTPException:
    return HTTPException(
        status,
        {"error": {"message": message, "type": "guardrail", "code": code}},  # in the form of OpenAI's errors
    )
