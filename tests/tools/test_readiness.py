from __future__ import annotations

from typing import Any

import pytest

from tools.deploy.readiness import failed_jobs, unschedulable, workload_state


def workload(kind: str, spec: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"namespace": "n", "name": "x", "generation": 2}, "spec": spec, "status": status}


SETTLED = {
    "Deployment": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
    "StatefulSet": {"observedGeneration": 2, "readyReplicas": 2, "updatedReplicas": 2},
    "DaemonSet": {
        "observedGeneration": 2,
        "desiredNumberScheduled": 2,
        "numberAvailable": 2,
        "updatedNumberScheduled": 2,
    },
}


@pytest.mark.parametrize("kind", SETTLED)
def test_a_workload_whose_pods_are_all_current_and_ready_is_settled(kind: str) -> None:
    assert workload_state(workload(kind, {"replicas": 2}, SETTLED[kind])).settled


@pytest.mark.parametrize("kind", SETTLED)
def test_a_status_of_an_older_generation_says_nothing(kind: str) -> None:
    assert not workload_state(workload(kind, {"replicas": 2}, SETTLED[kind] | {"observedGeneration": 1})).settled


@pytest.mark.parametrize("kind", SETTLED)
def test_a_workload_without_status_is_not_settled(kind: str) -> None:
    assert not workload_state(workload(kind, {"replicas": 2}, {})).settled


def test_a_deployment_with_an_old_pod_left_is_not_settled() -> None:
    status = SETTLED["Deployment"] | {"replicas": 3}
    assert not workload_state(workload("Deployment", {"replicas": 2}, status)).settled


def test_a_job_is_settled_when_it_completed() -> None:
    assert workload_state(workload("Job", {}, {"succeeded": 1})).settled
    assert not workload_state(workload("Job", {}, {"active": 1})).settled


def test_an_autoscaler_is_settled_when_its_minimum_runs() -> None:
    spec = {"minReplicas": 2}
    assert workload_state(workload("HorizontalPodAutoscaler", spec, {"currentReplicas": 2})).settled
    assert not workload_state(workload("HorizontalPodAutoscaler", spec, {"currentReplicas": 1})).settled


def test_the_schedulers_own_reason_is_kept() -> None:
    pod = {
        "metadata": {"namespace": "models", "name": "big-0"},
        "status": {
            "conditions": [{"type": "PodScheduled", "status": "False", "message": "0/5 nodes: Insufficient GPU"}]
        },
    }
    assert unschedulable([pod]) == {"models/big-0": "0/5 nodes: Insufficient GPU"}


def test_a_job_that_gave_up_is_reported_with_its_message() -> None:
    job = workload("Job", {}, {"conditions": [{"type": "Failed", "status": "True", "message": "backoff limit"}]})
    assert failed_jobs([job]) == {"n/x": "backoff limit"}
