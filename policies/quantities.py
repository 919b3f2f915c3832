"""Kubernetes quantities (`500m`, `2Gi`, `1e3`) as exact numbers.

Source: Kubernetes API reference, Quantity.
"""

from __future__ import annotations

import re
from fractions import Fraction

from policies.fields import Field, MalformedError

_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(?:[eE]([+-]?\d+)|([A-Za-z]*))")

_SUFFIXES = (
    {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1)}
    | {suffix: Fraction(1000**power) for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), start=1)}
    | {suffix: Fraction(1024**power) for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)}
)


def quantity(field: Field) -> Fraction | None:
    """The number behind a quantity, None when absent. Raises MalformedError when it is no quantity."""
    value = field.value
    if value is None:
        return None
    match = _QUANTITY.fullmatch(str(value).strip()) if isinstance(value, (str, int, float)) else None
    if match is None or (match[3] or "") not in _SUFFIXES:
        raise MalformedError(field.path, "a quantity such as 500m or 2Gi")
    exponent = Fraction(10) ** int(match[2]) if match[2] else Fraction(1)
    return Fraction(match[1]) * exponent * _SUFFIXES[match[3] or ""]
