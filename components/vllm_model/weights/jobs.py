"""Pure builder of the jobs that copy weights: from the hub to the object store, and from there to a shared volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import labels
from components.base.pod_security import pod_security_context
from components.vllm_model.names import PRELOAD_COMPONENT
from components.vllm_model.server.pod import UID
from components.vllm_model.weights.scripts.outcome import REFUSED

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import JobSpecArgsDict
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, VolumeArgsDict


def job_spec(
    *,
    name: str,
    environment_label: str,
    container: ContainerArgsDict,
    volumes: list[VolumeArgsDict],
    deadline_seconds: int,
) -> JobSpecArgsDict:
    """The job called `name`, which is its ServiceAccount too. A pod that was interrupted is repeated, one that refused
    its checkpoint is not."""
    return {
        "backoff_limit": 4,
        "pod_failure_policy": {
            "rules": [
                {"action": "FailJob", "on_exit_codes": {"operator": "In", "values": [REFUSED]}},
                # Evictions and drained nodes are nobody's failure.
                {"action": "Ignore", "on_pod_conditions": [{"type": "DisruptionTarget", "status": "True"}]},
            ]
        },
        "active_deadline_seconds": deadline_seconds,
        "template": {
            "metadata": {"labels": labels.object_labels(name, PRELOAD_COMPONENT, environment_label)},
            "spec": {
                "restart_policy": "Never",
                "service_account_name": name,
                "automount_service_account_token": False,
                "enable_service_links": False,
                "security_context": pod_security_context(uid=UID, gid=0, fs_group=0),
                "priority_class_name": "platform-batch",
                "volumes": volumes,
                "containers": [container],
            },
        },
    }
