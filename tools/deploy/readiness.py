"""Whether workloads are ready, as `kubectl rollout status` sees it, and why a pod does not start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Manifest = Mapping[str, Any]

_UNOBSERVED = {"Job", "HorizontalPodAutoscaler"}

WORKLOAD_RESOURCES = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch")


@dataclass(frozen=True, kw_only=True)
class WorkloadState:
    """One workload. `ready` and `wanted` count pods; of a Job, completions."""

    kind: str
    namespace: str
    name: str
    ready: int
    wanted: int
    settled: bool

    @property
    def address(self) -> str:
        """`Kind namespace/name`."""
        return f"{self.kind} {self.namespace}/{self.name}"


def workload_state(item: Manifest) -> WorkloadState:
    """State of one Deployment, StatefulSet, DaemonSet, Job or autoscaler as the API server reports it."""
    status: Mapping[str, Any] = item.get("status") or {}
    ready, wanted, current = _COUNTERS[item["kind"]](item.get("spec") or {}, status)
    # Jobs and autoscalers without metrics report no observed generation.
    observed = item["kind"] in _UNOBSERVED or status.get("observedGeneration", 0) >= item["metadata"]["generation"]
    return WorkloadState(
        kind=item["kind"],
        namespace=item["metadata"]["namespace"],
        name=item["metadata"]["name"],
        ready=ready,
        wanted=wanted,
        settled=ready >= wanted and current and observed,
    )


def _deployment(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[int, int, bool]:
    wanted = spec.get("replicas", 1)
    current = status.get("updatedReplicas", 0) >= wanted and status.get("replicas", 0) <= wanted
    return status.get("availableReplicas", 0), wanted, current


def _stateful_set(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[int, int, bool]:
    wanted = spec.get("replicas", 1)
    return status.get("readyReplicas", 0), wanted, status.get("updatedReplicas", 0) >= wanted


def _daemon_set(_: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[int, int, bool]:
    wanted = status.get("desiredNumberScheduled", 0)
    return status.get("numberAvailable", 0), wanted, status.get("updatedNumberScheduled", 0) >= wanted


def _job(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[int, int, bool]:
    return status.get("succeeded", 0), spec.get("completions", 1), True


def _autoscaler(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[int, int, bool]:
    return status.get("currentReplicas", 0), spec.get("minReplicas", 1), True


_COUNTERS = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "HorizontalPodAutoscaler": _autoscaler,
}


def unschedulable(pods: Iterable[Manifest]) -> dict[str, str]:
    """Pods that the scheduler could not place: `namespace/name` → the scheduler's own reason."""
    reasons: dict[str, str] = {}
    for pod in pods:
        for condition in (pod.get("status") or {}).get("conditions") or []:
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                address = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
                reasons[address] = condition.get("message") or condition.get("reason") or "no reason given"
    return reasons


def failed_jobs(items: Iterable[Manifest]) -> dict[str, str]:
    """Jobs that gave up: `namespace/name` → message."""
    failures: dict[str, str] = {}
    for item in items:
        for condition in (item.get("status") or {}).get("conditions") or []:
            if item["kind"] == "Job" and condition["type"] == "Failed" and condition["status"] == "True":
                failures[f"{item['metadata']['namespace']}/{item['metadata']['name']}"] = condition.get("message", "")
    return failures
