"""Waits until every workload is ready, and says what keeps one from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tools.deploy.errors import DeployError
from tools.deploy.progress import Progress
from tools.deploy.readiness import WORKLOAD_RESOURCES, WorkloadState, failed_jobs, unschedulable, workload_state
from tools.simulator.kubectl import Kubectl

UNSCHEDULABLE_PATIENCE_SECONDS = 60
"""How long a pod may wait for a place: long enough for volumes to bind, short of a person's patience."""

TIMEOUT_SECONDS = 600
_POLL_SECONDS = 1.0


def workload_states(kubectl: Kubectl) -> tuple[WorkloadState, ...]:
    """All workloads and autoscalers of the cluster, sorted by address."""
    resources = ",".join((*WORKLOAD_RESOURCES, "horizontalpodautoscalers.autoscaling"))
    items = kubectl.get(resources)
    return tuple(sorted((workload_state(item) for item in items), key=lambda state: state.address))


def wait_until_ready(kubectl: Kubectl, progress: Progress, check: Callable[[], None]) -> tuple[WorkloadState, ...]:
    """Poll until all workloads are settled. `check` raises when the cluster itself has died.

    Raises DeployError with the scheduler's own reason for each pod that has had no place for 60 s, with the message of
    a failed Job, or with the workloads that are not ready after ten minutes.
    """
    started = time.monotonic()
    waiting_since: dict[str, float] = {}
    with progress.phase("wait until every workload is ready", total=len(workload_states(kubectl))) as advance:
        while True:
            check()
            states = workload_states(kubectl)
            unsettled = [state for state in states if not state.settled]
            advance(len(states) - len(unsettled))
            if not unsettled:
                return states
            _raise_if_stuck(kubectl, waiting_since)
            if time.monotonic() - started > TIMEOUT_SECONDS:
                raise DeployError(_late(unsettled))
            time.sleep(_POLL_SECONDS)


def _raise_if_stuck(kubectl: Kubectl, waiting_since: dict[str, float]) -> None:
    failures = failed_jobs(kubectl.get("jobs.batch"))
    if failures:
        raise DeployError("\n".join(f"Job {address} failed: {message}" for address, message in failures.items()))
    now = time.monotonic()
    reasons = unschedulable(kubectl.get("pods"))
    for address in waiting_since.keys() - reasons.keys():
        del waiting_since[address]
    for address in reasons:
        waiting_since.setdefault(address, now)
    stuck = sorted(address for address, since in waiting_since.items() if now - since > UNSCHEDULABLE_PATIENCE_SECONDS)
    if stuck:
        raise DeployError("\n".join(f"pod {address} cannot be scheduled: {reasons[address]}" for address in stuck))


def _late(states: Sequence[WorkloadState]) -> str:
    lines = [f"{state.address} has {state.ready} of {state.wanted} ready" for state in states]
    return "\n".join([f"not ready after {TIMEOUT_SECONDS} s:", *lines])
