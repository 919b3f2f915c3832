"""Pure builders of one Valkey server, used with two eviction policies: counters must never be evicted, a cache must be.

How a component uses it (`server` is a `ValkeyServer`, every child gets the component's own options):

    secret = Secret(string_data=valkey.secret_data(password.result))                    auto-named
    config = ConfigMap(data=valkey.config_data(server))                                 auto-named
    ServiceAccount(metadata=valkey.metadata(server), automount_service_account_token=False)
    Service(metadata=valkey.metadata(server), spec=valkey.service_spec(server))
    StatefulSet(metadata=valkey.metadata(server), spec=valkey.stateful_set_spec(server, image, config, secret names))

Clients connect to `server.host`:`PORT` with the Secret's key `password`; the wiring's end is `server.peer`.
A single server: Valkey without Sentinel has no failover, so a restart interrupts clients for some seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pulumi

from components.base import labels, pod_security
from components.base.naming import service_host
from components.base.wiring import Workload

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import StatefulSetSpecArgsDict
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        PersistentVolumeClaimArgsDict,
        PodTemplateSpecArgsDict,
        ProbeArgsDict,
        ServiceSpecArgsDict,
        VolumeArgsDict,
    )
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

PORT = 6379
PASSWORD_KEY = "password"  # noqa: S105 # the key of the Secret, not its value
"""Key of the Secret that holds the password for clients."""

_UID = 999  # user `valkey` of the Debian image
_INCLUDE_KEY = "requirepass.conf"
_CONFIG_FOLDER = "/etc/valkey"
_SECRET_FOLDER = "/etc/valkey-secret"  # noqa: S105 # a path

MaxMemoryPolicy = Literal["noeviction", "allkeys-lru"]


@dataclass(frozen=True, kw_only=True)
class ValkeyServer:
    """One server. `name` is the name of its Service, StatefulSet and ServiceAccount; `component` the label of its pod.

    `max_memory_mib` bounds the data in MiB. `storage_class` and `storage_gib` give it a volume with an append-only
    file; with `storage_class` None the data lives as long as the pod, as a cache's may.
    """

    name: str
    namespace: str
    component: Literal["cache", "counters"]
    environment: str
    max_memory_policy: MaxMemoryPolicy
    max_memory_mib: int
    storage_class: str | None = None
    storage_gib: int = 0

    @property
    def host(self) -> str:
        """Host name for clients in any namespace."""
        return service_host(self.name, self.namespace)

    @property
    def peer(self) -> Workload:
        """The server's pod, for the wiring."""
        return Workload.of(self.namespace, self.name, self.component)

    @property
    def persistent(self) -> bool:
        """Whether data outlives the pod."""
        return self.storage_class is not None

    @property
    def memory_limit_mib(self) -> int:
        """Memory of the container in MiB: the data, half of it again for the copy-on-write pages of a rewrite of the
        append-only file and for fragmentation, and 128 MiB for the process and client buffers (Valkey documentation,
        "Memory optimization" and "Persistence")."""
        return self.max_memory_mib * 3 // 2 + 128


def config_text(server: ValkeyServer) -> str:
    """Text of valkey.conf. The password is in a file included from a Secret: no ConfigMap or argument holds it."""
    lines = [
        "bind * -::*",
        f"port {PORT}",
        "dir /data",
        f"maxmemory {server.max_memory_mib}mb",
        f"maxmemory-policy {server.max_memory_policy}",
        # Snapshots would double the memory in use; the append-only file alone is enough.
        'save ""',
        f"appendonly {'yes' if server.persistent else 'no'}",
        "appendfsync everysec",
        f"include {_SECRET_FOLDER}/{_INCLUDE_KEY}",
    ]
    return "\n".join(lines) + "\n"


def config_data(server: ValkeyServer) -> dict[str, str]:
    """Data of the ConfigMap."""
    return {"valkey.conf": config_text(server)}


def secret_data(password: pulumi.Output[str]) -> dict[str, pulumi.Output[str]]:
    """Data of the Secret: the password for clients and the line that the server includes.

    `password` must hold letters and digits only: valkey.conf would split or unquote anything else.
    """
    return {PASSWORD_KEY: password, _INCLUDE_KEY: pulumi.Output.concat("requirepass ", password, "\n")}


