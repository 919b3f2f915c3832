"""How long a request may take."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from stacks.schema.base import SettingsModel


class TimeoutSettings(SettingsModel):
    """How long a request may take. The edge proxy and the pods' shutdown are given matching, longer limits."""

    request_seconds: int = Field(ge=5, le=3600, default=600)
    """Limit of an answer that is not streamed, and of the silence between two chunks of a streamed one."""
    stream_seconds: int = Field(ge=5, le=3600, default=1200)
    """Limit of a whole streamed answer, and how long a terminating pod finishes what it has begun."""

    upload_seconds: int = Field(ge=5, le=3600, default=300)
    """How long a client may take to send a request."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.stream_seconds < self.request_seconds:
            message = (
                f"streamSeconds ({self.stream_seconds}) is below requestSeconds ({self.request_seconds}): raise it"
            )
            raise ValueError(message)
        return self
