"""What is filtered out of requests and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stacks.schema.base import SettingsModel

MaskedPattern = Literal[
    "email",
    "credit_card",
    "iban",
    "us_ssn",
    "us_phone",
    "fr_nir",
    "fr_phone",
    "nl_bsn_contextual",
    "passport_germany",
    "eu_vat",
    "ipv4",
    "aws_access_key",
    "aws_secret_key",
    "github_token",
    "slack_token",
    "generic_api_key",
]
"""Names of prebuilt patterns of LiteLLM's content filter (`litellm_content_filter/patterns.json`)."""


class GuardrailSettings(SettingsModel):
    """Filters on every request before it reaches a model. They run inside the gateway and call nothing else."""

    mask: tuple[MaskedPattern, ...] = ()
    """Patterns replaced by their name in prompts."""
    blocked_words: tuple[Annotated[str, Field(min_length=2)], ...] = ()
    """Words and phrases whose presence refuses a request."""
