"""Pure builders of the SeaweedFS servers.

Every server runs all parts (master, volume, filer, S3 gateway) in one process, the same arguments for one server as for
five: masters elect a leader, volumes copy each other's files, filers replicate each other's index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.base import labels, pod_security
from components.rag_data_layer import object_store, placement, seaweedfs_config
from components.rag_data_layer.object_store import COMPONENT, NAME, PEERS

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import StatefulSetSpecArgsDict
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvVarArgsDict,
        PodTemplateSpecArgsDict,
        ProbeArgsDict,
        VolumeArgsDict,
        VolumeMountArgsDict,
    )

S3_PORT = 8333
METRICS_PORT = 9327
MASTER_PORT = 9333

PEER_PORTS = {
    "master": MASTER_PORT,
    "master-grpc": 19333,
    "volume": 8080,
    "volume-grpc": 18080,
    "filer-grpc": 18888,
    "s3-grpc": 18333,
}
"""Ports between servers, by name. The filer's own HTTP port stays shut (`-disableHttp`)."""

UID = 1000  # user `seaweed` of the image

IDENTITIES_KEY = "identities.json"
TOKEN_KEYS = (
    "WEED_JWT_SIGNING_KEY",
    "WEED_JWT_SIGNING_READ_KEY",
    "WEED_JWT_FILER_SIGNING_KEY",
    "WEED_JWT_FILER_SIGNING_READ_KEY",
)
"""Variables with the keys by which servers sign requests to each other. Without them whoever reaches a server's
internal ports reads and writes any object and adds S3 users."""

_CONFIG_FOLDER = "/etc/seaweedfs"
_IDENTITIES_FOLDER = "/etc/seaweedfs-s3"
_MEMORY_GIB = 2


@dataclass(frozen=True, kw_only=True)
class SeaweedFsServers:
    """`capacity_gib` is what all servers together hold. `config_map` and `secret` are names of the two objects."""

    image: str
    environment: str
    replicas: int
    capacity_gib: int
    storage_class: str
    config_map: pulumi.Input[str]
    secret: pulumi.Input[str]


def arguments(replicas: int, capacity_gib: int) -> list[str]:
    """Arguments of `weed`. `$(POD_NAME)` is filled in by the kubelet."""
    claim = seaweedfs_config.claim_gib(capacity_gib, replicas)
    own_host = object_store.hosts(1)[0].replace(f"{NAME}-0", "$(POD_NAME)", 1)
    masters = ",".join(f"{host}:{MASTER_PORT}" for host in object_store.hosts(replicas))
    return [
        "-logtostderr=true",
        "server",
        f"-dir={seaweedfs_config.DATA_FOLDER}",
        # The name is the server's identity in the cluster; a pod's address changes with every start.
        f"-ip={own_host}",
        "-ip.bind=0.0.0.0",
        "-disableHttp=true",
        f"-metricsPort={METRICS_PORT}",
        f"-master.peers={masters}",
        f"-master.defaultReplication={seaweedfs_config.replication(replicas)}",
        f"-master.volumeSizeLimitMB={seaweedfs_config.file_size_limit_mb(claim)}",
        "-master.telemetry=false",
        # 0: as many storage files as the volume has room for.
        "-volume.max=0",
        f"-volume.minFreeSpace={seaweedfs_config.MIN_FREE_PERCENT}",
        # An index in memory grows with the number of objects, and the pod's memory does not.
        "-volume.index=leveldb",
        "-filer=true",
        "-s3=true",
        f"-s3.port={S3_PORT}",
        f"-s3.config={_IDENTITIES_FOLDER}/{IDENTITIES_KEY}",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        "-s3.allowDeleteBucketNotEmpty=false",
    ]


