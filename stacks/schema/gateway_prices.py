"""What tokens cost a team's budget."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacks.schema.base import SettingsModel

UsdPerMillionTokens = Annotated[float, Field(ge=0.000001)]

DEFAULT_UTILIZATION = 0.3
"""Share of the time that replicas are busy, averaged over day and night: an assumption, for a service that people use
in office hours. Replace it with what the dashboards show."""


class PriceSettings(SettingsModel):
    """What tokens cost a team's budget."""

    input_usd_per_million_tokens: UsdPerMillionTokens
    """Price of a million prompt tokens."""
    output_usd_per_million_tokens: UsdPerMillionTokens
    """Price of a million completion tokens."""


class PricingSettings(SettingsModel):
    """How the price of hardware becomes the price of tokens."""

    utilization: Annotated[float, Field(gt=0, le=1)] = DEFAULT_UTILIZATION
    """Share of the time that replicas are expected to be busy. Half as much use makes a token twice as dear."""
