"""Tags that a stack puts on everything it makes in a cloud."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from components.base.labels import PART_OF, STACK_TAGS

MOST_TAGS = 40
"""A resource has 50 at most, and the platform and its drivers have some of their own."""
RESERVED = ("aws:", "ai-platform/", "kubernetes.io/", f"{PART_OF.split('/', maxsplit=1)[0]}/")
"""Prefixes of keys that AWS, the platform or a driver sets."""

_KEY = re.compile(r"[\w .:/+\-@]{1,128}")
"""What AWS allows in a key, without `=`, which separates key and value of a volume's tag."""
_VALUE = re.compile(r"[\w .:/=+\-@]{1,256}")


def _checked(tags: dict[str, str]) -> dict[str, str]:
    problem = _missing(tags) or _too_many(tags) or _wrong_key(tags) or _wrong_value(tags)
    if problem:
        raise ValueError(problem)
    return tags


def _missing(tags: dict[str, str]) -> str | None:
    missing = [key for key in STACK_TAGS if key not in tags]
    return f"add {', '.join(missing)}: every resource says so, bills and audits group by it" if missing else None


def _too_many(tags: dict[str, str]) -> str | None:
    return f"{len(tags)} tags: name at most {MOST_TAGS}" if len(tags) > MOST_TAGS else None


def _wrong_key(tags: dict[str, str]) -> str | None:
    seen: dict[str, str] = {}
    for key in tags:
        lowered = key.lower()
        if lowered == "name" or lowered.startswith(RESERVED):
            return f"{key!r} is set by AWS or by the platform: choose another key"
        if not _KEY.fullmatch(key):
            return f"{key!r} is no key: use 1 to 128 letters, digits, spaces and . : / + - @ _"
        if lowered in seen:
            return f"{key!r} and {seen[lowered]!r} differ in case only, which IAM refuses: keep one"
        seen[lowered] = key
    return None


def _wrong_value(tags: dict[str, str]) -> str | None:
    for key, value in tags.items():
        if not _VALUE.fullmatch(value):
            return f"{key}: {value!r} is no value: use 1 to 256 letters, digits, spaces and . : / = + - @ _"
    return None


StackTags = Annotated[dict[str, str], AfterValidator(_checked)]
"""Keys and values."""
