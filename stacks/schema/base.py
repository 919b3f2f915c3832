"""What all settings share: camelCase keys, unknown keys refused, values that never change after reading."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from components.base.naming import is_dns_label, is_dns_name


class SettingsModel(BaseModel):
    """Base of every section. A misspelt key is an error, never ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        # Builders and tests may hand over lists and names of fields; a stack file is read strictly (load_settings).
        strict=False,
        use_attribute_docstrings=True,
    )


def _dns_label(text: str) -> str:
    if not is_dns_label(text):
        message = f"{text!r} is no DNS label: use lower-case letters, digits and '-', at most 63 characters"
        raise ValueError(message)
    return text


def _dns_name(text: str) -> str:
    if not is_dns_name(text):
        message = f"{text!r} is no DNS name: use labels of lower-case letters, digits and '-' joined by dots"
        raise ValueError(message)
    return text


DnsLabel = Annotated[str, AfterValidator(_dns_label)]
"""A name that becomes part of Kubernetes names and host names."""

DnsName = Annotated[str, AfterValidator(_dns_name)]
"""A fully qualified host name or zone."""

PositiveInt = Annotated[int, Field(ge=1)]
"""A count of at least one."""


def _not_empty(items: tuple[object, ...]) -> tuple[object, ...]:
    if not items:
        message = "must have at least one entry"
        raise ValueError(message)
    return items


NOT_EMPTY = AfterValidator(_not_empty)
"""At least one entry. Unlike `min_length` it says nothing when an entry is wrong, which is a problem of its own."""
