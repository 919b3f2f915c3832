"""What a model's settings say about its server, beside what the capacity check needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """Options of one model's server.

    `chat_template` is the text of a Jinja template, None for the model's own. `overrides` replace fields of the model's
    `config.json` while serving. `max_queued` requests may wait beside those being worked on, None: as many as those.
    `images` and `videos` are the most of one request, where the task takes any. `remote_code_reason` says why Python
    files of the weights may run, None: they may not.
    """

    tool_call_parser: str | None = None
    reasoning_parser: str | None = None
    chat_template: str | None = None
    overrides: Mapping[str, Any] | None = None
    max_queued: int | None = None
    images: int = 8
    videos: int = 0
    remote_code_reason: str | None = None


DEFAULT_OPTIONS = ServerOptions()
