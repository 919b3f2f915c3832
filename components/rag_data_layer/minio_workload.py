"""Pure builders of the MinIO servers: one, or one erasure set with a drive in each server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.base import labels, pod_security
from components.rag_data_layer import minio_config, object_store, placement
from components.rag_data_layer.object_store import COMPONENT, NAME, PEERS

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import StatefulSetSpecArgsDict
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvVarArgsDict,
        PodTemplateSpecArgsDict,
        ProbeArgsDict,
    )

ROOT_USER_KEY = "root-user"
ROOT_PASSWORD_KEY = "root-password"  # noqa: S105 # the key of the Secret, not its value

_UID = 1000
_MEMORY_GIB = 4


@dataclass(frozen=True, kw_only=True)
class MinioServers:
    """`capacity_gib` is what all servers together hold. `secret` is the name of the Secret with the root key."""

    image: str
    environment: str
    replicas: int
    capacity_gib: int
    storage_class: str
    secret: pulumi.Input[str]


def stateful_set_spec(servers: MinioServers) -> StatefulSetSpecArgsDict:
    """Specification of the StatefulSet. The number of servers is part of the drives' layout and never changes."""
    return {
        "replicas": servers.replicas,
        "service_name": PEERS,
        # An erasure set comes up only when most of its drives are there.
        "pod_management_policy": "Parallel",
        "selector": {"match_labels": labels.selector_labels(NAME, COMPONENT)},
        "template": pod_template(servers),
        "volume_claim_templates": [
            object_store.claim(servers.storage_class, minio_config.claim_gib(servers.capacity_gib, servers.replicas))
        ],
        "persistent_volume_claim_retention_policy": {"when_deleted": "Retain", "when_scaled": "Retain"},
    }


def pod_template(servers: MinioServers) -> PodTemplateSpecArgsDict:
    """The pod: not root, read-only root, its own node."""
    return {
        "metadata": {"labels": labels.object_labels(NAME, COMPONENT, servers.environment)},
        "spec": {
            "service_account_name": NAME,
            "automount_service_account_token": False,
            "enable_service_links": False,
            "priority_class_name": "platform-critical",
            "security_context": pod_security.pod_security_context(uid=_UID),
            "termination_grace_period_seconds": 60,
            "affinity": placement.one_per_node(NAME, COMPONENT),
            "containers": [_container(servers)],
            "volumes": [{"name": "tmp", "empty_dir": {"size_limit": "64Mi"}}],
        },
    }


def _container(servers: MinioServers) -> ContainerArgsDict:
    return {
        "name": "minio",
        "image": servers.image,
        # Not the image's entry point: it changes the user, which a pod that is not root may not.
        "command": ["minio"],
        "args": [
            "server",
            f"--address=:{minio_config.PORT}",
            "--certs-dir=/tmp/certs",  # the default is in a home folder that is read-only
            minio_config.drives(servers.replicas),
        ],
        "env": _environment(servers.secret),
        "ports": [{"name": "s3", "container_port": minio_config.PORT}],
        "resources": pod_security.resources(cpu="500m", cpu_limit="4", memory=f"{_MEMORY_GIB}Gi"),
        "security_context": pod_security.container_security_context(),
        # They answer before the drives are assembled, and must: servers find each other only once they are reachable.
        "startup_probe": _probe("/minio/health/live", period=5, failures=120),
        "readiness_probe": _probe("/minio/health/ready", period=10, failures=3),
        "liveness_probe": _probe("/minio/health/live", period=20, failures=6),
        "volume_mounts": [
            {"name": "data", "mount_path": minio_config.DATA_FOLDER},
            {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108 # an own empty volume
        ],
    }


def _environment(secret: pulumi.Input[str]) -> list[EnvVarArgsDict]:
    return [
        {"name": "MINIO_ROOT_USER", "value_from": {"secret_key_ref": {"name": secret, "key": ROOT_USER_KEY}}},
        {"name": "MINIO_ROOT_PASSWORD", "value_from": {"secret_key_ref": {"name": secret, "key": ROOT_PASSWORD_KEY}}},
        {"name": "MINIO_REGION", "value": object_store.REGION},
        # The console is a second way in, with the root key.
        {"name": "MINIO_BROWSER", "value": "off"},
        {"name": "MINIO_UPDATE", "value": "off"},
    ]


def _probe(path: str, *, period: int, failures: int) -> ProbeArgsDict:
    return {
        "http_get": {"path": path, "port": "s3"},
        "period_seconds": period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }
