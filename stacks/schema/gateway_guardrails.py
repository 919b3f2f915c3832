"""What is filtered out of requests and answers."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel

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

PresidioEntity = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]+$")]
PresidioLanguage = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Hazard = Annotated[str, Field(pattern=r"^S[0-9]{1,2}$")]


class PresidioSettings(SettingsModel):
    """Personal data, found by Presidio inside the cluster. While it does not answer, requests are refused."""

    entities: dict[PresidioEntity, Literal["MASK", "BLOCK"]] = Field(min_length=1)
    """What is looked for, by Presidio's entity types (`PERSON`, `EMAIL_ADDRESS`, `PHONE_NUMBER`, `IBAN_CODE`, …):
    `MASK` replaces it by a placeholder, `BLOCK` refuses the request."""
    languages: tuple[PresidioLanguage, ...] = Field(min_length=1, default=("en",))
    """Languages of the prompts; others than English need `analyzerImage`."""
    score_threshold: float = Field(ge=0, le=1, default=0.5)
    """Confidence below which a finding is ignored."""
    restore: bool = True
    """Turn placeholders that an answer repeats back into what they stood for."""
    check_answers: bool = False
    """Mask personal data in answers as well; a streamed answer is held back until it is whole."""
    analyzer_image: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?/[\w./-]+[:@][\w.:-]+$")] | None = None
    """Own image of the analyzer with models of further languages; null: the pinned release, which knows English."""
    analyzer_memory_gib: PositiveInt = 4
    """Memory of one analyzer; each language holds a model of half a gigabyte."""
    replicas: int = Field(ge=1, default=2)
    """Replicas of the analyzer and of the anonymizer."""

    @model_validator(mode="after")
    def _languages_known(self) -> Self:
        if self.languages != ("en",) and self.analyzer_image is None:
            message = (
                f"languages ({', '.join(self.languages)}) need analyzerImage: the released analyzer knows English; "
                "build one (docs/inference_gateway.md) or leave en"
            )
            raise ValueError(message)
        return self


class JudgeSettings(SettingsModel):
    """A guard model of Llama Guard's kind that is asked about every request."""

    model: DnsLabel
    """Served chat model that answers `safe` or `unsafe` with hazards, such as Llama Guard 3."""
    categories: tuple[Hazard, ...] = ()
    """Hazards that refuse a request (`S1` to `S14` of Llama Guard 3); none: every hazard that the model names."""
    check_answers: bool = False
    """Ask about answers as well; a streamed answer is held back until it is whole and judged."""
    when_unavailable: Literal["refuse", "allow"] = "refuse"
    """What happens to requests while the guard model gives no verdict."""
    timeout_seconds: PositiveInt = 10
    """Longest wait for a verdict."""


class GuardrailSettings(SettingsModel):
    """Filters on every request before it reaches a model. They hold for every team, key and signed-in person."""

    mask: tuple[MaskedPattern, ...] = ()
    """Patterns replaced by their name in prompts; found inside the gateway."""
    blocked_words: tuple[Annotated[str, Field(min_length=2)], ...] = ()
    """Words and phrases whose presence refuses a request; found inside the gateway."""
    presidio: PresidioSettings | None = None
    """Personal data, found by Presidio."""
    judge: JudgeSettings | None = None
    """Unsafe content, found by a guard model."""
