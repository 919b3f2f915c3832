"""Times of the week at which a managed service is busy with itself, as AWS writes them (UTC)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_DAY = 24 * 60
MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY
SHORTEST_MINUTES = 30
"""Shortest window that RDS accepts."""

_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_DAY = "|".join(DAYS)


@dataclass(frozen=True, kw_only=True)
class Span:
    """Minutes of the week from `start`, which goes on past its end."""

    start: int
    minutes: int

    def meets(self, other: Span) -> bool:
        """Whether both have a minute in common."""
        return (other.start - self.start) % MINUTES_OF_WEEK < self.minutes or (
            self.start - other.start
        ) % MINUTES_OF_WEEK < other.minutes

    def preceded_by(self, minutes: int) -> Span:
        """The span with so many minutes before it."""
        return Span(start=(self.start - minutes) % MINUTES_OF_WEEK, minutes=self.minutes + minutes)


def minute_of_day(text: str) -> int:
    """Minutes since midnight of `hh:mm`."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def daily_spans(text: str) -> tuple[Span, ...]:
    """What `hh:mm-hh:mm` takes of each day."""
    start, end = (minute_of_day(part) for part in text.split("-"))
    minutes = (end - start) % MINUTES_OF_DAY
    return tuple(Span(start=day * MINUTES_OF_DAY + start, minutes=minutes) for day in range(len(DAYS)))


def weekly_span(text: str) -> Span:
    """What `ddd:hh:mm-ddd:hh:mm` takes of the week."""
    start, end = (
        DAYS.index(part[:3]) * MINUTES_OF_DAY + minute_of_day(part.partition(":")[2]) for part in text.split("-")
    )
    return Span(start=start, minutes=(end - start) % MINUTES_OF_WEEK)


def _time(text: str) -> str:
    if not re.fullmatch(_TIME, text):
        message = f'{text!r} is no time of day: write it like "05:00" (UTC)'
        raise ValueError(message)
    return text


def _daily(text: str) -> str:
    if not re.fullmatch(f"{_TIME}-{_TIME}", text) or daily_spans(text)[0].minutes < SHORTEST_MINUTES:
        message = f"{text!r} is no window of {SHORTEST_MINUTES} minutes or more: write it like 02:00-03:00 (UTC)"
        raise ValueError(message)
    return text


def _weekly(text: str) -> str:
    pattern = f"(?:{_DAY}):{_TIME}-(?:{_DAY}):{_TIME}"
    if not re.fullmatch(pattern, text) or weekly_span(text).minutes < SHORTEST_MINUTES:
        message = (
            f"{text!r} is no window of {SHORTEST_MINUTES} minutes or more: write it like sun:03:30-sun:04:30 (UTC)"
        )
        raise ValueError(message)
    return text


TimeOfDay = Annotated[str, AfterValidator(_time)]
"""`hh:mm` in UTC."""

DailyWindow = Annotated[str, AfterValidator(_daily)]
"""`hh:mm-hh:mm` in UTC."""

WeeklyWindow = Annotated[str, AfterValidator(_weekly)]
"""`ddd:hh:mm-ddd:hh:mm` in UTC."""
