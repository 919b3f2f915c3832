"""Pure builders of the Keycloak server: a StatefulSet on PostgreSQL, its Services and its disruption budget.

`start --optimized` needs a build for this database and these endpoints, and the published image was built for none.
The build writes to `lib/quarkus`, which a read-only root forbids, and plain `start` repeats it at every start. So two
init containers copy that folder into a volume and build there; the server starts from the result and writes nothing
but its scratch folders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import labels, namespaces, pod_security
from components.base.naming import service_host
from components.base.wiring import Workload
from components.identity.server_environment import KeycloakServer, build_environment, server_environment

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import StatefulSetSpecArgsDict
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        PodSpecArgsDict,
        ProbeArgsDict,
        ResourceRequirementsArgsDict,
        ServiceSpecArgsDict,
        TopologySpreadConstraintArgsDict,
        VolumeArgsDict,
        VolumeMountArgsDict,
    )
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgsDict

NAME = "keycloak"
COMPONENT = "identity"
NODES_SERVICE = "keycloak-nodes"
HTTP_PORT = 8080
MANAGEMENT_PORT = 9000
CLUSTER_PORTS = (7800, 57800)
"""JGroups: messages between the nodes, and the socket whose closing tells that a node is gone (port + 50000)."""

KEYCLOAK = Workload.of(namespaces.IDENTITY, NAME, COMPONENT)
HOST = service_host(NAME, namespaces.IDENTITY)
SELECTOR = labels.selector_labels(NAME, COMPONENT)

_UID = 1000
_HOME = "/opt/keycloak"
_QUARKUS = f"{_HOME}/lib/quarkus"
_COPY = "/quarkus"


def stateful_set_spec(server: KeycloakServer) -> StatefulSetSpecArgsDict:
    """The nodes. They hold no data: sessions and realms are in the database."""
    return {
        "replicas": server.replicas,
        "service_name": NODES_SERVICE,
        "pod_management_policy": "Parallel",
        "selector": {"match_labels": SELECTOR},
        "template": {
            "metadata": {"labels": labels.object_labels(NAME, COMPONENT, server.environment)},
            "spec": _pod_spec(server),
        },
    }


def service_spec() -> ServiceSpecArgsDict:
    """What the edge proxy and the applications call."""
    return {"selector": SELECTOR, "ports": [{"name": "http", "port": HTTP_PORT, "target_port": "http"}]}


def nodes_service_spec() -> ServiceSpecArgsDict:
    """Headless: one name per node, and the management port that Prometheus scrapes."""
    return {
        "cluster_ip": "None",
        "selector": SELECTOR,
        "publish_not_ready_addresses": True,
        "ports": [{"name": "management", "port": MANAGEMENT_PORT, "target_port": "management"}],
    }


def disruption_budget_spec() -> PodDisruptionBudgetSpecArgsDict:
    """One node at a time. A node that is broken anyway never blocks a drain."""
    return {
        "max_unavailable": 1,
        "selector": {"match_labels": SELECTOR},
        "unhealthy_pod_eviction_policy": "AlwaysAllow",
    }


def _pod_spec(server: KeycloakServer) -> PodSpecArgsDict:
    return {
        "service_account_name": NAME,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "priority_class_name": "platform-critical",
        "security_context": pod_security.pod_security_context(uid=_UID, gid=0, fs_group=0),
        # The shutdown delay of the server, the time it gives running requests (10 s), and some to spare.
        "termination_grace_period_seconds": 60,
        "topology_spread_constraints": [_spread("kubernetes.io/hostname"), _spread("topology.kubernetes.io/zone")],
        "init_containers": [_copy_container(server), _build_container(server)],
        "containers": [_server_container(server)],
        "volumes": _volumes(server),
    }


def _copy_container(server: KeycloakServer) -> ContainerArgsDict:
    # The build starts from the image's own files: on an empty folder it fails with NoSuchFileException.
    return {
        "name": "copy",
        "image": server.image,
        "command": ["cp", "-R", f"{_QUARKUS}/.", f"{_COPY}/"],
        "resources": pod_security.resources(cpu="100m", memory="64Mi", cpu_limit="500m"),
        "security_context": pod_security.container_security_context(),
        "volume_mounts": [{"name": "quarkus", "mount_path": _COPY}],
    }


def _build_container(server: KeycloakServer) -> ContainerArgsDict:
    return {
        "name": "build",
        "image": server.image,
        "args": ["build"],
        "env": build_environment(),
        "resources": _resources(),
        "security_context": pod_security.container_security_context(),
        "volume_mounts": _scratch_mounts(),
    }


def _server_container(server: KeycloakServer) -> ContainerArgsDict:
    mounts = _scratch_mounts()
    if server.truststore is not None:
        mounts.append({"name": "truststore", "mount_path": server.truststore_folder, "read_only": True})
    return {
        "name": "keycloak",
        "image": server.image,
        "args": ["start", "--optimized"],
        "env": server_environment(server),
        "ports": [
            {"name": "http", "container_port": HTTP_PORT},
            {"name": "management", "container_port": MANAGEMENT_PORT},
            {"name": "jgroups", "container_port": CLUSTER_PORTS[0]},
            {"name": "jgroups-fd", "container_port": CLUSTER_PORTS[1]},
        ],
        # The first start creates the schema, which took a minute on two busy cores.
        "startup_probe": _probe("started", period=5, failures=120),
        "readiness_probe": _probe("ready", period=10, failures=3),
        "liveness_probe": _probe("live", period=10, failures=6),
        "resources": _resources(),
        "security_context": pod_security.container_security_context(),
        "volume_mounts": mounts,
    }


def _volumes(server: KeycloakServer) -> list[VolumeArgsDict]:
    volumes: list[VolumeArgsDict] = [
        {"name": "quarkus", "empty_dir": {"size_limit": "64Mi"}},
        {"name": "data", "empty_dir": {"size_limit": "256Mi"}},
        {"name": "tmp", "empty_dir": {"size_limit": "256Mi"}},
    ]
    if server.truststore is not None:
        volumes.append({"name": "truststore", "config_map": {"name": server.truststore}})
    return volumes


def _scratch_mounts() -> list[VolumeMountArgsDict]:
    return [
        {"name": "quarkus", "mount_path": _QUARKUS},
        {"name": "data", "mount_path": f"{_HOME}/data"},
        {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108 - a volume of the pod
    ]


def _resources() -> ResourceRequirementsArgsDict:
    # Keycloak's sizing guide: 1250 MB for the caches and 10,000 sessions; the image gives 70% of the limit to the heap.
    return pod_security.resources(cpu="500m", memory="2Gi", cpu_limit="2")


def _spread(key: str) -> TopologySpreadConstraintArgsDict:
    # A preference: on a cluster of one node or zone the second node of Keycloak is still better than none.
    return {
        "max_skew": 1,
        "topology_key": key,
        "when_unsatisfiable": "ScheduleAnyway",
        "label_selector": {"match_labels": SELECTOR},
    }


def _probe(check: str, *, period: int, failures: int) -> ProbeArgsDict:
    return {
        "http_get": {"path": f"/health/{check}", "port": "management"},
        "period_seconds": period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }
