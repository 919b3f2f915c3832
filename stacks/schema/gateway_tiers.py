"""Tiers: limits of the teams in one."""

from __future__ import annotations

from pydantic import Field

from stacks.schema.base import PositiveInt, SettingsModel


class TierSettings(SettingsModel):
    """Limits of the teams in one tier. Every limit is required: a tier without one would be unlimited."""

    requests_per_minute: PositiveInt
    """Requests per minute of all keys of one team together."""
    tokens_per_minute: PositiveInt
    """Prompt and completion tokens per minute of all keys of one team together."""
    max_budget_usd_per_month: float = Field(gt=0)
    """Largest `budgetUsdPerMonth` that a team of this tier may have."""
    models: tuple[str, ...] = ("*",)
    """Models that teams of this tier may call; `*` alone allows every model."""
