"""The disruption budgets that select a workload's pods, found without looking at those of every other workload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from components.base.label_index import SelectorIndex
from components.base.label_selector import check_selector
from policies.fields import MalformedError
from policies.normalise import UnknownValueError
from policies.stack import Stack, known_namespace
from policies.subjects import Subject
from policies.workload_index import known_labels


class DisruptionBudgets:
    """The disruption budgets of a stack, by namespace and by the labels that they select."""

    def __init__(self, stack: Stack) -> None:
        """Index the budgets of `stack`."""
        found: dict[str | None, list[Subject]] = {}
        for budget in stack.of("policy", "PodDisruptionBudget"):
            found.setdefault(known_namespace(budget), []).append(budget)
        self._anywhere = found.pop(None, [])
        self._near = {
            namespace: SelectorIndex((budget, _known_selector(budget)) for budget in own)
            for namespace, own in found.items()
        }

    def near(self, workload: Subject) -> list[Subject]:
        """Those that may select pods of `workload`."""
        near, labels = self._near.get(workload.namespace), known_labels(workload)
        if near is None:
            return self._anywhere
        return [*(near.items if labels is None else near.may_select(*labels)), *self._anywhere]


def _known_selector(budget: Subject) -> Mapping[str, Any] | None:
    """The selector, None while it may select anything."""
    try:
        selector = budget.root.at("spec", "selector")
        selector.parsed(check_selector, "a label selector")
    except (UnknownValueError, MalformedError):
        return None
    return cast("Mapping[str, Any] | None", selector.plain())
