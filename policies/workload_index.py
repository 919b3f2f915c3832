"""The workloads that a selector of a Service or of an InferencePool may mean, found without looking at all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from components.base.label_index import LabelIndex
from policies.fields import MalformedError
from policies.normalise import UnknownValueError
from policies.stack import Stack, known_namespace
from policies.subjects import Subject


class WorkloadIndex:
    """Workloads by their namespace and by the labels of their pods; what is not known may be anything."""

    def __init__(self, workloads: Iterable[Subject]) -> None:
        """Index `workloads`."""
        self._workloads = tuple(workloads)
        found: dict[str | None, list[tuple[int, Subject]]] = {}
        for place, workload in enumerate(self._workloads):
            found.setdefault(known_namespace(workload), []).append((place, workload))
        self._anywhere = found.pop(None, [])
        self._near = {
            namespace: LabelIndex((entry, known_labels(entry[1])) for entry in own) for namespace, own in found.items()
        }

    def may_be_selected(self, namespace: str | None, wanted: Mapping[str, Any]) -> Iterable[Subject]:
        """The workloads of `namespace`, None while it is unknown, whose pods may carry all labels of `wanted`."""
        if namespace is None:
            return self._workloads
        near = self._near.get(namespace)
        entries = near.may_carry(wanted) if near else []
        if self._anywhere:
            entries = sorted(entries + self._anywhere, key=lambda entry: entry[0])
        return [workload for _, workload in entries]


def all_workloads(stack: Stack) -> WorkloadIndex:
    """The index of all workloads, for `Stack.once`."""
    return WorkloadIndex(stack.workloads)


def model_workloads(stack: Stack) -> WorkloadIndex:
    """The index of those that serve a model, for `Stack.once`."""
    return WorkloadIndex(stack.model_workloads)


def known_labels(workload: Subject) -> list[dict[str, str]] | None:
    """The labels of each of its pod templates, None while one of them is unknown or misshapen."""
    try:
        return [pod.labels for pod in workload.pods]
    except (UnknownValueError, MalformedError):
        return None
