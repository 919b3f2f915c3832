"""Every name that an object uses for another one, and whether that other one exists.

A simulated node calls a pod ready whatever its pod template refers to, so nothing else would notice a name that leads
nowhere. What operators and charts make stands in one table, `components/base/operator_objects.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.base.label_selector import selects, selects_by_map
from components.base.operator_objects import OPERATOR_OBJECTS
from components.vllm_model.workloads.group import LEADER_LABEL
from tools.deploy.pod_templates import templates_of

Manifest = Mapping[str, Any]

_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Job"}
_BUILT_IN_PRIORITIES = {"system-cluster-critical", "system-node-critical"}


@dataclass(frozen=True)
class Graph:
    """The objects of one stack and the table of what others make."""

    objects: Sequence[Manifest]

    def named(self, kind: str, namespace: str, name: str) -> Manifest | None:
        for item in self.objects:
            metadata = item["metadata"]
            if (item["kind"], metadata.get("namespace", ""), metadata["name"]) == (kind, namespace, name):
                return item
        return None

    def exists(self, kind: str, namespace: str, name: str) -> bool:
        return self.named(kind, namespace, name) is not None or any(
            (made.kind, made.namespace, made.name) == (kind, namespace, name) for made in OPERATOR_OBJECTS
        )

    def keys(self, kind: str, namespace: str, name: str) -> set[str] | None:
        """Keys of a Secret or ConfigMap, None when it does not exist."""
        item = self.named(kind, namespace, name)
        if item is not None:
            return {*(item.get("data") or {}), *(item.get("stringData") or {})}
        for made in OPERATOR_OBJECTS:
            if (made.kind, made.namespace, made.name) == (kind, namespace, name):
                return set(made.keys)
        return None

    def templates(self) -> Iterator[tuple[Manifest, Manifest]]:
        for item in self.objects:
            for template in templates_of(item):
                yield item, template

    def pods(self, namespace: str) -> Iterator[tuple[Mapping[str, str], dict[str, int]]]:
        """Labels and named ports of all pods of a namespace, ours and others'."""
        for item, template in self.templates():
            if item["metadata"]["namespace"] == namespace:
                yield _pod_labels(item, template), _named_ports(template["spec"])
        for made in OPERATOR_OBJECTS:
            if made.namespace == namespace and made.kind in {*_WORKLOADS, "Pod"}:
                yield made.labels, dict(made.ports)


def broken_references(objects: Sequence[Manifest]) -> list[str]:
    """One line per reference that leads nowhere."""
    graph = Graph(objects)
    return sorted(
        {
            *_pod_references(graph),
            *_service_references(graph),
            *_route_references(graph),
            *_monitor_references(graph),
            *_autoscaler_and_budget_references(graph),
        }
    )


def _pod_labels(item: Manifest, template: Manifest) -> Mapping[str, str]:
    """Labels of the template's pods, with the one by which LeaderWorkerSet tells leaders."""
    labels: dict[str, str] = template["metadata"].get("labels") or {}
    if item["kind"] == "LeaderWorkerSet" and template is item["spec"]["leaderWorkerTemplate"]["leaderTemplate"]:
        return labels | LEADER_LABEL
    return labels


def _address(item: Manifest) -> str:
    metadata = item["metadata"]
    return f"{item['kind']} {metadata.get('namespace', '')}/{metadata['name']}"


def _named_ports(spec: Manifest) -> dict[str, int]:
    return {
        port.get("name", str(port["containerPort"])): port["containerPort"]
        for container in [*(spec.get("initContainers") or []), *spec["containers"]]
        for port in container.get("ports") or []
    }


def _pod_references(graph: Graph) -> Iterator[str]:
    for item, template in graph.templates():
        namespace, spec = item["metadata"]["namespace"], template["spec"]
        needs = [*_objects_used(spec), *_claims_used(item)]
        missing = [
            f"no {kind} {name}"
            for kind, home, name in needs
            if not graph.exists(kind, namespace if home is None else home, name)
        ]
        for kind, name, key in _keys_used(spec):
            keys = graph.keys(kind, namespace, name)
            if keys is None:
                missing.append(f"no {kind} {name}")
            elif key is not None and key not in keys:
                missing.append(f"{kind} {name} has no key {key}")
        yield from (f"{_address(item)}: {line}" for line in missing)


_NOWHERE = ""
"""Namespace of objects that live in none."""


def _objects_used(spec: Manifest) -> Iterator[tuple[str, str | None, str]]:
    """Kind, namespace (None: the pod's own) and name of what a pod refers to as a whole."""
    if spec.get("serviceAccountName"):
        yield "ServiceAccount", None, spec["serviceAccountName"]
    if spec.get("priorityClassName", "system-") not in {"system-", *_BUILT_IN_PRIORITIES}:
        yield "PriorityClass", _NOWHERE, spec["priorityClassName"]
    if spec.get("runtimeClassName"):
        yield "RuntimeClass", _NOWHERE, spec["runtimeClassName"]
    for volume in spec.get("volumes") or []:
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", None, volume["persistentVolumeClaim"]["claimName"]


def _claims_used(item: Manifest) -> Iterator[tuple[str, str | None, str]]:
    for claim in item["spec"].get("volumeClaimTemplates") or []:
        yield "StorageClass", _NOWHERE, claim["spec"].get("storageClassName") or "(none named)"
    if item["spec"].get("serviceName"):
        yield "Service", None, item["spec"]["serviceName"]


