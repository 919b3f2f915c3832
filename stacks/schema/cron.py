"""Schedules in the five fields of cron, as k3s reads them."""

from __future__ import annotations

import re

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 6),
)
_PART = re.compile(r"(\*|(?P<first>[0-9]{1,2})(-(?P<last>[0-9]{1,2}))?)(/(?P<step>[0-9]{1,2}))?")


def cron_problem(text: str) -> str | None:
    """What is wrong with a schedule, in one line with the fix; None when it can be used."""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"{text!r} has {len(fields)} fields, a schedule has five: write it like 0 */6 * * *"
    for field, (name, low, high) in zip(fields, _FIELDS, strict=True):
        if not all(_fits(part, low, high) for part in field.split(",")):
            return f"{field!r} is no {name}: use numbers from {low} to {high}, *, ranges (1-5) or steps (*/6)"
    return None


def _fits(part: str, low: int, high: int) -> bool:
    match = _PART.fullmatch(part)
    if match is None or (match["step"] is not None and int(match["step"]) == 0):
        return False
    if match["first"] is None:
        return True
    first = int(match["first"])
    last = int(match["last"] or high)
    return low <= first <= last <= high
