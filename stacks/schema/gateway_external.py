"""Models of providers outside the platform."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stacks.schema.base import DnsLabel, SettingsModel
from stacks.schema.gateway_prices import PriceSettings
from stacks.schema.teams import DataClass

Provider = Literal["openai", "anthropic", "azure", "bedrock", "mistral", "gemini"]

_OWN_ADDRESS = ("azure",)


class ExternalModelSettings(SettingsModel):
    """A model outside the platform. What is sent to it leaves the platform, so only data that may leave goes there.

    Its key is `ai-platform:externalApiKeys`, a secret JSON object of keys by `name`.
    """

    name: DnsLabel
    """Name for clients."""
    provider: Provider
    """Who runs the model."""
    model: str = Field(min_length=1)
    """The provider's name of the model; with Azure the name of the deployment."""
    api_base: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(/[\w./-]*)?$")] | None = None
    """Address of the API, where it is not the provider's usual one; needed with Azure."""
    api_version: str | None = None
    """Version of the API, with Azure."""
    region: str | None = None
    """Region, needed with Bedrock."""
    task: Literal["chat", "embedding"] = "chat"
    """What the model is for."""
    data_classes: tuple[DataClass, ...] = Field(min_length=1, default=("public",))
    """Classes of data that may be sent there: a team of another class cannot call it, by no name and no fallback."""
    price: PriceSettings
    """What the provider charges; without a price no budget would bind."""

    @model_validator(mode="after")
    def _addressed(self) -> Self:
        if self.provider in _OWN_ADDRESS and not self.api_base:
            message = f"provider {self.provider} needs apiBase: the address of your resource"
            raise ValueError(message)
        if self.provider == "bedrock" and not self.region:
            message = "provider bedrock needs region: where the model is offered to you"
            raise ValueError(message)
        return self
