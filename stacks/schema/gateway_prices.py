"""What tokens cost a team's budget."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacks.schema.base import SettingsModel

UsdPerMillionTokens = Annotated[float, Field(ge=0.000001)]


class PriceSettings(SettingsModel):
    """What tokens cost a team's budget."""

    input_usd_per_million_tokens: UsdPerMillionTokens
    """Price of a million prompt tokens."""
    output_usd_per_million_tokens: UsdPerMillionTokens
    """Price of a million completion tokens."""
