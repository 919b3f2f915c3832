"""Orders that only the engine would notice: it waits for a resource before it creates what depends on it."""

from __future__ import annotations

from components.base.label_selector import selects_by_map
from tools.render.graph import RenderedStack
from tools.render.monitor import RecordedResource

CHART = "kubernetes:helm.sh/v4:Chart"
WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet"}


def needs(rendered: RenderedStack) -> dict[str, set[str]]:
    """URN → everything that must exist before it: dependencies, and the children of components it depends on."""
    children: dict[str, set[str]] = {}
    for resource in rendered.resources:
        children.setdefault(resource.parent, set()).add(resource.urn)
    direct = {resource.urn: set(resource.depends_on) for resource in rendered.resources}

    def expand(urn: str) -> set[str]:
        return {urn} | {deeper for child in children.get(urn, set()) for deeper in expand(child)}

    closed: dict[str, set[str]] = {}

    def close(urn: str) -> set[str]:
        if urn not in closed:
            closed[urn] = set()
            found = {member for target in direct.get(urn, set()) for member in expand(target)}
            closed[urn] = found | {deeper for target in found for deeper in close(target)}
        return closed[urn]

    return {urn: close(urn) for urn in direct}


def test_no_pod_waits_for_a_service_that_waits_for_that_pod(rendered: RenderedStack) -> None:
    """The provider holds a Service back until a ready pod stands behind it, ten minutes long."""
    required = needs(rendered)
    services = [item for item in rendered.objects if item.inputs["kind"] == "Service"]
    workloads = [item for item in rendered.objects if item.inputs["kind"] in WORKLOADS]
    assert services
    for service in services:
        if not is_waited_for(service):
            continue
        for workload in workloads:
            assert not (behind(service, workload) and service.urn in required[workload.urn]), service.urn


def test_a_service_waits_for_the_jobs_that_its_pods_wait_for(rendered: RenderedStack) -> None:
    """Its time runs from its creation: beside a Job that copies weights for an hour it would be over before a pod is
    made."""
    required = needs(rendered)
    jobs = {item.urn for item in rendered.objects if item.inputs["kind"] == "Job"}
    workloads = [item for item in rendered.objects if item.inputs["kind"] in WORKLOADS]
    held_back = 0
    for service in rendered.objects:
        if service.inputs["kind"] != "Service" or not is_waited_for(service):
            continue
        for workload in workloads:
            if behind(service, workload):
                first = required[workload.urn] & jobs
                held_back += bool(first)
                assert first <= required[service.urn], service.urn
    assert held_back >= 3


def is_waited_for(service: RecordedResource) -> bool:
    annotations = service.inputs["metadata"].get("annotations") or {}
    return service.inputs["spec"].get("clusterIP") != "None" and "pulumi.com/skipAwait" not in annotations


def behind(service: RecordedResource, workload: RecordedResource) -> bool:
    labels = workload.inputs["spec"]["template"]["metadata"].get("labels") or {}
    same = service.inputs["metadata"]["namespace"] == workload.inputs["metadata"]["namespace"]
    return same and selects_by_map(service.inputs["spec"].get("selector") or {"": "none"}, labels)


def test_nothing_depends_on_itself(rendered: RenderedStack) -> None:
    assert not [urn for urn, required in needs(rendered).items() if urn in required]


def test_every_namespaced_object_waits_for_its_namespace(rendered: RenderedStack) -> None:
    required = needs(rendered)
    namespaces = {
        item.inputs["metadata"]["name"]: item.urn for item in rendered.objects if item.inputs["kind"] == "Namespace"
    }
    homes = {item.urn: item.inputs["metadata"].get("namespace") for item in rendered.objects}
    charts = {item.urn: item.inputs["namespace"] for item in rendered.resources if item.type == CHART}
    assert bool(charts) == (rendered.stack != "local")
    late = [
        urn
        for urn, namespace in (homes | charts).items()
        if namespace in namespaces and namespaces[namespace] not in required[urn]
    ]
    assert late == []
