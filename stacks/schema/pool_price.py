"""What the nodes of a pool cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from components.base.token_prices import OwnedNode, owned_node_usd_per_hour
from stacks.schema.base import SettingsModel

PositiveUsd = Annotated[float, Field(gt=0)]


class PurchaseSettings(SettingsModel):
    """A server that was bought: its price and what keeps it running."""

    usd: PositiveUsd
    """Price of one node in US dollars, with its GPUs."""
    lifetime_years: Annotated[float, Field(ge=1, le=10)] = 4
    """Years over which the price is written off."""
    maintenance_share: Annotated[float, Field(ge=0, le=0.5)] = 0.08
    """Share of the price that support, space and hands cost in a year."""
    kilowatts: Annotated[float, Field(gt=0)]
    """Power that a node draws on average, in kW."""
    power_overhead: Annotated[float, Field(ge=1, le=3)] = 1.4
    """Power drawn with cooling, as a multiple of `kilowatts` (PUE)."""
    usd_per_kilowatt_hour: Annotated[float, Field(ge=0)]
    """Price of electricity."""

    def usd_per_hour(self) -> float:
        """What an hour of a node costs."""
        return owned_node_usd_per_hour(
            OwnedNode(
                purchase_usd=self.usd,
                lifetime_years=self.lifetime_years,
                maintenance_share=self.maintenance_share,
                kilowatts=self.kilowatts,
                power_overhead=self.power_overhead,
                usd_per_kilowatt_hour=self.usd_per_kilowatt_hour,
            )
        )


class PoolPriceSettings(SettingsModel):
    """What an hour of one node costs: a rent, or a purchase."""

    usd_per_node_hour: PositiveUsd | None = None
    """Rent of a node in US dollars an hour: a contract, a reservation, an internal rate."""
    purchase: PurchaseSettings | None = None
    """The node was bought."""

    @model_validator(mode="after")
    def _one(self) -> PoolPriceSettings:
        if (self.usd_per_node_hour is None) == (self.purchase is None):
            message = "set either usdPerNodeHour or purchase"
            raise ValueError(message)
        return self

    def usd_per_hour(self) -> float:
        """What an hour of a node costs."""
        if self.usd_per_node_hour is not None:
            return self.usd_per_node_hour
        return self.purchase.usd_per_hour() if self.purchase else 0.0
