"""Pure builders of the Qdrant servers. Environment variables are Qdrant's configuration keys, joined by `__`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.base import labels, naming, pod_security
from components.base.namespaces import DATA
from components.base.wiring import Workload
from components.rag_data_layer import placement

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import StatefulSetSpecArgsDict
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvVarArgsDict,
        PersistentVolumeClaimArgsDict,
        PodTemplateSpecArgsDict,
        ProbeArgsDict,
        ServiceSpecArgsDict,
    )
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgsDict

NAME = "vector-store"
COMPONENT = "vector-store"
PEERS = f"{NAME}-peers"

HTTP_PORT = 6333
GRPC_PORT = 6334
PEER_PORT = 6335

API_KEY = "api-key"
READ_ONLY_KEY = "read-only-api-key"

SERVER = Workload.of(DATA, NAME, COMPONENT)

_UID = 1000  # of the image's `-unprivileged` variant
_FOLDER = "/qdrant"
_MEMORY_GIB = 4

_START = f"""\
set -eu
# Every segment of a collection keeps files open; the soft limit of most container runtimes is 1024.
ulimit -n "$(ulimit -Hn)"
peer() {{ echo "http://{NAME}-$1.{PEERS}.{DATA}.svc.cluster.local:{PEER_PORT}"; }}
ordinal=${{POD_NAME##*-}}
if [ "$ordinal" = 0 ]; then
  exec ./entrypoint.sh --uri "$(peer 0)"
fi
exec ./entrypoint.sh --bootstrap "$(peer 0)" --uri "$(peer "$ordinal")"
"""


@dataclass(frozen=True, kw_only=True)
class QdrantServers:
    """`storage_gib` is the size of each server's volume. `secret` is the name of the Secret with the keys."""

    image: str
    environment: str
    replicas: int
    storage_gib: int
    storage_class: str
    secret: pulumi.Input[str]


def host() -> str:
    """Host name for clients in any namespace."""
    return naming.service_host(NAME, DATA)


def service_spec() -> ServiceSpecArgsDict:
    """The Service that clients use."""
    return {
        "selector": labels.selector_labels(NAME, COMPONENT),
        "ports": [
            {"name": "http", "port": HTTP_PORT, "target_port": "http"},
            {"name": "grpc", "port": GRPC_PORT, "target_port": "grpc"},
        ],
    }


def peers_service_spec() -> ServiceSpecArgsDict:
    """The headless Service that gives servers names. They join each other before they are ready."""
    return {
        "cluster_ip": "None",
        "publish_not_ready_addresses": True,
        "selector": labels.selector_labels(NAME, COMPONENT),
        "ports": [{"name": "peer", "port": PEER_PORT}],
    }


def disruption_budget_spec() -> PodDisruptionBudgetSpecArgsDict:
    """One server at a time: every shard has two copies, and the others are still a majority."""
    return {"max_unavailable": 1, "selector": {"match_labels": labels.selector_labels(NAME, COMPONENT)}}


def stateful_set_spec(servers: QdrantServers) -> StatefulSetSpecArgsDict:
    """Specification of the StatefulSet."""
    return {
        "replicas": servers.replicas,
        "service_name": PEERS,
        "pod_management_policy": "Parallel",
        "selector": {"match_labels": labels.selector_labels(NAME, COMPONENT)},
        "template": pod_template(servers),
        "volume_claim_templates": [_claim(servers)],
        "persistent_volume_claim_retention_policy": {"when_deleted": "Retain", "when_scaled": "Retain"},
    }


def pod_template(servers: QdrantServers) -> PodTemplateSpecArgsDict:
    """The pod: user 1000, read-only root, its own node."""
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
            "volumes": [{"name": "init", "empty_dir": {"size_limit": "1Mi"}}],
        },
    }


def _container(servers: QdrantServers) -> ContainerArgsDict:
    return {
        "name": "qdrant",
        "image": servers.image,
        "command": ["/bin/bash", "-c", _START],
        "env": _environment(servers),
        "ports": [
            {"name": "http", "container_port": HTTP_PORT},
            {"name": "grpc", "container_port": GRPC_PORT},
            {"name": "peer", "container_port": PEER_PORT},
        ],
        "resources": pod_security.resources(cpu="500m", cpu_limit="4", memory=f"{_MEMORY_GIB}Gi"),
        "security_context": pod_security.container_security_context(),
        # It opens its ports only after all collections are loaded.
        "startup_probe": _probe("/livez", period=5, failures=360),
        "readiness_probe": _probe("/readyz", period=10, failures=6),
        "liveness_probe": _probe("/livez", period=20, failures=6),
        "volume_mounts": [
            {"name": "data", "mount_path": f"{_FOLDER}/data"},
            {"name": "init", "mount_path": f"{_FOLDER}/init"},
        ],
    }


def _environment(servers: QdrantServers) -> list[EnvVarArgsDict]:
    plain = {
        # A single server runs as a cluster of one, so that it can be joined by others later.
        "QDRANT__CLUSTER__ENABLED": "true",
        "QDRANT__STORAGE__STORAGE_PATH": f"{_FOLDER}/data/storage",
        "QDRANT__STORAGE__SNAPSHOTS_PATH": f"{_FOLDER}/data/snapshots",
        "QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR": str(min(2, servers.replicas)),
        "QDRANT__TELEMETRY_DISABLED": "true",
        "QDRANT__SERVICE__ENABLE_STATIC_CONTENT": "false",
        "QDRANT__SERVICE__ENABLE_CORS": "false",
        # Otherwise a client makes the server fetch any address that it can reach.
        "QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY": "false",
        "QDRANT_INIT_FILE_PATH": f"{_FOLDER}/init/.qdrant-initialized",
    }
    keys = {"QDRANT__SERVICE__API_KEY": API_KEY, "QDRANT__SERVICE__READ_ONLY_API_KEY": READ_ONLY_KEY}
    return [
        {"name": "POD_NAME", "value_from": {"field_ref": {"field_path": "metadata.name"}}},
        *({"name": name, "value": value} for name, value in plain.items()),
        *(
            {"name": name, "value_from": {"secret_key_ref": {"name": servers.secret, "key": key}}}
            for name, key in keys.items()
        ),
    ]


def _probe(path: str, *, period: int, failures: int) -> ProbeArgsDict:
    return {
        "http_get": {"path": path, "port": "http"},
        "period_seconds": period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }


def _claim(servers: QdrantServers) -> PersistentVolumeClaimArgsDict:
    return {
        "metadata": {"name": "data", "labels": labels.selector_labels(NAME, COMPONENT)},
        "spec": {
            "access_modes": ["ReadWriteOnce"],
            "storage_class_name": servers.storage_class,
            "resources": {"requests": {"storage": f"{servers.storage_gib}Gi"}},
        },
    }
