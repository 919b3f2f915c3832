"""Answers a question: what each number of GPUs holds, and the cheapest configuration that fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from components.base.capacity import Fit
from components.base.gpus import GPU_PRODUCTS, GpuProduct
from components.base.serving import Serving
from components.base.serving_alternatives import on_nodes
from components.base.serving_rules import SIXTEEN_BITS, fit_on, serving_problems
from tools.fit.offers import Offer, cheapest_offer
from tools.fit.question import LARGEST_NODE, Question, node_of


@dataclass(frozen=True, kw_only=True)
class Option:
    """A model on GPUs of one product: the sum, or the `problem` for which none was made."""

    gpu: GpuProduct
    serving: Serving
    fit: Fit | None
    problem: str

    @property
    def fits(self) -> bool:
        """Whether the model can be served so."""
        return self.fit is not None and self.fit.fits

    @property
    def offer(self) -> Offer | None:
        """What it costs by list price, where there is one."""
        return cheapest_offer(self.serving, self.gpu)

    @property
    def gpus(self) -> str:
        """For example `4`, or `2 x 8` on two nodes."""
        serving = self.serving
        return f"{serving.nodes} x {serving.gpus_per_node}" if serving.nodes > 1 else str(serving.gpus)


def option(gpu: GpuProduct, serving: Serving) -> Option:
    """`serving` on GPUs of one product."""
    pool = node_of(gpu)
    problems = serving_problems(serving, pool)
    if problems:
        return Option(gpu=gpu, serving=serving, fit=None, problem=problems[0].message)
    result = fit_on(serving, pool)
    problem = "" if result.fits else f"{result.missing_gib:.1f} GiB per GPU missing"
    return Option(gpu=gpu, serving=serving, fit=result, problem=problem)


def options(question: Question, gpu: GpuProduct) -> Iterator[Option]:
    """The count that was asked for, or every count that the heads can be shared over, up to the largest node; and
    several nodes where no single one holds the model."""
    if question.count:
        yield option(gpu, question.serving(question.count))
        return
    one = option(gpu, question.serving(1))
    yield one
    if one.fit is None:
        return
    enough = one.fits
    for count in range(2, LARGEST_NODE + 1):
        wider = option(gpu, question.serving(count))
        enough = enough or wider.fits
        if wider.fit is not None:
            yield wider
    if not enough:
        yield from (option(gpu, way) for way in on_nodes(question.serving(1), node_of(gpu)))


def smallest(found: Iterable[Option]) -> Option | None:
    """The first option that fits; `found` is in order of GPUs."""
    return next((each for each in found if each.fits), None)


def best(question: Question, gpu: GpuProduct) -> Option | None:
    """The cheapest way to serve the model on `gpu`, with weights as published or turned into fp8 while loading."""
    return cheapest(smallest(options(each, gpu)) for each in formats(question, gpu))


def formats(question: Question, gpu: GpuProduct) -> Iterator[Question]:
    """The question as asked, and with 16-bit weights turned into fp8 where no format was asked for."""
    yield question
    if not question.weights_asked and question.weights in SIXTEEN_BITS and gpu.computes("fp8"):
        yield replace(question, weights="fp8")


def of_every_product(question: Question) -> list[Option]:
    """The cheapest way on each product that holds the model: by list price, then those that have none, by memory."""
    found = [way for gpu in GPU_PRODUCTS.values() if (way := best(question, gpu))]
    return sorted(found, key=_cost)


def cheapest(ways: Iterable[Option | None]) -> Option | None:
    """The way with the lowest list price; of equal ones, and without any, the first with the fewest GPUs."""
    return min((way for way in ways if way), key=_cost, default=None)


def _cost(way: Option) -> tuple[float, float]:
    offer = way.offer
    return (offer.usd_per_hour if offer else float("inf"), way.gpu.memory_gib * way.serving.gpus)
