"""Where images and charts come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from stacks.schema.base import SettingsModel


class RegistrySettings(SettingsModel):
    """Container images."""

    mirror: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?$")] | None = None
    """`host[:port][/prefix]` of an own registry that every image is rewritten to; null for the upstream registries."""


class ChartsSettings(SettingsModel):
    """Helm charts."""

    source: str = "upstream"
    """`upstream`, `none` (rehearsal without charts), `oci://host/prefix` of a mirror, or a folder of charts."""

    @field_validator("source")
    @classmethod
    def _known_source(cls, source: str) -> str:
        if source in {"upstream", "none"} or source.startswith(("oci://", "/", "./", "../")):
            return source
        message = f"{source!r} is no chart source: use upstream, none, oci://host/prefix or a folder (./charts)"
        raise ValueError(message)
