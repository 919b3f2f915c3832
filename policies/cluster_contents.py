"""What a cluster will hold once a stack is deployed: the stack's own objects, and what operators make.

Rules about references ask here. What operators make stands in `components/base/operator_objects.py` and in
`components/base/operator_pods.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NoReturn, cast

from components.base.label_index import LabelIndex
from components.base.label_selector import check_selector, selects
from components.base.operator_objects import OPERATOR_OBJECTS, OperatorObject
from components.base.operator_pods import OPERATOR_PODS
from components.base.reachability import NAMESPACE_NAME_LABEL
from policies.checks import guarded
from policies.fields import Field, MalformedError, any_known
from policies.findings import Outcome, Outcomes
from policies.normalise import UnknownValueError
from policies.pods import Pod
from policies.registry import StackCheck
from policies.stack import Stack, known_namespace
from policies.subjects import KUBERNETES, Subject

POD_KINDS = ("Pod", "Deployment", "DaemonSet")
"""Kinds of the operators' table whose labels and ports are those of pods."""

MAKERS_OF_SECRETS = {
    ("cert-manager.io", "Certificate"): ("spec", "secretName"),
    ("external-secrets.io", "ExternalSecret"): ("spec", "target", "name"),
}
"""Custom resources from which an operator makes a Secret, and where they name it."""

_LEADER = {"leaderworkerset.sigs.k8s.io/worker-index": "0"}
"""By this label LeaderWorkerSet tells leaders from workers."""


