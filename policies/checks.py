"""From a check of one container, pod or object to the check of a subject, without losing what an unknown hides.

A generator ends at its first exception. Running each container, pod and entity by itself keeps the violations of all
others when one of them holds an unknown value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from policies.fields import MalformedError
from policies.findings import Outcome, Undecided, Violation
from policies.normalise import UnknownValueError
from policies.pods import Container, Pod, may_make_pods
from policies.registry import ObjectCheck, StackCheck
from policies.stack import Stack
from policies.subjects import KUBERNETES, Subject

Item = TypeVar("Item")


@dataclass(frozen=True)
class KindCheck:
    """A check that has nothing to say about subjects of most types.

    `concerns` looks at nothing but the type, so that a run asks it once for each type and not for each subject.
    """

    check: ObjectCheck
    concerns: Callable[[Subject], bool]

    def __call__(self, subject: Subject) -> Iterable[Outcome]:
        """What the check says of `subject`, ending in Undecided at an unknown value."""
        return guarded(self.check, subject) if self.concerns(subject) else ()


def concerns(check: ObjectCheck, subject: Subject) -> bool:
    """Whether a check may have something to say about subjects of the type of `subject`."""
    return check.concerns(subject) if isinstance(check, KindCheck) else True


def guarded(check: Callable[[Item], Iterable[Outcome]], item: Item) -> Iterator[Outcome]:
    """What `check` says of `item`, ending in Undecided at an unknown value and in a Violation at a wrong shape."""
    try:
        yield from check(item)
    except UnknownValueError as error:
        yield Undecided(error.path)
    except MalformedError as error:
        yield Violation(error.path, str(error))


def each(items: Iterable[Item], check: Callable[[Item], Iterable[Outcome]]) -> Iterator[Outcome]:
    """What `check` says of each item; an unknown value in one of them does not hide the others."""
    for item in items:
        yield from guarded(check, item)


def per_container(
    check: Callable[[Container], Iterable[Outcome]], *, where: Callable[[Container], bool] = lambda _: True
) -> ObjectCheck:
    """Run `check` on every container (init, main and ephemeral) of every pod template for which `where` holds.

    Its outcomes carry the container's name, to which exceptions may be narrowed.
    """

    def of_pod(pod: Pod) -> Iterator[Outcome]:
        for container in pod.containers:
            if where(container):
                for outcome in guarded(check, container):
                    yield replace(outcome, container=container.name)

    return per_pod(of_pod)


def per_pod(check: Callable[[Pod], Iterable[Outcome]]) -> ObjectCheck:
    """Run `check` on every pod template of a subject."""

    def of_subject(subject: Subject) -> Iterator[Outcome]:
        for pod in subject.pods:
            yield from guarded(check, pod)

    return KindCheck(of_subject, _may_make_pods)


def _may_make_pods(subject: Subject) -> bool:
    return subject.provider == KUBERNETES and may_make_pods(subject.group, subject.kind)


def per_object(check: ObjectCheck, group: str, *kinds: str) -> ObjectCheck:
    """Run `check` on Kubernetes objects of `kinds` in API `group` only."""
    return KindCheck(check, lambda subject: subject.is_a(group, *kinds))


def per_type(check: ObjectCheck, *tokens: str) -> ObjectCheck:
    """Run `check` on resources of the type tokens only, such as `aws:s3/bucket:Bucket`."""
    return KindCheck(check, lambda subject: subject.type in tokens)


def together(*checks: ObjectCheck) -> ObjectCheck:
    """Several checks as one: a rule that has something to say about the pod and about each of its containers."""

    def all_of_them(subject: Subject) -> Iterator[Outcome]:
        for check in checks:
            yield from check(subject)

    return KindCheck(all_of_them, lambda subject: any(concerns(check, subject) for check in checks))


def per_subject(
    find: Callable[[Stack], Iterable[Subject]], check: Callable[[Stack, Subject], Iterable[Outcome]]
) -> StackCheck:
    """Run `check` on each subject that `find` picks from the stack."""

    def of_stack(stack: Stack) -> Iterator[tuple[Subject | None, Outcome]]:
        for subject in find(stack):
            for outcome in guarded(lambda subject: check(stack, subject), subject):
                yield subject, outcome

    return of_stack
