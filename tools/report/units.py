"""Numbers as the report shows them."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup, escape

from components.base.token_prices import HOURS_PER_YEAR

HOURS_PER_MONTH = HOURS_PER_YEAR / 12
"""730.5: a twelfth of a year of 365.25 days."""

_CENTS_BELOW = 100
"""US dollars from which cents only take room."""

NO_PRICE = "no price"


def gib(value: float) -> str:
    """GiB (2**30 bytes), one digit behind the point."""
    return f"{value:,.1f}"


def gigabytes(value_gib: float) -> str:
    """GiB as GB (10**9 bytes), one digit behind the point."""
    return f"{value_gib * 2**30 / 1e9:,.1f}"


def count(value: float) -> str:
    """A whole number with separators of thousands."""
    return f"{value:,.0f}"


def one_digit(value: float) -> str:
    """One digit behind the point, none for a whole number."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def usd(value: float | None) -> str:
    """US dollars; NO_PRICE where nothing is known."""
    if value is None:
        return NO_PRICE
    return f"{value:,.0f}" if value >= _CENTS_BELOW else f"{value:,.2f}"


def usd_per_million(value: float | None) -> str:
    """US dollars of a million tokens, which may be a small part of a cent."""
    return NO_PRICE if value is None else f"{value:,.6f}".rstrip("0").rstrip(".") if value else "0"


def percent(share: float) -> str:
    """A share of one in whole percent."""
    return f"{share:.0%}"


def plural(number: int, noun: str, several: str = "") -> str:
    """`1 finding`, `2 findings`; `several` where the noun does not end in s then."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {several or noun + 's'}"


def breakable(text: str) -> Markup:
    """A path or a name that may be broken over lines behind each slash. Everything else of it is escaped."""
    return Markup("/<wbr>").join(map(escape, text.split("/")))


FILTERS: dict[str, Callable[..., str]] = {
    "gib": gib,
    "gigabytes": gigabytes,
    "count": count,
    "one_digit": one_digit,
    "usd": usd,
    "usd_per_million": usd_per_million,
    "percent": percent,
    "plural": plural,
    "breakable": breakable,
}
"""What templates call."""
