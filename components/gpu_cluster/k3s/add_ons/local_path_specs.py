"""Pure builders of the local-path provisioner: its configuration, its rights and its pod.

The provisioner makes a folder for each volume by a short-lived helper pod on the volume's node. Sources:
rancher/local-path-provisioner v0.0.37, deploy/local-path-storage.yaml, provisioner.go and util.go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from components.base import labels, pod_security

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, PodSpecArgsDict
    from pulumi_kubernetes.rbac.v1 import PolicyRuleArgsDict

NAME = "local-path-provisioner"
COMPONENT = "storage"
PROVISIONER = "rancher.io/local-path"
CONFIG_MAP = "local-path-config"

_UID = 65534
_CONFIG_FOLDER = "/etc/config"
_HEALTH_PORT = 8080
_EVERY_NODE = "DEFAULT_PATH_FOR_NON_LISTED_NODES"

_SETUP = """\
#!/bin/sh
set -eu
# Users of the node reach no volume: only root may enter the folder of all volumes, in which each pod's own is open.
chmod 0700 "$(dirname "$VOL_DIR")"
mkdir -p -m 0777 "$VOL_DIR"
"""
_TEARDOWN = """\
#!/bin/sh
set -eu
rm -rf "$VOL_DIR"
"""

_NOT_NEEDED = (
    "AUDIT_WRITE",
    "CHOWN",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
"""containerd's default capabilities but two. The helper has to remove what pods of any user wrote, hence DAC_OVERRIDE
and FOWNER, and the provisioner refuses a helper that adds capabilities to none (util.go, validateHelperPodTemplate).
"""


def config_data(*, path: str, helper_image: str) -> dict[str, str]:
    """The ConfigMap: every node keeps its volumes in folders below `path`."""
    return {
        "config.json": json.dumps({"nodePathMap": [{"node": _EVERY_NODE, "paths": [path]}]}, indent=2),
        "setup": _SETUP,
        "teardown": _TEARDOWN,
        "helperPod.yaml": yaml.safe_dump(_helper_pod(helper_image), sort_keys=False),
    }


def _helper_pod(image: str) -> dict[str, Any]:
    """Root on the node's disk for a second, without network rights, token or way to more privileges.

    The provisioner adds the node, the folder, the scripts and its own ServiceAccount.
    """
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper-pod"},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "priorityClassName": "system-node-critical",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "tolerations": [{"operator": "Exists"}],
            "containers": [
                {
                    "name": "helper-pod",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "resources": {
                        "requests": {"cpu": "50m", "memory": "32Mi"},
                        "limits": {"cpu": "1", "memory": "32Mi"},
                    },
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": list(_NOT_NEEDED)},
                        "readOnlyRootFilesystem": True,
                    },
                }
            ],
        },
    }


def cluster_rules() -> list[PolicyRuleArgsDict]:
    """Rights in the whole cluster: claims of any namespace become volumes."""
    return [
        {
            "api_groups": [""],
            "resources": ["nodes", "persistentvolumeclaims"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "api_groups": [""],
            "resources": ["persistentvolumes"],
            "verbs": ["get", "list", "watch", "create", "patch", "update", "delete"],
        },
        {"api_groups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
        {"api_groups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["get", "list", "watch"]},
    ]


def own_rules() -> list[PolicyRuleArgsDict]:
    """Rights in its own namespace: the helper pods, their output, and its configuration."""
    return [
        {"api_groups": [""], "resources": ["pods"], "verbs": ["get", "list", "create", "delete"]},
        {"api_groups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        {"api_groups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
    ]


def deployment_spec(*, image: str, namespace: str, environment: str) -> DeploymentSpecArgsDict:
    """One pod: the provisioner runs without leader election, so two would make a claim's folder twice."""
    return {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"match_labels": labels.selector_labels(NAME, COMPONENT)},
        "template": {
            "metadata": {"labels": labels.object_labels(NAME, COMPONENT, environment)},
            "spec": _pod_spec(image, namespace),
        },
    }


def _pod_spec(image: str, namespace: str) -> PodSpecArgsDict:
    return {
        "service_account_name": NAME,
        # A client of the API server: named in policies/exceptions.yaml.
        "automount_service_account_token": True,
        "enable_service_links": False,
        "priority_class_name": "system-cluster-critical",
        "security_context": pod_security.pod_security_context(uid=_UID),
        "containers": [_container(image, namespace)],
        "volumes": [{"name": "config", "config_map": {"name": CONFIG_MAP}}],
    }


def _container(image: str, namespace: str) -> ContainerArgsDict:
    return {
        "name": "provisioner",
        "image": image,
        "command": ["/usr/bin/local-path-provisioner"],
        "args": [
            "start",
            f"--config={_CONFIG_FOLDER}/config.json",
            f"--provisioner-name={PROVISIONER}",
            f"--configmap-name={CONFIG_MAP}",
            f"--service-account-name={NAME}",
            f"--namespace={namespace}",
        ],
        "env": [
            # Without it a changed helper pod is not read again.
            {"name": "CONFIG_MOUNT_PATH", "value": _CONFIG_FOLDER},
            {"name": "HEALTH_PORT", "value": str(_HEALTH_PORT)},
        ],
        "ports": [{"name": "health", "container_port": _HEALTH_PORT}],
        "resources": pod_security.resources(cpu="50m", cpu_limit="500m", memory="128Mi"),
        "security_context": pod_security.container_security_context(),
        # Readiness asks the API server; a provisioner that cannot reach it must not be restarted for that.
        "startup_probe": {"http_get": {"path": "/health", "port": "health"}, "period_seconds": 5},
        "readiness_probe": {"http_get": {"path": "/ready", "port": "health"}, "period_seconds": 10},
        "liveness_probe": {
            "http_get": {"path": "/health", "port": "health"},
            "period_seconds": 20,
            "failure_threshold": 6,
        },
        "volume_mounts": [{"name": "config", "mount_path": _CONFIG_FOLDER, "read_only": True}],
    }