@dataclass(frozen=True, eq=False)
class PodSet:
    """Pods that are alike. `read_home` and the others raise UnknownValueError while they are unknown."""

    read_home: Callable[[], str]
    read_labels: Callable[[], Mapping[str, str]]
    read_ports: Callable[[], Mapping[str, int]]

    @cached_property
    def home(self) -> str:
        """Their namespace."""
        return self.read_home()

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Their labels."""
        return self.read_labels()

    @cached_property
    def ports(self) -> Mapping[str, int]:
        """Number of each declared port, by its name, or by its number where it has none."""
        return self.read_ports()


_NO_PODS: LabelIndex[PodSet] = LabelIndex(())

_Key = tuple[str, str, str, str]
Selector = Mapping[str, Any]


class ClusterContents:
    """Indexed once per stack, so that every reference is one look-up."""

    def __init__(self, stack: Stack) -> None:
        """Index `stack`. Objects whose name or namespace is unknown may be the one that is looked for."""
        self._named: dict[_Key, Subject] = {}
        self._unnamed: dict[tuple[str, str], UnknownValueError] = {}
        pods: dict[str | None, list[PodSet]] = {}
        self._made: dict[tuple[str, str, str], OperatorObject] = {
            (made.kind, made.namespace, made.name): made for made in OPERATOR_OBJECTS
        }
        self._secrets: list[Subject] = []
        for subject in stack.subjects:
            if subject.provider == KUBERNETES and not subject.patch:
                self._add(subject)
        for workload in stack.workloads:
            if not workload.patch:
                pods.setdefault(known_namespace(workload), []).extend(_pod_sets(workload))
        for made in (*OPERATOR_OBJECTS, *OPERATOR_PODS):
            if made.kind in POD_KINDS:
                pods.setdefault(made.namespace, []).append(_made_pods(made))
        self._pods = {home: LabelIndex((found, _known_labels(found)) for found in own) for home, own in pods.items()}

    def _add(self, subject: Subject) -> None:
        kind = (subject.group, subject.kind)
        if kind in MAKERS_OF_SECRETS:
            self._secrets.append(subject)
        try:
            self._named[(*kind, _home(subject), subject.name)] = subject
        except UnknownValueError as error:
            self._unnamed.setdefault(kind, error)
        except MalformedError as error:
            self._unnamed.setdefault(kind, UnknownValueError(error.path))

    def find(self, group: str, kind: str, namespace: str, name: str) -> Subject | OperatorObject | None:
        """The object of that name, `namespace` empty for cluster-scoped kinds; None when there is none.

        Raises UnknownValueError when one whose name is not known yet may be the one.
        """
        home = "" if namespace == "default" else namespace
        found = self._named.get((group, kind, home, name)) or self._made.get((kind, namespace, name))
        if found is None and (group, kind) in self._unnamed:
            raise self._unnamed[group, kind]
        return found

    def makes_secret(self, namespace: str, name: str) -> bool:
        """Whether some custom resource of `namespace` has an operator make that Secret."""

        def makes(subject: Subject) -> bool:
            place = subject.root.at(*MAKERS_OF_SECRETS[subject.group, subject.kind])
            return subject.namespace == namespace and (place.text() or subject.name) == name

        return any_known(self._secrets, makes)

    def has_pods(self, namespace: str, selector: Selector, holds: Callable[[PodSet], bool] = lambda _: True) -> bool:
        """Whether `holds` for some pods of `namespace` that the label selector `selector` selects.

        Raises UnknownValueError where that is open.
        """

        def chosen(pods: PodSet) -> bool:
            return pods.home == namespace and selects(selector, pods.labels) and holds(pods)

        # Of those whose namespace is not known, not even the labels decide.
        near = (*self._in(namespace).may_match(selector), *self._in(None).may_carry({}))
        return any_known(near, chosen)

    def has_pods_in(
        self, namespaces: Selector, selector: Selector, holds: Callable[[PodSet], bool] = lambda _: True
    ) -> bool:
        """The same of the pods of all namespaces that the label selector `namespaces` selects."""

        def has(home: str | None) -> bool:
            if home is None:
                # Their namespace is not known, and so neither whether it is selected: this raises.
                unknown = self._in(None).may_carry({})
                return any_known(unknown, lambda pods: selects(namespaces, self._labels_of(pods.home)))
            return selects(namespaces, self._labels_of(home)) and self.has_pods(home, selector, holds)

        return any_known(self._homes.may_match(namespaces), has)

    def _in(self, namespace: str | None) -> LabelIndex[PodSet]:
        return self._pods.get(namespace, _NO_PODS)

    @cached_property
    def _homes(self) -> LabelIndex[str | None]:
        """The namespaces that have pods, by their labels."""
        return LabelIndex((home, None if home is None else self._known_labels_of(home)) for home in self._pods)

    def _known_labels_of(self, namespace: str) -> tuple[Mapping[str, str]] | None:
        try:
            return (self._labels_of(namespace),)
        except (UnknownValueError, MalformedError):
            # Whoever looks at them says what is wrong.
            return None

    def _labels_of(self, namespace: str) -> Mapping[str, str]:
        found = self.find("", "Namespace", "", namespace)
        own = found.root.at("metadata", "labels").strings() if isinstance(found, Subject) else {}
        return {**own, NAMESPACE_NAME_LABEL: namespace}


def with_contents(
    find: Callable[[Stack], Iterable[Subject]], check: Callable[[ClusterContents, Subject], Outcomes]
) -> StackCheck:
    """Run `check` on each subject that `find` picks and no chart made, with what the cluster will hold."""

    def of_stack(stack: Stack) -> Iterator[tuple[Subject | None, Outcome]]:
        contents = stack.once(ClusterContents)
        for subject in find(stack):
            if not subject.vendored:
                for outcome in guarded(partial(check, contents), subject):
                    yield subject, outcome

    return of_stack


def selector_at(place: Field) -> Selector:
    """The label selector at `place`, an absent one being empty."""
    place.parsed(check_selector, "a selector of labels")
    return cast("Selector", place.plain() or {})


def _known_labels(pods: PodSet) -> tuple[Mapping[str, str]] | None:
    try:
        return (pods.labels,)
    except (UnknownValueError, MalformedError):
        return None


def _pod_sets(workload: Subject) -> list[PodSet]:
    try:
        return [_own_pods(workload, pod) for pod in workload.pods]
    except UnknownValueError as error:
        return [_unknown_pods(workload, error)]


def _home(subject: Subject) -> str:
    namespace = subject.root.at("metadata", "namespace").text()
    return "" if namespace == "default" else namespace


def _made_pods(made: OperatorObject) -> PodSet:
    return PodSet(lambda: made.namespace, lambda: made.labels, lambda: made.ports)


def _own_pods(workload: Subject, pod: Pod) -> PodSet:
    return PodSet(lambda: workload.namespace, lambda: _labels(pod), lambda: _ports(pod))


def _unknown_pods(workload: Subject, error: UnknownValueError) -> PodSet:
    def unknown() -> NoReturn:
        raise error

    return PodSet(lambda: workload.namespace, unknown, unknown)


def _labels(pod: Pod) -> Mapping[str, str]:
    leads = pod.field.path.endswith("leaderTemplate")
    return {**pod.labels, **(_LEADER if leads else {})}


def _ports(pod: Pod) -> Mapping[str, int]:
    return {port.name or str(port.number): port.number for port in pod.ports}
