"""The price table of the fit command: what the tokens of a stack's models cost, and why."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from stacks.prices import ModelPrice, model_price
from stacks.settings import PlatformSettings

_ORIGINS = {"settings": "gateway.prices", "default": "gateway.defaultPrice"}


def print_prices(console: Console, settings: PlatformSettings) -> None:
    """One line per model: its price, and the sum that it follows from where it follows from the hardware."""
    utilization = settings.gateway.pricing.utilization
    table = Table(title=f"prices, replicas busy {utilization:.0%} of the time", title_justify="left")
    for heading in ("model", "USD per million in", "out", "USD per replica-hour", "tokens/s in", "out", "from"):
        table.add_column(heading, justify="left" if heading in {"model", "from"} else "right")
    for model in settings.models:
        found = model_price(settings, model)
        table.add_row(model.name, *(_cells(found) if found else ("-", "-", "-", "-", "-", "no price")))
    console.print(table)


def _cells(found: ModelPrice) -> tuple[str, str, str, str, str, str]:
    price, speed = found.price, found.throughput
    output = f"{price.output_usd_per_million:g}" if price.output_usd_per_million else "-"
    if found.node is None or found.usd_per_hour is None or speed is None:
        return (f"{price.input_usd_per_million:g}", output, "-", "-", "-", _ORIGINS[found.origin])
    return (
        f"{price.input_usd_per_million:g}",
        output,
        f"{found.usd_per_hour:.2f}",
        f"{speed.input_tokens_per_second:,.0f}",
        f"{speed.output_tokens_per_second:,.0f}" if speed.output_tokens_per_second else "-",
        f"{found.node.source}, {'measured' if found.measured else 'estimated'}",
    )
