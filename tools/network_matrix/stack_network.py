"""What a rendered graph says about the network: policies, namespaces, pods, and the wiring that was declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, cast

from components.base.label_selector import selects_by_map
from components.base.network_policy import Block, read_policy
from components.base.operator_objects import OPERATOR_OBJECTS
from components.base.operator_pods import OPERATOR_PODS
from components.base.port_spans import PortSpan
from components.base.reachability import Pod
from policies.cluster_contents import POD_KINDS
from policies.graph import GraphError
from policies.pods import Pod as PodTemplate
from policies.subjects import Subject, subjects_of

Graph = Mapping[str, Any]

POLICY_GROUP = "networking.k8s.io"
WIRING_TYPE = "ai-platform:network_isolation:NetworkIsolation"
ELSEWHERE = "default"
"""Stands for every namespace that the platform does not make, and in which no policy of it holds."""
STRANGER = "any other pod"
"""A pod without labels: what a policy opens to a whole namespace is open to it."""


@dataclass(frozen=True, kw_only=True)
class PodEnd:
    """Pods of one template, or pods that an operator or a chart makes. `wired` are the wired workloads they are."""

    name: str
    pod: Pod
    wired: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A wired peer outside the pod network: what is in one of `blocks` and in none of `excluded`."""

    name: str
    blocks: tuple[Block, ...]
    excluded: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class WiredEdge:
    """One declared connection between wired ends, which are named as the wiring names them."""

    source: str
    target: str
    ports: PortSpan


@dataclass(frozen=True, kw_only=True)
class StackNetwork:
    """One stack. `namespaces` maps each namespace of the stack to its labels; `dns` names the wired resolver.

    `absent` are wired workloads that neither a pod of the stack is nor one that an operator is known to make: a label
    that changed on one side only.
    """

    stack: str
    policies: tuple[Mapping[str, Any], ...]
    namespaces: Mapping[str, Mapping[str, str]]
    pods: tuple[PodEnd, ...]
    absent: tuple[str, ...]
    outside: tuple[Outside, ...]
    edges: tuple[WiredEdge, ...]
    dns: str


def read_stack_network(graph: Graph) -> StackNetwork:
    """Read the contents of a graph.json. Raises GraphError when it holds no wiring, or a policy nobody can judge."""
    every = [subject for resource in graph["resources"] for subject in subjects_of(resource)]
    subjects = [subject for subject in every if not subject.patch]
    wiring = _wiring(graph)
    ends: Mapping[str, Mapping[str, Any]] = wiring["ends"]
    workloads = {name: end for name, end in ends.items() if "labels" in end}
    namespaces = {
        subject.name: subject.root.at("metadata", "labels").strings()
        for subject in subjects
        if subject.is_a("", "Namespace")
    }
    own = [(subject, _endpoint(subject, template)) for subject in subjects for template in subject.pods]
    made_here = frozenset[str]().union(*(_wired_as(pod, workloads) for _, pod in own))
    elsewhere = {name: end for name, end in workloads.items() if name not in made_here}
    pods = (
        *_named([(subject, pod, _wired_as(pod, workloads)) for subject, pod in own]),
        *(_selected(name, end) for name, end in elsewhere.items()),
        *_strangers({*namespaces, ELSEWHERE, *(end["namespace"] for end in workloads.values())}),
    )
    return StackNetwork(
        stack=graph["stack"],
        policies=tuple(map(_policy, (subject for subject in every if subject.is_a(POLICY_GROUP, "NetworkPolicy")))),
        namespaces=namespaces,
        pods=tuple(sorted(pods, key=lambda end: end.name)),
        absent=tuple(sorted(name for name, end in elsewhere.items() if not _is_made_by_an_operator(end))),
        outside=tuple(_outside(name, end) for name, end in ends.items() if "cidrs" in end),
        edges=tuple(_edge(record) for record in wiring["edges"]),
        dns=wiring["dns"],
    )


def _policy(subject: Subject) -> Mapping[str, Any]:
    if subject.patch:
        message = f"{subject.address}: changes a policy whose other half is not in the graph; change the policy itself"
        raise GraphError(message)
    policy = cast("Mapping[str, Any]", subject.root.plain())
    try:
        read_policy(policy)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        message = f"{subject.address}: is no NetworkPolicy that an API server takes ({error})"
        raise GraphError(message) from None
    return policy


def _wiring(graph: Graph) -> Mapping[str, Any]:
    for resource in graph["resources"]:
        if resource["type"] == WIRING_TYPE and "ends" in resource["inputs"]:
            return resource["inputs"]
    message = f"resources: the ends of the wiring ({WIRING_TYPE}) are missing; run make render again"
    raise GraphError(message)


def _edge(record: Mapping[str, Any]) -> WiredEdge:
    first = int(record["port"])
    ports = PortSpan(record.get("protocol", "TCP"), first, int(record.get("lastPort", first)))
    return WiredEdge(source=record["from"], target=record["to"], ports=ports)


def _outside(name: str, end: Mapping[str, Any]) -> Outside:
    return Outside(
        name=name,
        blocks=tuple(ip_network(text) for text in end["cidrs"]),
        excluded=tuple(ip_network(text) for text in end["except"]),
    )


def _strangers(namespaces: Iterable[str]) -> Iterator[PodEnd]:
    for namespace in namespaces:
        yield PodEnd(name=f"{namespace}/{STRANGER}", pod=Pod(namespace=namespace, labels={}), wired=frozenset())


def _is_made_by_an_operator(end: Mapping[str, Any]) -> bool:
    return any(
        made.kind in POD_KINDS and made.namespace == end["namespace"] and selects_by_map(end["labels"], made.labels)
        for made in (*OPERATOR_OBJECTS, *OPERATOR_PODS)
    )


def _endpoint(subject: Subject, template: PodTemplate) -> Pod:
    return Pod(
        namespace=subject.namespace,
        labels=template.labels,
        named_ports=template.named_ports,
        host_network=template.spec.at("hostNetwork").value is True,
    )


def _wired_as(pod: Pod, workloads: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(
        name
        for name, end in workloads.items()
        if end["namespace"] == pod.namespace and selects_by_map(end["labels"], pod.labels)
    )


def _named(found: list[tuple[Subject, Pod, frozenset[str]]]) -> Iterator[PodEnd]:
    """Pods take the name that the wiring has for them: a Job's own name changes with its content."""
    wired = [next(iter(names)) if len(names) == 1 else subject.address for subject, _, names in found]
    shared = {name for name, count in Counter(wired).items() if count > 1}
    taken: Counter[str] = Counter()
    for (subject, pod, names), name in zip(found, wired, strict=True):
        full = f"{name} [{subject.kind} {subject.name}]" if name in shared else name
        taken[full] += 1
        yield PodEnd(name=full if taken[full] == 1 else f"{full} {taken[full]}", pod=pod, wired=names)


def _selected(name: str, end: Mapping[str, Any]) -> PodEnd:
    return PodEnd(name=name, pod=Pod(namespace=end["namespace"], labels=end["labels"]), wired=frozenset({name}))
