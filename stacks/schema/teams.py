"""Teams: who uses the platform, how much of it, and for which data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stacks.schema.base import DnsLabel, SettingsModel

DataClass = Literal["public", "internal", "confidential", "restricted"]
"""Classes of data, from the least to the most sensitive."""


class TeamSettings(SettingsModel):
    """One team. It becomes a group of the realm and a team of the gateway."""

    name: DnsLabel
    group: str = Field(min_length=1)
    """Group in the realm (or in the directory behind it) whose members belong to the team."""
    tier: str
    """Key of `gateway.tiers`."""
    budget_usd_per_month: float = Field(gt=0)
    """Spending limit of the team at the gateway, in US dollars per calendar month."""
    gpu_quota: int = Field(ge=0, default=0)
    """GPUs that the team's own workloads may request at once. 0: it uses shared models only."""
    models: tuple[str, ...] = ("*",)
    """Names of the models that the team may call; `*` alone allows every model."""
    data_class: DataClass
    """Most sensitive class of data that the team sends. Anything but `public` never leaves the platform."""
    external: bool = False
    """Whether its members are outside of the organisation: guardrails must then be on."""
