"""All objects of a stack, indexed by what rules with stack scope ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from policies.fields import MalformedError, any_known
from policies.normalise import UnknownValueError
from policies.pack_settings import DEFAULTS, PackSettings
from policies.subjects import KUBERNETES, Subject

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False, kw_only=True)
class Stack:
    """All subjects of one stack. Rules with stack scope search it by kind."""

    project: str
    name: str
    subjects: tuple[Subject, ...]
    settings: PackSettings = DEFAULTS

    def once(self, make: Callable[[Stack], Made]) -> Made:
        """What `make` makes of the stack, such as an index: made when somebody asks for the first time."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    @cached_property
    def _made(self) -> dict[Callable[[Stack], Any], Any]:
        return {}

    def of_type(self, *tokens: str) -> list[Subject]:
        """The subjects of the type tokens, such as `aws:s3/bucket:Bucket`."""
        return [subject for token in tokens for subject in self._by_type.get(token, [])]

    def of_provider(self, provider: str) -> list[Subject]:
        """The subjects of a provider's package, such as `aws`."""
        return [subject for subject in self.subjects if subject.provider == provider]

    def dependents(self, subject: Subject, *tokens: str) -> list[Subject]:
        """The subjects of the type tokens that take an output of `subject` or are made after it.

        A bucket's encryption names it by an id that nobody knows in the preview that creates it; the engine's
        dependencies are known.
        """
        return [other for other in self._dependents.get(subject.urn, []) if other.type in tokens]

    @cached_property
    def _by_type(self) -> dict[str, list[Subject]]:
        found: dict[str, list[Subject]] = {}
        for subject in self.subjects:
            found.setdefault(subject.type, []).append(subject)
        return found

    @cached_property
    def _dependents(self) -> dict[str, list[Subject]]:
        found: dict[str, list[Subject]] = {}
        for subject in self.subjects:
            for urn in subject.dependencies:
                found.setdefault(urn, []).append(subject)
        return found

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
                found.setdefault((group, kind, known_namespace(subject)), []).append(subject)
        return found

    def named(self, namespace: str, name: str, group: str, *kinds: str) -> list[Subject]:
        """Those of `near` that have the name, and those whose name or namespace is not known."""
        return [
            subject
            for kind in kinds
            for subject in (
                *self._named_in(group, kind, namespace, name),
                *self._by_namespace.get((group, kind, None), []),
            )
            if not subject.patch
        ]

    def _named_in(self, group: str, kind: str, namespace: str, name: str) -> list[Subject]:
        place = (group, kind, namespace)
        if place not in self._by_name:
            names = self._by_name[place] = {}
            for number, subject in enumerate(self._by_namespace.get(place, [])):
                names.setdefault(known_name(subject), []).append((number, subject))
        names = self._by_name[place]
        return [subject for _, subject in sorted(names.get(name, []) + names.get(None, []), key=_number)]

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str], dict[str | None, list[tuple[int, Subject]]]]:
        """The subjects of a kind and namespace by name, indexed once somebody asks for one of them by name."""
        return {}

    @cached_property
    def workloads(self) -> tuple[Subject, ...]:
        """Kubernetes objects that make pods, and those of which it is not known whether they do."""
        return tuple(subject for subject in self.subjects if _perhaps(lambda subject: bool(subject.pods), subject))

    @cached_property
    def model_workloads(self) -> tuple[Subject, ...]:
        """The workloads whose pods serve a model, and those of which it is not known."""
        return tuple(subject for subject in self.workloads if _perhaps(_serves_model, subject))


def known_namespace(subject: Subject) -> str | None:
    """Namespace of a namespaced object, None while it is unknown or misshapen."""
    try:
        return subject.namespace
    except (UnknownValueError, MalformedError):
        # Found from every namespace, so that whoever looks at it says what is wrong.
        return None


def known_name(subject: Subject) -> str | None:
    """Name of an object, None while it is unknown or misshapen."""
    try:
        return subject.name
    except (UnknownValueError, MalformedError):
        return None


def _number(entry: tuple[int, Subject]) -> int:
    return entry[0]


def _perhaps(holds: Callable[[Subject], bool], subject: Subject) -> bool:
    try:
        return holds(subject)
    except UnknownValueError:
        return True


def _serves_model(subject: Subject) -> bool:
    return any_known(subject.pods, lambda pod: pod.serves_model)
