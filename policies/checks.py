"""From a check of one container, pod or object to the check of a subject, without losing what an unknown hides.

A generator ends at its first exception. Running each container, pod and entity by itself keeps the violations of all
others when one of them holds an unknown value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from policies.fields import MalformedError
from policies.findings import Outcome, Undecided, Violation
from policies.normalise import UnknownValueError
from policies.pods import Container, Pod
from policies.registry import ObjectCheck, StackCheck
from policies.stack import Stack
from policies.subjects import Subject

Item = TypeVar("Item")


def guarded(check: Callable[[Item], Iterable[Outcome]], item: Item, container: str | None = None) -> Iterator[Outcome]:
    """What `check` says of `item`, ending in Undecided at an unknown value and in a Violation at a wrong shape."""
    try:
        yield from check(item)
    except UnknownValueError as error:
        yield Undecided(error.path, container)
    except MalformedError as error:
        yield Violation(error.path, str(error), container)


def each(items: Iterable[Item], check: Callable[[Item], Iterable[Outcome]]) -> Iterator[Outcome]:
    """What `check` says of each item; an unknown value in one of them does not hide the others."""
    for item in items:
        yield from guarded(check, item)


def per_container(
    check: Callable[[Container], Iterable[Outcome]], *, where: Callable[[Container], bool] = lambda _: True
) -> ObjectCheck:
    """Run `check` on every container (init, main and ephemeral) of every pod template for which `where` holds."""

    def of_pod(pod: Pod) -> Iterator[Outcome]:
        for container in pod.containers:
            if where(container):
                yield from guarded(check, container, container.name)

    return per_pod(of_pod)


def per_pod(check: Callable[[Pod], Iterable[Outcome]]) -> ObjectCheck:
    """Run `check` on every pod template of a subject."""

    def of_subject(subject: Subject) -> Iterator[Outcome]:
        for pod in subject.pods:
            yield from guarded(check, pod)

    return lambda subject: guarded(of_subject, subject)


def per_object(check: ObjectCheck, group: str, *kinds: str) -> ObjectCheck:
    """Run `check` on Kubernetes objects of `kinds` in API `group` only."""
    return lambda subject: guarded(check, subject) if subject.is_a(group, *kinds) else ()


def together(*checks: ObjectCheck) -> ObjectCheck:
    """Several checks as one: a rule that has something to say about the pod and about each of its containers."""
    return lambda subject: (outcome for check in checks for outcome in check(subject))


def per_subject(
    find: Callable[[Stack], Iterable[Subject]], check: Callable[[Stack, Subject], Iterable[Outcome]]
) -> StackCheck:
    """Run `check` on each subject that `find` picks from the stack."""

    def of_stack(stack: Stack) -> Iterator[tuple[Subject | None, Outcome]]:
        for subject in find(stack):
            for outcome in guarded(lambda subject: check(stack, subject), subject):
                yield subject, outcome

    return of_stack
