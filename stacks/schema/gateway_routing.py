"""Names that the gateway answers by more than one model."""

from __future__ import annotations

from stacks.schema.base import DnsLabel, SettingsModel


class CascadeSettings(SettingsModel):
    """One name that clients call and that is answered by a small or a large model, by the request's complexity."""

    name: DnsLabel
    """Model name for clients."""
    simple: str
    """Model for short questions without code or technical terms."""
    medium: str | None = None
    """Model for standard requests; the `simple` one where not set."""
    complex: str
    """Model for technical and multi-part requests, and for requests for step-by-step reasoning."""
