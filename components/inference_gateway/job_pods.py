"""The pod template of jobs that run beside LiteLLM, one container each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import labels, pod_security
from components.base.priorities import Priority
from components.inference_gateway.names import UID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi_kubernetes.core.v1 import ContainerArgsDict, PodTemplateSpecArgsDict, VolumeArgsDict


def job_template(
    name: str,
    component: str,
    *,
    environment: str,
    service_account: str,
    priority: Priority,
    container: ContainerArgsDict,
    volumes: Sequence[VolumeArgsDict],
) -> PodTemplateSpecArgsDict:
    """Template of a pod that is repeated until it succeeds."""
    return {
        "metadata": {"labels": labels.object_labels(name, component, environment)},
        "spec": {
            "restart_policy": "OnFailure",
            "service_account_name": service_account,
            "automount_service_account_token": False,
            "enable_service_links": False,
            "priority_class_name": priority,
            "security_context": pod_security.pod_security_context(uid=UID),
            "containers": [container],
            "volumes": list(volumes),
        },
    }
