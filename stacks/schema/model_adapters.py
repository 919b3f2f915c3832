"""LoRA adapters of a model."""

from __future__ import annotations

from stacks.schema.base import DnsLabel, SettingsModel


class AdapterSettings(SettingsModel):
    """A LoRA adapter."""

    name: DnsLabel
    """Name that clients use."""
    s3: str
    """Prefix of the adapter in the object store."""
