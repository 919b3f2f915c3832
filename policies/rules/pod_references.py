"""What a pod needs to start exists: a simulated or forgotten name would leave it waiting for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from components.base.operator_objects import OperatorObject
from policies.checks import each
from policies.cluster_contents import ClusterContents, with_contents
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.subjects import Subject

GIVEN = ("system-cluster-critical", "system-node-critical", "kube-root-ca.crt")
"""PriorityClasses of Kubernetes, and the ConfigMap that it puts into every namespace."""

DATA = ("data", "stringData", "binaryData")


@dataclass(frozen=True)
class _Needed:
    """An object that is named by member `name` of `source`. `namespaced` False: it lives in no namespace.

    `source` may say which keys are read (`key`, `items`), and that all of it is `optional`.
    """

    group: str
    kind: str
    source: Field
    name: str = "name"
    namespaced: bool = True


def _of_workload(contents: ClusterContents, workload: Subject) -> Outcomes:
    check = partial(_exists, contents, workload)
    if workload.is_a("apps", "StatefulSet"):
        yield from each([_Needed("", "Service", workload.root.at("spec"), "serviceName")], check)
    for pod in workload.pods:
        yield from each(_accounts(pod.spec), check)
        yield from _of_items(pod.spec.at("imagePullSecrets"), _pull_secret, check)
        yield from each([pod.spec.at("volumes")], lambda place: each(place.items(), partial(_mounted, check)))
        for container in pod.containers:
            yield from _of_items(container.field.at("envFrom"), _all_variables, check)
            yield from _of_items(container.field.at("env"), _variable, check)


def _of_items(
    place: Field, needs: Callable[[Field], Iterable[_Needed]], check: Callable[[_Needed], Outcomes]
) -> Outcomes:
    """What `check` says of the `needs` of each item of the list at `place`."""
    yield from each([place], lambda place: each(place.items(), lambda item: each(needs(item), check)))


def _exists(contents: ClusterContents, workload: Subject, needed: _Needed) -> Outcomes:
    source, place = needed.source, needed.source.at(needed.name)
    name = place.text()
    if not name or name in GIVEN or source.at("optional").value is True:
        return
    namespace = workload.namespace if needed.namespaced else ""
    found = contents.find(needed.group, needed.kind, namespace, name)
    if found is not None:
        keys = [source.at("key"), *(item.at("key") for item in source.at("items").items())]
        yield from each(keys, partial(_has_key, found))
    elif not (needed.kind == "Secret" and contents.makes_secret(namespace, name)):
        yield Violation(place.path, f"names a {needed.kind} that neither the stack nor an operator makes")


def _has_key(found: Subject | OperatorObject, key: Field) -> Outcomes:
    if isinstance(found, OperatorObject):
        known = set(found.keys)
    else:
        known = {name for part in DATA for name, _ in found.root.at(part).entries()}
    if key.present and key.text() not in known:
        yield Violation(key.path, "names a key that the object does not have")


def _accounts(spec: Field) -> Iterable[_Needed]:
    return (
        _Needed("", "ServiceAccount", spec, "serviceAccountName"),
        _Needed("scheduling.k8s.io", "PriorityClass", spec, "priorityClassName", namespaced=False),
        _Needed("node.k8s.io", "RuntimeClass", spec, "runtimeClassName", namespaced=False),
    )


def _pull_secret(secret: Field) -> Iterable[_Needed]:
    return (_Needed("", "Secret", secret),)


def _mounted(check: Callable[[_Needed], Outcomes], volume: Field) -> Outcomes:
    yield from each(_volume(volume), check)
    yield from _of_items(volume.at("projected", "sources"), _projected_source, check)


def _volume(volume: Field) -> Iterable[_Needed]:
    return (
        _Needed("", "PersistentVolumeClaim", volume.at("persistentVolumeClaim"), "claimName"),
        _Needed("", "Secret", volume.at("secret"), "secretName"),
        _Needed("", "ConfigMap", volume.at("configMap")),
    )


def _projected_source(source: Field) -> Iterable[_Needed]:
    return (_Needed("", "Secret", source.at("secret")), _Needed("", "ConfigMap", source.at("configMap")))


def _all_variables(source: Field) -> Iterable[_Needed]:
    return (_Needed("", "Secret", source.at("secretRef")), _Needed("", "ConfigMap", source.at("configMapRef")))


def _variable(variable: Field) -> Iterable[_Needed]:
    value = variable.at("valueFrom")
    return (_Needed("", "Secret", value.at("secretKeyRef")), _Needed("", "ConfigMap", value.at("configMapKeyRef")))


RULES = (
    Rule(
        id="REL-05",
        title="What a pod names exists",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A pod whose Secret, ServiceAccount or claim does not exist waits for ever, and so does the deployment.",
        sources=("kube-linter non-existent-service-account", "kube-linter env-var-value-from", "own"),
        remediation="Name an object of the stack; components/base/operator_objects.py lists what operators make.",
        of_stack=with_contents(lambda stack: stack.workloads, _of_workload),
    ),
)
