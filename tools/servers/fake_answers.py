"""What the fake model server answers, by route, in the shapes of OpenAI's API and of vLLM's rerank API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Body = Mapping[str, Any]

CHAT = "/v1/chat/completions"
COMPLETION = "/v1/completions"
EMBEDDING = "/v1/embeddings"
TRANSCRIPTION = "/v1/audio/transcriptions"
_RERANK = frozenset({"/rerank", "/v1/rerank", "/v2/rerank"})
_GENERATION = frozenset({CHAT, COMPLETION})

ROUTES: Mapping[str, frozenset[str]] = {
    "chat": _GENERATION,
    "vision": _GENERATION,
    "completion": _GENERATION,
    "embedding": frozenset({EMBEDDING}),
    "image-embedding": frozenset({EMBEDDING}),
    "rerank": _RERANK,
    "transcription": frozenset({TRANSCRIPTION}),
}
"""Routes of a model server by its task, as vLLM opens them."""

_CREATED = 1_700_000_000
_DIMENSIONS = 4


def model_of(body: Body) -> str:
    """The model that a request names."""
    return str(body.get("model", ""))


def form_fields(content: bytes) -> dict[str, str]:
    """Fields of a multipart form, by name; a file's content is left out."""
    pattern = rb'name="([^"]+)"\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]*)\r?\n'
    found = re.findall(pattern, content)
    return {name.decode(): value.decode(errors="replace") for name, value in found if name != b"file"}


def wants_stream(path: str, body: Body) -> bool:
    """Whether the answer is to be streamed."""
    return path in _GENERATION and body.get("stream") is True


def answer(path: str, body: Body, text: str | None) -> dict[str, Any]:
    """The whole answer. `text` replaces what a chat or completion would say by itself."""
    model = model_of(body)
    if path == EMBEDDING:
        inputs = body.get("input", "")
        count = len(inputs) if isinstance(inputs, list) and not _are_tokens(inputs) else 1
        rows = [{"object": "embedding", "index": number, "embedding": [0.5] * _DIMENSIONS} for number in range(count)]
        usage = {"prompt_tokens": 8 * count, "total_tokens": 8 * count}
        return {"object": "list", "model": model, "data": rows, "usage": usage}
    if path in _RERANK:
        documents = list(body.get("documents", []))
        results = [
            {"index": index, "document": {"text": str(document)}, "relevance_score": 1 / (1 + index)}
            for index, document in enumerate(documents)
        ]
        return {"id": "rerank-1", "model": model, "usage": {"total_tokens": 8}, "results": results}
    if path == TRANSCRIPTION:
        return {"text": f"{model} heard this"}
    said = _said(path, body, text)
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
    choice |= {"message": {"role": "assistant", "content": said}} if path == CHAT else {"text": said}
    return _head(path, body, ending="") | {"choices": [choice], "usage": usage_of(path, body, said)}


def chunks(path: str, body: Body, text: str | None, *, usage: bool) -> Iterator[dict[str, Any]]:
    """The answer in pieces, one word each; with `usage`, it comes in a last one that has no choice."""
    said = _said(path, body, text)
    head = _head(path, body, ending=".chunk" if path == CHAT else "")
    words = re.findall(r"\S+\s*", said)
    for number, word in enumerate(words):
        end = "stop" if number == len(words) - 1 else None
        choice: dict[str, Any] = {"index": 0, "finish_reason": end}
        choice |= {"delta": {"role": "assistant", "content": word}} if path == CHAT else {"text": word}
        yield head | {"choices": [choice]}
    if usage:
        yield head | {"choices": [], "usage": usage_of(path, body, said)}


def usage_of(path: str, body: Body, said: str) -> dict[str, int]:
    """Tokens, counted as words."""
    read, written = len(_asked(path, body).split()), len(said.split())
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _head(path: str, body: Body, *, ending: str) -> dict[str, Any]:
    kind = f"chat.completion{ending}" if path == CHAT else "text_completion"
    return {"id": "answer-1", "object": kind, "created": _CREATED, "model": model_of(body)}


def _said(path: str, body: Body, text: str | None) -> str:
    return f"{model_of(body)} answers: {_asked(path, body)}" if text is None else text


def _asked(path: str, body: Body) -> str:
    if path != CHAT:
        return str(body.get("prompt", ""))
    messages = body.get("messages") or [{}]
    content = messages[-1].get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", f"<{part.get('type')}>")) for part in content)


def _are_tokens(inputs: list[Any]) -> bool:
    return all(isinstance(item, int) for item in inputs)
