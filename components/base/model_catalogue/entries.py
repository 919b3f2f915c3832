"""How entries of the catalogue are written."""

from __future__ import annotations

from dataclasses import replace

from components.base.models import Architecture

APACHE = "Apache-2.0"


def config_of(repository: str) -> str:
    """Address of the `config.json` that an entry's numbers come from."""
    return f"https://huggingface.co/{repository}/blob/main/config.json"


def variant(base: Architecture, name: str, **changes: object) -> Architecture:
    """The same architecture under another repository."""
    return replace(base, name=name, source=config_of(name), **changes)  # pyright: ignore[reportArgumentType]