def _keys_used(spec: Manifest) -> Iterator[tuple[str, str, str | None]]:
    """Kind, name and key (None: the whole object) of each Secret and ConfigMap that a pod refers to."""
    for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
        yield from _variable_keys(container)
    for volume in spec.get("volumes") or []:
        yield from _volume_keys(volume)
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield from _volume_keys(source)
    for pull in spec.get("imagePullSecrets") or []:
        yield "Secret", pull["name"], None


def _variable_keys(container: Manifest) -> Iterator[tuple[str, str, str | None]]:
    for variable in container.get("env") or []:
        source = variable.get("valueFrom") or {}
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            if field in source:
                yield kind, source[field]["name"], source[field]["key"]
    for source in container.get("envFrom") or []:
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if field in source:
                yield kind, source[field]["name"], None


def _volume_keys(source: Manifest) -> Iterator[tuple[str, str, str | None]]:
    for field, kind, name_key in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
        if field in source:
            name = source[field].get(name_key) or source[field]["name"]
            items = source[field].get("items")
            for key in [item["key"] for item in items] if items else [None]:
                yield kind, name, key


def _service_references(graph: Graph) -> Iterator[str]:
    for item in graph.objects:
        selector = item.get("spec", {}).get("selector") if item["kind"] == "Service" else None
        if not selector:
            continue
        pods = [
            ports for labels, ports in graph.pods(item["metadata"]["namespace"]) if selects_by_map(selector, labels)
        ]
        if not pods:
            yield f"{_address(item)}: selects no pod"
        for port in item["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            for ports in pods:
                if target not in ports and target not in ports.values():
                    yield f"{_address(item)}: its pods have no port {target}"


def _service_ports(graph: Graph, namespace: str, name: str) -> dict[str, int] | None:
    item = graph.named("Service", namespace, name)
    if item is not None:
        return {port.get("name", str(port["port"])): port["port"] for port in item["spec"]["ports"]}
    for made in OPERATOR_OBJECTS:
        if (made.kind, made.namespace, made.name) == ("Service", namespace, name):
            return dict(made.ports)
    return None


def _route_references(graph: Graph) -> Iterator[str]:
    for item in graph.objects:
        if item["kind"] != "HTTPRoute":
            continue
        namespace = item["metadata"]["namespace"]
        for parent in item["spec"]["parentRefs"]:
            gateway = graph.named("Gateway", parent.get("namespace", namespace), parent["name"])
            listeners = {entry["name"] for entry in gateway["spec"]["listeners"]} if gateway else set()
            if parent.get("sectionName") not in {None, *listeners}:
                yield f"{_address(item)}: no listener {parent.get('sectionName')} of Gateway {parent['name']}"
        for rule in item["spec"].get("rules") or []:
            for backend in rule.get("backendRefs") or []:
                ports = _service_ports(graph, backend.get("namespace", namespace), backend["name"])
                if ports is None:
                    yield f"{_address(item)}: no Service {backend['name']}"
                elif backend["port"] not in ports.values():
                    yield f"{_address(item)}: Service {backend['name']} has no port {backend['port']}"


def _monitor_references(graph: Graph) -> Iterator[str]:
    for item in graph.objects:
        if item["kind"] not in {"ServiceMonitor", "PodMonitor"}:
            continue
        spec = item["spec"]
        namespaces = spec.get("namespaceSelector", {}).get("matchNames") or [item["metadata"]["namespace"]]
        for endpoint in spec.get("endpoints") or spec.get("podMetricsEndpoints") or []:
            port = endpoint.get("port")
            find = _monitored_services if item["kind"] == "ServiceMonitor" else _monitored_pods
            found = [ports for namespace in namespaces for ports in find(graph, namespace, spec["selector"])]
            if not found:
                yield f"{_address(item)}: selects nothing in {', '.join(namespaces)}"
            elif not any(port in ports for ports in found):
                yield f"{_address(item)}: nothing it selects has a port named {port}"


def _monitored_services(graph: Graph, namespace: str, selector: Manifest) -> Iterator[dict[str, int]]:
    for item in graph.objects:
        metadata = item["metadata"]
        here = item["kind"] == "Service" and metadata.get("namespace") == namespace
        if here and selects(selector, metadata.get("labels") or {}):
            yield {port.get("name", ""): port["port"] for port in item["spec"]["ports"]}
    for made in OPERATOR_OBJECTS:
        if made.kind == "Service" and made.namespace == namespace and selects(selector, made.labels):
            yield dict(made.ports)


def _monitored_pods(graph: Graph, namespace: str, selector: Manifest) -> Iterator[dict[str, int]]:
    for labels, ports in graph.pods(namespace):
        if selects(selector, labels):
            yield ports


def _autoscaler_and_budget_references(graph: Graph) -> Iterator[str]:
    for item in graph.objects:
        namespace = item["metadata"].get("namespace", "")
        if item["kind"] == "HorizontalPodAutoscaler":
            target = item["spec"]["scaleTargetRef"]
            if not graph.exists(target["kind"], namespace, target["name"]):
                yield f"{_address(item)}: no {target['kind']} {target['name']}"
        if item["kind"] == "PodDisruptionBudget" and not any(
            selects(item["spec"]["selector"], labels) for labels, _ in graph.pods(namespace)
        ):
            yield f"{_address(item)}: selects no pod"
