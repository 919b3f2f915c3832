"""Tables of the fit command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from components.base.capacity import Fit
from components.base.node_pools import NodePool
from components.base.placed_model import PlacedModel
from components.base.placement import nodes_used
from components.base.pod_sizes import pod_size
from components.base.serving_rules import fit_on
from tools.fit.answer import Option
from tools.fit.question import Question


def print_counts(console: Console, question: Question, found: Iterable[Option]) -> None:
    """One GPU product, one line per number of GPUs."""
    table = _table(_title(question), "GPUs", "weights", "working memory", "KV cache", "tokens", "full requests", "")
    for option in found:
        verdict = "[green]fits[/]" if option.fits else f"[red]{option.problem}[/]"
        table.add_row(option.gpus, *_numbers(option.fit), verdict)
    console.print(table)


def print_products(console: Console, question: Question, ways: Sequence[Option]) -> None:
    """The cheapest way on each product that holds the model, the cheapest product first."""
    numbers = ("weights", "working memory", "KV cache", "tokens", "full requests")
    table = _table(_title(question), "GPU", "GPUs", "format", *numbers, "AWS instance", "USD per hour")
    for way in ways:
        offer = way.offer
        price = (offer.text, f"{offer.usd_per_hour:.2f}") if offer else ("", "no list price")
        table.add_row(way.gpu.label, way.gpus, way.serving.weights, *_numbers(way.fit), *price)
    console.print(table)


def described(way: Option) -> str:
    """For example `2 x NVIDIA-L40S in bf16, on g6e.12xlarge for 10.49 USD an hour`."""
    offer = way.offer
    where = f"on {offer.text} for {offer.usd_per_hour:.2f} USD an hour" if offer else "no list price"
    nodes = f" on {way.serving.nodes} nodes" if way.serving.nodes > 1 else ""
    return f"{way.serving.gpus} x {way.gpu.label}{nodes} in {way.serving.weights}, {where}"


def print_models(console: Console, models: Sequence[PlacedModel], pools: Sequence[NodePool]) -> None:
    """The models of a stack, with the sum for each and the size of its pods."""
    by_name = {pool.name: pool for pool in pools}
    columns = (
        "model",
        "pool",
        "GPUs",
        "weights",
        "working memory",
        "KV cache",
        "tokens",
        "full requests",
        "cores",
        "GiB",
    )
    table = _table("per GPU in GiB, pods beside GPUs", *columns)
    for model in models:
        size = pod_size(model.serving)
        numbers = _numbers(fit_on(model.serving, by_name[model.pool]))
        gpus = f"{model.min_replicas} x {model.serving.gpus}"
        table.add_row(model.name, model.pool, gpus, *numbers, str(size.cpu), str(size.memory_gib))
    console.print(table)


def print_nodes(console: Console, models: Sequence[PlacedModel], pools: Sequence[NodePool]) -> None:
    """What is on each node of the pools with GPUs, and what is free."""
    gpus = {model.name: model.serving.gpus for model in models}
    table = _table("nodes at their largest number", "pool", "node", "models", "used", "free")
    for pool in pools:
        if pool.role != "gpu":
            continue
        for index, names in enumerate(nodes_used(models, pool), start=1):
            used = sum(gpus[name] for name in names)
            table.add_row(pool.name, str(index), ", ".join(names) or "-", str(used), str(pool.units_per_node - used))
    console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table


def _title(question: Question) -> str:
    architecture = question.architecture
    return (
        f"{architecture.name}, {architecture.parameters_billion:g} billion parameters in {question.weights}, "
        f"KV cache {question.kv_cache}, {question.context:,} tokens; GiB per GPU"
    )


def _numbers(fit: Fit | None) -> tuple[str, str, str, str, str]:
    if fit is None:
        return ("", "", "", "", "")
    return (
        f"{fit.weights_gib:.1f}",
        f"{fit.overhead_gib:.1f}",
        f"{fit.kv_cache_gib:.1f}",
        f"{fit.kv_tokens:,}" if fit.request_gib else "-",
        f"{fit.max_concurrent_full_length:.1f}",
    )
