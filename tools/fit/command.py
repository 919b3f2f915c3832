"""The fit command: prints the sum for one model, or for every model of a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from components.base.node_pools import NodePool
from components.base.placed_model import PlacedModel
from components.base.placement import placement_errors
from components.base.serving_alternatives import alternatives
from stacks.serving import placed
from stacks.settings import PlatformSettings
from tools.deploy.settings_file import settings_of
from tools.fit import tables
from tools.fit.answer import Option, best, of_every_product, options, smallest
from tools.fit.offers import PRICE_NOTE
from tools.fit.prices import print_prices
from tools.fit.question import Question, node_of, read_question
from tools.fit.stack_entry import stack_entry
from tools.render.stack_file import read_stack_file


def run_fit(console: Console, root: Path, variables: Mapping[str, str]) -> int:
    """Answer the question in `variables` (MODEL and others, or STACK). 0 when everything fits, 1 when not.

    Raises FitError for a question that cannot be answered, and SettingsError or RenderError for a stack file that is
    wrong: settings whose models do not fit are never loaded, so that their errors say what `make fit` would.
    """
    if variables.get("MODEL") or not variables.get("STACK"):
        return answer_question(console, read_question(variables))
    return answer_stack(console, settings_of(read_stack_file(root, variables["STACK"])))


def answer_question(console: Console, question: Question) -> int:
    """Print what each GPU and number of GPUs holds, and the cheapest way that fits."""
    if question.gpu is None:
        ways = of_every_product(question)
        tables.print_products(console, question, ways)
        _print_verdict(console, f"no server holds {question.architecture.name}", ways[0] if ways else None)
        return 0 if ways else 1
    found = list(options(question, question.gpu))
    tables.print_counts(console, question, found)
    way = smallest(found) if question.count else best(question, question.gpu)
    _print_verdict(console, f"{question.architecture.name} does not fit {question.gpu.label}{_advice(found)}", way)
    return 0 if way else 1


def answer_stack(console: Console, settings: PlatformSettings) -> int:
    """Print every model of a stack and what is on each node."""
    pools = tuple(pool.as_pool() for pool in settings.cluster.pools)
    status = answer_models(console, [placed(model) for model in settings.models], pools)
    print_prices(console, settings)
    return status


def answer_models(console: Console, models: list[PlacedModel], pools: tuple[NodePool, ...]) -> int:
    """Print `models` on `pools`, and what is wrong with them."""
    errors = placement_errors(models, pools)
    if not errors:
        tables.print_models(console, models, pools)
        tables.print_nodes(console, models, pools)
    for error in errors:
        console.print(f"error: {error}", style="bold red", markup=False)
    return 1 if errors else 0


def _advice(found: Sequence[Option]) -> str:
    """What would fit instead, seen from the most GPUs of one node that were tried."""
    tried = [way for way in found if way.fit and way.serving.nodes == 1]
    instead = alternatives(tried[-1].serving, node_of(tried[-1].gpu), ()) if tried else ()
    return f"; it would with {' or '.join(instead)}" if instead else ""


def _print_verdict(console: Console, refusal: str, way: Option | None) -> None:
    if way is None:
        console.print(refusal, style="bold red", markup=False, highlight=False, soft_wrap=True)
        return
    console.print(f"cheapest that fits: {tables.described(way)}", style="bold green", markup=False, highlight=False)
    if way.offer:
        console.print(f"  {PRICE_NOTE}", markup=False, highlight=False)
    if way.fit:
        console.print("\n".join(f"  {line}" for line in way.fit.explain()), markup=False)
    console.print("for the stack file, under models:", style="bold")
    # Never wrapped: a broken line would be other YAML.
    console.print("\n".join(stack_entry(way)), markup=False, highlight=False, soft_wrap=True)
