"""Answers a question: what each number of GPUs holds, and the smallest number that fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from components.base.capacity import Fit
from components.base.gpus import GpuProduct
from components.base.serving_rules import fit_on, serving_problems
from tools.fit.question import LARGEST_NODE, Question, node_of


@dataclass(frozen=True, kw_only=True)
class Option:
    """A model on `count` GPUs: the sum, or the `problem` for which none was made."""

    gpu: GpuProduct
    count: int
    fit: Fit | None
    problem: str

    @property
    def fits(self) -> bool:
        """Whether the model can be served so."""
        return self.fit is not None and self.fit.fits


def option(question: Question, gpu: GpuProduct, count: int) -> Option:
    """The model of `question` on `count` GPUs."""
    pool, serving = node_of(gpu), question.serving(count)
    problems = serving_problems(serving, pool)
    if problems:
        return Option(gpu=gpu, count=count, fit=None, problem=problems[0].message)
    result = fit_on(serving, pool)
    missing = result.request_gib - result.kv_cache_gib
    return Option(gpu=gpu, count=count, fit=result, problem="" if result.fits else f"{missing:.1f} GiB per GPU missing")


def options(question: Question, gpu: GpuProduct) -> Iterator[Option]:
    """The count that was asked for, or every count that the heads can be shared over, up to the largest node."""
    if question.count:
        yield option(question, gpu, question.count)
        return
    one = option(question, gpu, 1)
    yield one
    if one.fit is None:
        return
    for count in range(2, LARGEST_NODE + 1):
        wider = option(question, gpu, count)
        if wider.fit is not None:
            yield wider


def smallest(found: Iterable[Option]) -> Option | None:
    """The first option that fits; `found` is in order of GPUs."""
    return next((each for each in found if each.fits), None)
