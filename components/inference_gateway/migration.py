"""The Job that brings LiteLLM's database to the schema of its version, before any pod of that version serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import labels, pod_security
from components.inference_gateway.job_pods import job_template
from components.inference_gateway.names import MIGRATION_COMPONENT, MIGRATION_NAME, NAMESPACE
from components.inference_gateway.workload import scratch_mounts, scratch_volumes

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import JobSpecArgsDict
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

_DEADLINE_SECONDS = 1800


def metadata(environment: str) -> ObjectMetaArgsDict:
    """Metadata without a name: a changed Job gets a new one, because Jobs cannot be changed."""
    return {
        "namespace": NAMESPACE,
        "labels": labels.object_labels(MIGRATION_NAME, MIGRATION_COMPONENT, environment),
    }


def job_spec(*, image: str, environment: str, service_account: str, variables: list[EnvVarArgsDict]) -> JobSpecArgsDict:
    """Specification of the Job: repeated while the database is not up yet, given up after half an hour."""
    return {
        "backoff_limit": 10,
        "active_deadline_seconds": _DEADLINE_SECONDS,
        "template": job_template(
            MIGRATION_NAME,
            MIGRATION_COMPONENT,
            environment=environment,
            service_account=service_account,
            priority="platform-critical",
            container={
                "name": "migration",
                "image": image,
                "command": ["python", "litellm/proxy/prisma_migration.py"],
                "working_dir": "/app",
                "env": variables,
                "resources": pod_security.resources(cpu="250m", cpu_limit="1", memory="1Gi"),
                "security_context": pod_security.container_security_context(),
                "volume_mounts": scratch_mounts(),
            },
            volumes=scratch_volumes(),
        ),
    }
