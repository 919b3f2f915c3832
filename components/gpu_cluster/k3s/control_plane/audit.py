"""What the API server writes to its audit log: who did what, never the content of a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

AUDIT_FILE = "/var/lib/rancher/k3s/server/audit.yaml"
AUDIT_LOG = "/var/lib/rancher/k3s/server/logs/audit.log"

READS = ["get", "list", "watch"]
WRITES = ["create", "update", "patch", "delete", "deletecollection"]

CONTROL_PLANE = [
    "system:apiserver",
    "system:kube-controller-manager",
    "system:kube-scheduler",
    "system:kube-proxy",
    "system:k3s-controller",
    "system:k3s-supervisor",
    "system:cloud-controller-manager",
    "k3s-cloud-controller-manager",
]
"""Users of the processes in k3s, which read all day long."""


def audit_policy() -> dict[str, Any]:
    """The audit Policy. The first rule that fits a request decides.

    Metadata has who, what, when and from where, but no object. Whatever can hold a credential is written with no more
    than that, before any rule that writes more.
    """
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [*_noise(), _secrets(), *_own_reading(), *_powers(), {"level": "Metadata"}],
    }


def _noise() -> list[dict[str, Any]]:
    probes = ["/healthz*", "/livez*", "/readyz*", "/version", "/metrics", "/openapi*", "/api", "/api/*", "/apis"]
    return [
        {"level": "None", "nonResourceURLs": [*probes, "/apis/*"], "verbs": ["get"]},
        {"level": "None", "resources": _resources({"": ["events"], "events.k8s.io": ["events"]})},
        {"level": "None", "resources": _resources({"coordination.k8s.io": ["leases"]})},
    ]


def _secrets() -> dict[str, Any]:
    """Objects whose request or answer holds a credential."""
    groups = {
        "": ["secrets", "configmaps", "serviceaccounts/token"],
        "authentication.k8s.io": ["tokenreviews", "tokenrequests"],
    }
    return {"level": "Metadata", "resources": _resources(groups)}


def _own_reading() -> list[dict[str, Any]]:
    return [
        {"level": "None", "users": CONTROL_PLANE, "verbs": READS},
        {"level": "None", "userGroups": ["system:nodes", "system:serviceaccounts:kube-system"], "verbs": READS},
    ]


def _powers() -> list[dict[str, Any]]:
    """What gives somebody power over others' work: entering a pod, and changing what is allowed."""
    sessions = ["pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy"]
    rules = {
        "rbac.authorization.k8s.io": ["roles", "rolebindings", "clusterroles", "clusterrolebindings"],
        "admissionregistration.k8s.io": [],
        "networking.k8s.io": ["networkpolicies"],
        "": ["namespaces", "resourcequotas"],
    }
    return [
        {"level": "Request", "resources": _resources({"": sessions})},
        {"level": "RequestResponse", "verbs": WRITES, "resources": _resources(rules)},
    ]


def _resources(groups: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """No names of resources stand for all of a group."""
    return [
        {"group": group, "resources": list(resources)} if resources else {"group": group}
        for group, resources in groups.items()
    ]
