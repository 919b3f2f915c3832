"""The three priority classes of the platform, and nothing between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Priority = Literal["platform-critical", "platform-standard", "platform-batch"]


@dataclass(frozen=True, kw_only=True)
class PriorityLevel:
    """One PriorityClass. `value` orders eviction and preemption: higher stays longer."""

    name: Priority
    value: int
    preempts: bool
    description: str


PRIORITIES: tuple[PriorityLevel, ...] = (
    PriorityLevel(
        name="platform-critical",
        value=1_000_000,
        preempts=True,
        description="Gateway, identity and data: without them no request is served.",
    ),
    PriorityLevel(
        name="platform-standard",
        value=100_000,
        preempts=True,
        description="Model servers and observability.",
    ),
    PriorityLevel(
        name="platform-batch",
        value=1_000,
        preempts=False,
        description="Evaluation, fine-tuning and other work that may wait for a GPU.",
    ),
)