def metadata(server: ValkeyServer) -> ObjectMetaArgsDict:
    """Metadata of the objects that others address by the server's name."""
    return {
        "name": server.name,
        "namespace": server.namespace,
        "labels": labels.object_labels(server.name, server.component, server.environment),
    }


def service_spec(server: ValkeyServer) -> ServiceSpecArgsDict:
    """A ClusterIP Service: its address survives the pod, and clients cache DNS answers longer than pods live."""
    return {
        "selector": labels.selector_labels(server.name, server.component),
        "ports": [{"name": "valkey", "port": PORT, "target_port": "valkey"}],
    }


def stateful_set_spec(
    server: ValkeyServer, *, image: str, config_map: pulumi.Input[str], secret: pulumi.Input[str]
) -> StatefulSetSpecArgsDict:
    """Specification of the StatefulSet. `config_map` and `secret` are the names of the two objects above."""
    spec: StatefulSetSpecArgsDict = {
        "replicas": 1,
        "service_name": server.name,
        "selector": {"match_labels": labels.selector_labels(server.name, server.component)},
        "template": pod_template(server, image=image, config_map=config_map, secret=secret),
    }
    if server.storage_class is not None:
        spec["volume_claim_templates"] = [_claim(server, server.storage_class)]
        spec["persistent_volume_claim_retention_policy"] = {"when_deleted": "Retain", "when_scaled": "Retain"}
    return spec


def pod_template(
    server: ValkeyServer, *, image: str, config_map: pulumi.Input[str], secret: pulumi.Input[str]
) -> PodTemplateSpecArgsDict:
    """The pod: user `valkey`, read-only root, `/data` the only writable folder."""
    volumes: list[VolumeArgsDict] = [
        {"name": "config", "config_map": {"name": config_map}},
        {"name": "secret", "secret": {"secret_name": secret, "items": [{"key": _INCLUDE_KEY, "path": _INCLUDE_KEY}]}},
    ]
    if not server.persistent:
        volumes.append({"name": "data", "empty_dir": {"size_limit": "64Mi"}})
    return {
        "metadata": {"labels": labels.object_labels(server.name, server.component, server.environment)},
        "spec": {
            "service_account_name": server.name,
            "automount_service_account_token": False,
            "enable_service_links": False,
            "priority_class_name": "platform-critical",
            "security_context": pod_security.pod_security_context(uid=_UID),
            "termination_grace_period_seconds": 30,
            "containers": [_container(server, image, secret)],
            "volumes": volumes,
        },
    }


def _container(server: ValkeyServer, image: str, secret: pulumi.Input[str]) -> ContainerArgsDict:
    return {
        "name": "valkey",
        "image": image,
        "command": ["valkey-server", f"{_CONFIG_FOLDER}/valkey.conf"],
        # Read by valkey-cli in the probes; an argument would show the password in the process list.
        "env": [{"name": "REDISCLI_AUTH", "value_from": {"secret_key_ref": {"name": secret, "key": PASSWORD_KEY}}}],
        "ports": [{"name": "valkey", "container_port": PORT}],
        "resources": pod_security.resources(cpu="250m", cpu_limit="1", memory=f"{server.memory_limit_mib}Mi"),
        "security_context": pod_security.container_security_context(),
        # -e: an error reply (LOADING while the file is read, MISCONF when the disk is full) is a failure.
        "startup_probe": _probe("-e", period=5, failures=120),
        "readiness_probe": _probe("-e", period=10, failures=3),
        # Without -e: a server that answers with an error is alive, and a restart would not free its disk.
        "liveness_probe": _probe(period=10, failures=6),
        "volume_mounts": [
            {"name": "config", "mount_path": _CONFIG_FOLDER, "read_only": True},
            {"name": "secret", "mount_path": _SECRET_FOLDER, "read_only": True},
            {"name": "data", "mount_path": "/data"},
        ],
    }


def _probe(*options: str, period: int, failures: int) -> ProbeArgsDict:
    return {
        "exec_": {"command": ["valkey-cli", *options, "ping"]},
        "period_seconds": period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }


def _claim(server: ValkeyServer, storage_class: str) -> PersistentVolumeClaimArgsDict:
    return {
        "metadata": {"name": "data", "labels": labels.selector_labels(server.name, server.component)},
        "spec": {
            "access_modes": ["ReadWriteOnce"],
            "storage_class_name": storage_class,
            "resources": {"requests": {"storage": f"{server.storage_gib}Gi"}},
        },
    }
