"""The work of every rule grows with the number of objects and no faster. Counted in calls of functions, not in seconds:
those depend on the machine and on what else runs there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from policies.registry import Rule
from policies.rules import REGISTRY
from policies.stack import Stack
from policies.subjects import subjects_of
from tests.policies.objects import Json
from tests.stacks.conftest import rendered_stack
from tools.bench.large_stack import repeated

MODEL = "qwen3-8b"
"""The model of the local stack that is there many times."""

STEP = 25
"""Models, or teams with a platform each, that are added at once."""

FEW_CALLS = 2000
"""Fewer calls than these for a step are no growth to speak of."""

FASTEST = 1.3
"""How many times the calls of the first step the second may need. It is 3 where every object looks at every other."""


BY_GATEWAY = {"AI-16"}
"""Judges every list of teams by every gateway that is there: a platform has one of each."""


class Count:
    """Calls of functions, those of comprehensions and generators among them."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, _frame: FrameType, _event: str, _argument: object) -> None:
        """Called by the interpreter."""
        self.calls += 1


@contextmanager
def counted() -> Iterator[Count]:
    """Count calls while the block runs."""
    count, before = Count(), sys.getprofile()
    sys.setprofile(count)
    try:
        yield count
    finally:
        sys.setprofile(before)


def _resources(stack: str) -> list[Json]:
    return rendered_stack(stack).as_graph()["resources"]


def _more_models(count: int) -> list[Json]:
    """The local stack with one of its models many times, all in the namespace of models."""
    resources = _resources("local")
    texts = [json.dumps(resource) for resource in resources if MODEL in resource["name"]]
    assert len(texts) > 10
    return resources + [json.loads(text.replace(MODEL, f"{MODEL}-{copy}")) for copy in range(count) for text in texts]


def _more_platforms(count: int) -> list[Json]:
    """The cloud's stack several times, in namespaces of their own."""
    resources = _resources("prod")
    return repeated(resources, len(resources) * (1 + count // 8))


LOADS: dict[str, Callable[[int], list[Json]]] = {"models": _more_models, "platforms": _more_platforms}


def _work(rule: Rule, stack: Stack) -> None:
    if rule.of_stack:
        list(rule.of_stack(stack))
    elif rule.of_object:
        for subject in stack.subjects:
            list(rule.of_object(subject))


def _calls(load: str, steps: int) -> dict[str, int]:
    """The calls that each rule needs, by its id."""
    resources = LOADS[load](steps * STEP)
    stack = Stack(project="p", name="s", subjects=tuple(item for record in resources for item in subjects_of(record)))
    found: dict[str, int] = {}
    for rule in REGISTRY:
        with counted() as count:
            _work(rule, stack)
        found[rule.id] = count.calls
    return found


@pytest.mark.parametrize("load", LOADS)
def test_no_rule_looks_at_every_object_for_every_object(load: str) -> None:
    # What is read from files and kept is there after the first time.
    _, none, some, many = (_calls(load, steps) for steps in (0, 0, 1, 2))
    first = {rule: some[rule] - none[rule] for rule in none}
    second = {rule: many[rule] - some[rule] for rule in none}
    assert sum(first.values()) > 100 * FEW_CALLS
    fast = {
        rule: (first[rule], second[rule])
        for rule in none.keys() - BY_GATEWAY
        if second[rule] > FASTEST * first[rule] + FEW_CALLS
    }
    assert fast == {}
