"""All objects of a stack, indexed by what rules with stack scope ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from policies.fields import MalformedError, any_known
from policies.normalise import UnknownValueError
from policies.subjects import KUBERNETES, Subject


@dataclass(frozen=True, eq=False, kw_only=True)
class Stack:
    """All subjects of one stack. Rules with stack scope search it by kind."""

    project: str
    name: str
    subjects: tuple[Subject, ...]

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], list[Subject]]:
        found: dict[tuple[str, str], list[Subject]] = {}
        for subject in self.subjects:
            if subject.provider == KUBERNETES:
                found.setdefault((subject.group, subject.kind), []).append(subject)
        return found

    def of(self, group: str, *kinds: str) -> list[Subject]:
        """The Kubernetes objects of `kinds` in API `group`, patches left out: they are not the object itself."""
        return [subject for subject in self._named(group, kinds) if not subject.patch]

    def patches_of(self, group: str, *kinds: str) -> list[Subject]:
        """The patches of objects of `kinds` in API `group`."""
        return [subject for subject in self._named(group, kinds) if subject.patch]

    def _named(self, group: str, kinds: Iterable[str]) -> Iterator[Subject]:
        return (subject for kind in kinds for subject in self._by_kind.get((group, kind), []))

    def near(self, namespace: str, group: str, *kinds: str) -> list[Subject]:
        """Those of `of` that are in `namespace`, and those whose namespace is not known."""
        places = self._by_namespace
        return [
            subject
            for kind in kinds
            for place in (namespace, None)
            for subject in places.get((group, kind, place), [])
            if not subject.patch
        ]

    @cached_property
    def _by_namespace(self) -> dict[tuple[str, str, str | None], list[Subject]]:
        found: dict[tuple[str, str, str | None], list[Subject]] = {}
        for (group, kind), subjects in self._by_kind.items():
            for subject in subjects:
                found.setdefault((group, kind, _known_namespace(subject)), []).append(subject)
        return found

    @cached_property
    def workloads(self) -> tuple[Subject, ...]:
        """Kubernetes objects that make pods, and those of which it is not known whether they do."""
        return tuple(subject for subject in self.subjects if _perhaps(lambda subject: bool(subject.pods), subject))

    @cached_property
    def model_workloads(self) -> tuple[Subject, ...]:
        """The workloads whose pods serve a model, and those of which it is not known."""
        return tuple(subject for subject in self.workloads if _perhaps(_serves_model, subject))


def _known_namespace(subject: Subject) -> str | None:
    try:
        return subject.namespace
    except (UnknownValueError, MalformedError):
        # Found from every namespace, so that whoever looks at it says what is wrong.
        return None


def _perhaps(holds: Callable[[Subject], bool], subject: Subject) -> bool:
    try:
        return holds(subject)
    except UnknownValueError:
        return True


def _serves_model(subject: Subject) -> bool:
    return any_known(subject.pods, lambda pod: pod.serves_model)
