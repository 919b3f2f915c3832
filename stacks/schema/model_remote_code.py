"""Whether Python files of the weights may run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from stacks.schema.base import SettingsModel

_SHORTEST = 10


class RemoteCodeSettings(SettingsModel):
    """Permission for Python files of the weights to run in the server."""

    reason: Annotated[str, Field(max_length=200)]
    """Who read the files of this revision, and why they must run: at least 10 characters. It stands on the pods, as
    annotation `ai-platform/trust-remote-code-reason`."""

    @field_validator("reason")
    @classmethod
    def _says_something(cls, reason: str) -> str:
        if len(reason.strip()) < _SHORTEST or not reason.isprintable():
            message = (
                f"{reason!r} is no reason: say who read the files of this revision and why they must run, in one line "
                f"of at least {_SHORTEST} characters"
            )
            raise ValueError(message)
        return reason.strip()
