"""The fit command: prints the sum for one model, or for every model of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from components.base.gpus import GPU_PRODUCTS
from components.base.node_pools import NodePool
from components.base.placement import PlacedModel, placement_errors
from stacks.serving import placed
from stacks.settings import PlatformSettings
from tools.deploy.settings_file import settings_of
from tools.fit import tables
from tools.fit.answer import Option, options, smallest
from tools.fit.question import Question, read_question
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
    """Print what each GPU and number of GPUs holds, and the smallest that fits."""
    if question.gpu is None:
        best = [found for gpu in GPU_PRODUCTS.values() if (found := smallest(options(question, gpu)))]
        tables.print_products(console, question, best)
        return 0 if best else 1
    found = list(options(question, question.gpu))
    tables.print_counts(console, question, found)
    return _print_verdict(console, f"{question.architecture.name} does not fit {question.gpu.label}", smallest(found))


def answer_stack(console: Console, settings: PlatformSettings) -> int:
    """Print every model of a stack and what is on each node."""
    pools = tuple(pool.as_pool() for pool in settings.cluster.pools)
    return answer_models(console, [placed(model) for model in settings.models], pools)


def answer_models(console: Console, models: list[PlacedModel], pools: tuple[NodePool, ...]) -> int:
    """Print `models` on `pools`, and what is wrong with them."""
    errors = placement_errors(models, pools)
    if not errors:
        tables.print_models(console, models, pools)
        tables.print_nodes(console, models, pools)
    for error in errors:
        console.print(f"error: {error}", style="bold red", markup=False)
    return 1 if errors else 0


def _print_verdict(console: Console, refusal: str, found: Option | None) -> int:
    if found is None:
        console.print(refusal, style="bold red")
        return 1
    console.print(f"smallest that fits: {found.count} x {found.gpu.label}", style="bold green")
    if found.fit:
        console.print("\n".join(f"  {line}" for line in found.fit.explain()), markup=False)
    return 0
