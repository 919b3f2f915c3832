"""Every pod template in an object, wherever the object's kind keeps it, and every container in a template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from components.base.labels import COMPONENT
from policies.fields import Field, MalformedError
from policies.normalise import Unknown, UnknownValueError

_TEMPLATE = ("spec", "template")

TEMPLATES: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}
"""Where the kinds of Kubernetes keep their pod template, by API group and kind."""

BUILT_IN_GROUPS = re.compile(r"^[a-z]*$|\.k8s\.io$")
"""API groups of Kubernetes itself: their kinds hold no pod template but those of TEMPLATES."""

_MAY_HOLD_TEMPLATE = re.compile(r"(specs?|templates?|containers|jobs|jobTargetRef)$", re.IGNORECASE)
"""Members of custom resources under which operators keep pod templates (JobSet, Rollout, ScaledJob, RayCluster, …)."""

MODEL = "model"
"""Value of the component label on every pod that serves a model."""

JOB_KINDS = frozenset({"Job", "CronJob", "JobSet", "ScaledJob"})

ContainerList = Literal["containers", "initContainers", "ephemeralContainers"]
CONTAINER_LISTS: tuple[ContainerList, ...] = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True, eq=False)
class Container:
    """One container of `pod`, from the list named `role`."""

    pod: Pod
    role: ContainerList
    field: Field

    @property
    def name(self) -> str:
        """Its name, or its place in the list while the name is unknown."""
        if not self.field.unknown and isinstance(self.field.value, dict):
            name = self.field.at("name")
            if not name.unknown and isinstance(name.value, str):
                return name.value
        return self.field.path.rpartition(".")[2]

    @property
    def security(self) -> Field:
        """Its own security context."""
        return self.field.at("securityContext")


@dataclass(frozen=True, eq=False)
class Pod:
    """One pod template: `field` holds `metadata` and `spec`. `runs_to_completion` is true for jobs."""

    field: Field
    runs_to_completion: bool

    @property
    def spec(self) -> Field:
        """The pod's specification."""
        return self.field.at("spec")

    @property
    def labels(self) -> dict[str, str]:
        """The labels its pods will carry."""
        return self.field.at("metadata", "labels").strings()

    @property
    def serves_model(self) -> bool:
        """Whether its pods serve a model: every such pod carries the component label `model`."""
        return self.labels.get(COMPONENT) == MODEL

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Init, main and ephemeral containers, in this order."""
        return tuple(
            Container(self, role, container) for role in CONTAINER_LISTS for container in self.spec.at(role).items()
        )

    @property
    def named_ports(self) -> dict[str, tuple[int, str]]:
        """Name of each named container port, with its number and protocol."""
        return {port.name: (port.number, port.protocol) for port in self.ports if port.name}

    @property
    def ports(self) -> tuple[ContainerPort, ...]:
        """The ports that its main and sidecar containers declare."""
        return tuple(
            _container_port(port) for container in self.containers for port in container.field.at("ports").items()
        )


@dataclass(frozen=True, kw_only=True)
class ContainerPort:
    """One declared container port. `name` is empty when it has none."""

    name: str
    number: int
    protocol: str


def may_make_pods(group: str, kind: str) -> bool:
    """Whether objects of `kind` in API `group` may hold a pod template; a kind that is not known may."""
    return not kind or (group, kind) in TEMPLATES or not BUILT_IN_GROUPS.search(group)


def pods_in(root: Field, group: str, kind: str) -> tuple[Pod, ...]:
    """The pod templates of an object of `kind` in API `group`, `root` being the whole object.

    Custom resources are searched for anything shaped like a pod template (`spec.containers` being a list). Raises
    UnknownValueError where an unknown value may hide a template.
    """
    if not kind:
        raise UnknownValueError(root.at("kind").path)
    place = TEMPLATES.get((group, kind))
    completes = kind in JOB_KINDS
    if place is not None:
        template = root.at(*place)
        return (Pod(template, completes),) if template.at("spec").present else ()
    if BUILT_IN_GROUPS.search(group):
        return ()
    return tuple(Pod(template, completes) for template in _embedded(root.at("spec")))


def _embedded(place: Field) -> Iterator[Field]:
    value = place.value
    if isinstance(value, list):
        for item in place.items():
            yield from _embedded(item)
    if not isinstance(value, dict):
        return
    members = cast("dict[str, object]", value)
    if _is_template(members, place):
        yield place
        return
    for key, member in members.items():
        if isinstance(member, Unknown):
            if _MAY_HOLD_TEMPLATE.search(key):
                raise UnknownValueError(member.path)
        elif isinstance(member, (dict, list)):
            yield from _embedded(place.at(key))


def _is_template(members: dict[str, object], place: Field) -> bool:
    spec = members.get("spec")
    if not isinstance(spec, dict) or "containers" not in spec:
        return False
    return isinstance(place.at("spec", "containers").value, list)


def _container_port(port: Field) -> ContainerPort:
    number = port.at("containerPort")
    if not isinstance(number.value, int):
        raise MalformedError(number.path, "a port number")
    return ContainerPort(name=port.at("name").text(), number=number.value, protocol=port.at("protocol").text() or "TCP")
