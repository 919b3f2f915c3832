"""What the gateway looks for in requests and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Presidio:
    """Personal data, found by Presidio's analyzer and replaced by its anonymizer.

    `entities`: what is masked and what refuses a request, by Presidio's entity types. `score_threshold` between 0 and
    1. With `restore` the placeholders in an answer become again what they stood for. With `check_answers` answers are
    masked as well. `analyzer_image` replaces the pinned analyzer, which knows English alone.
    """

    entities: Mapping[str, Literal["MASK", "BLOCK"]]
    languages: tuple[str, ...] = ("en",)
    score_threshold: float = 0.5
    restore: bool = True
    check_answers: bool = False
    analyzer_image: str | None = None
    analyzer_memory_gib: int = 4
    replicas: int = 2


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A served model of Llama Guard's kind, which is asked about every request and, where wanted, about every answer.

    `categories` are the hazards that refuse; none means every one that the model names. While the model cannot be
    asked, or answers something else than a verdict, requests are refused or let through as `when_unavailable` says.
    `context_length` is the model's, in tokens: longer texts are judged in pieces.
    """

    model: str
    context_length: int
    categories: tuple[str, ...] = ()
    check_answers: bool = False
    when_unavailable: Literal["refuse", "allow"] = "refuse"
    timeout_seconds: int = 10


@dataclass(frozen=True, kw_only=True)
class Guardrails:
    """`mask`: names of LiteLLM's prebuilt patterns. `blocked_words`: phrases that refuse a request."""

    mask: tuple[str, ...] = ()
    blocked_words: tuple[str, ...] = ()
    presidio: Presidio | None = None
    judge: Judge | None = None

    @property
    def filter_texts(self) -> bool:
        """Whether anything is looked for at all."""
        return bool(self.mask or self.blocked_words or self.presidio or self.judge)
