"""Caches of answers."""

from __future__ import annotations

from typing import Literal

from stacks.schema.base import PositiveInt, SettingsModel


class CacheSettings(SettingsModel):
    """Cache of answers to literally equal requests, shared by all teams."""

    enabled: bool = True
    """Whether answers can be cached at all."""
    mode: Literal["opt-in", "always"] = "opt-in"
    """`opt-in`: only requests that carry `"cache": {"use-cache": true}`. `always`: every request, so that equal prompts
    of two teams share one answer."""
    ttl_seconds: PositiveInt = 3600
    """Age at which an answer is forgotten."""