def stateful_set_spec(servers: SeaweedFsServers) -> StatefulSetSpecArgsDict:
    """Specification of the StatefulSet."""
    return {
        "replicas": servers.replicas,
        "service_name": PEERS,
        # Masters wait for a majority, so all must start together.
        "pod_management_policy": "Parallel",
        # The index of a restarted server catches up before the next one stops.
        "min_ready_seconds": 30 if servers.replicas > 1 else 0,
        "selector": {"match_labels": labels.selector_labels(NAME, COMPONENT)},
        "template": pod_template(servers),
        "volume_claim_templates": [
            object_store.claim(
                servers.storage_class, seaweedfs_config.claim_gib(servers.capacity_gib, servers.replicas)
            )
        ],
        "persistent_volume_claim_retention_policy": {"when_deleted": "Retain", "when_scaled": "Retain"},
    }


def pod_template(servers: SeaweedFsServers) -> PodTemplateSpecArgsDict:
    """The pod: user `seaweed`, read-only root, its own node."""
    volumes: list[VolumeArgsDict] = [
        {"name": "config", "config_map": {"name": servers.config_map}},
        {
            "name": "identities",
            "secret": {"secret_name": servers.secret, "items": [{"key": IDENTITIES_KEY, "path": IDENTITIES_KEY}]},
        },
        # Sockets between the parts of one process.
        {"name": "tmp", "empty_dir": {"size_limit": "64Mi"}},
    ]
    return {
        "metadata": {"labels": labels.object_labels(NAME, COMPONENT, servers.environment)},
        "spec": {
            "service_account_name": NAME,
            "automount_service_account_token": False,
            "enable_service_links": False,
            "priority_class_name": "platform-critical",
            "security_context": pod_security.pod_security_context(uid=UID),
            # A server stops taking writes, waits ten seconds for those under way and closes its files.
            "termination_grace_period_seconds": 60,
            "affinity": placement.one_per_node(NAME, COMPONENT),
            "containers": [_container(servers)],
            "volumes": volumes,
        },
    }


def _container(servers: SeaweedFsServers) -> ContainerArgsDict:
    ports = {"s3": S3_PORT, "metrics": METRICS_PORT, **PEER_PORTS}
    mounts: list[VolumeMountArgsDict] = [
        {"name": "data", "mount_path": seaweedfs_config.DATA_FOLDER},
        {"name": "config", "mount_path": _CONFIG_FOLDER, "read_only": True},
        {"name": "identities", "mount_path": _IDENTITIES_FOLDER, "read_only": True},
        {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108 # where weed puts its sockets
    ]
    return {
        "name": "seaweedfs",
        "image": servers.image,
        # Not the image's entry point: it would add arguments of its own before these.
        "command": ["/usr/bin/weed"],
        "args": arguments(servers.replicas, servers.capacity_gib),
        "env": _environment(servers.secret),
        "ports": [{"name": name, "container_port": port} for name, port in ports.items()],
        "resources": pod_security.resources(cpu="500m", cpu_limit="2", memory=f"{_MEMORY_GIB}Gi"),
        "security_context": pod_security.container_security_context(),
        # It answers once the filer behind it has loaded its index, which takes minutes for many million objects.
        "startup_probe": _probe("/readyz", period=5, failures=120),
        "readiness_probe": _probe("/readyz", period=10, failures=3),
        "liveness_probe": _probe("/healthz", period=20, failures=6),
        "volume_mounts": mounts,
    }


def _environment(secret: pulumi.Input[str]) -> list[EnvVarArgsDict]:
    environment: list[EnvVarArgsDict] = [
        {"name": "POD_NAME", "value_from": {"field_ref": {"field_path": "metadata.name"}}},
        # The collector works harder before the limit is reached, instead of the kernel ending the process at it.
        {"name": "GOMEMLIMIT", "value": f"{_MEMORY_GIB * 1024 * 4 // 5}MiB"},
    ]
    return environment + [
        {"name": key, "value_from": {"secret_key_ref": {"name": secret, "key": key}}} for key in TOKEN_KEYS
    ]


def _probe(path: str, *, period: int, failures: int) -> ProbeArgsDict:
    return {
        "http_get": {"path": path, "port": "s3"},
        "period_seconds": period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }
