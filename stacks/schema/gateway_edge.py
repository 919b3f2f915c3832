"""Limits at the edge, which hold for everybody, known or not."""

from __future__ import annotations

from pydantic import Field

from stacks.schema.base import SettingsModel


class GatewayEdgeSettings(SettingsModel):
    """What the edge takes before anybody asks who calls. Limits of keys, people and teams are those of `tiers`."""

    requests_per_minute_per_address: int | None = Field(ge=10, le=1_000_000, default=None)
    """Requests to the API from one client address in a minute; more are answered with 429. Everybody behind one address
    translation shares it. Counted for all proxies together. null: 1200, or what the largest tier allows if that is
    more."""
    requests_per_second: int = Field(ge=1, le=1_000_000, default=1000)
    """Requests to the API from everybody together in a second; more are answered with 429."""
    max_request_mib: int = Field(ge=1, le=512, default=32)
    """Largest request body in MiB; a larger one is answered with 413. A proxy holds each request in memory until it is
    complete. OpenAI's own limit for a recording to transcribe is 25."""
    connections_per_proxy: int = Field(ge=100, le=1_000_000, default=10_000)
    """Connections that one proxy holds open; more are closed at once."""
