"""Rights by which an account of the Kubernetes API becomes more than it is. Data of the rules RBAC-01 to RBAC-06.

Source: Kubernetes documentation, "Role Based Access Control Good Practices", and the CIS Kubernetes Benchmark 5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CLUSTER_ADMIN = "cluster-admin"
ADMIN_ROLES = (CLUSTER_ADMIN, "admin")
EVERYBODY = (
    "system:anonymous",
    "system:unauthenticated",
    "system:authenticated",
    "system:serviceaccounts",
    "system:masters",
)
"""Users and groups that nobody can list the members of, and the group that no authorisation is asked for."""

READING = ("get", "list", "watch")
WRITING = ("create", "update", "patch")

_RBAC = "rbac.authorization.k8s.io"
_HOOKS = "admissionregistration.k8s.io"
_CERTIFICATES = "certificates.k8s.io"

ESCALATING_VERBS = ("escalate", "bind", "impersonate")
"""Dangerous on whatever resource: take more rights, hand out rights one does not have, act as somebody else."""


@dataclass(frozen=True, kw_only=True)
class DangerousGrant:
    """`verbs` on a resource of API `group`. `consequence` ends the sentence "this right …"."""

    group: str
    verbs: tuple[str, ...]
    consequence: str


def _grant(group: str, verbs: tuple[str, ...], consequence: str) -> DangerousGrant:
    return DangerousGrant(group=group, verbs=verbs, consequence=consequence)


_RUNS_COMMANDS = "runs commands in every pod of its reach"
_MAKES_PODS = "makes pods, and with them takes every ServiceAccount, Secret and volume of the namespace"
_CHANGES_ADMISSION = "reads and changes every object that is created"
_CHANGES_RIGHTS = "changes rights"

DANGEROUS_GRANTS: Mapping[str, DangerousGrant] = {
    # A connection over a web socket is opened by GET.
    "pods/exec": _grant("", ("create", "get"), _RUNS_COMMANDS),
    "pods/attach": _grant("", ("create", "get"), _RUNS_COMMANDS),
    "pods/portforward": _grant("", ("create", "get"), "reaches every port of every pod around the network policies"),
    "pods/ephemeralcontainers": _grant("", ("update", "patch"), _RUNS_COMMANDS),
    "nodes/proxy": _grant("", (*READING, *WRITING), "runs commands in every pod of the node, unseen by the audit log"),
    "serviceaccounts/token": _grant("", ("create",), "becomes any ServiceAccount of its reach"),
    "pods": _grant("", ("create",), _MAKES_PODS),
    "replicationcontrollers": _grant("", ("create",), _MAKES_PODS),
    "deployments": _grant("apps", ("create",), _MAKES_PODS),
    "statefulsets": _grant("apps", ("create",), _MAKES_PODS),
    "daemonsets": _grant("apps", ("create",), _MAKES_PODS),
    "replicasets": _grant("apps", ("create",), _MAKES_PODS),
    "jobs": _grant("batch", ("create",), _MAKES_PODS),
    "cronjobs": _grant("batch", ("create",), _MAKES_PODS),
    "persistentvolumes": _grant("", ("create",), "mounts any path of any node"),
    "roles": _grant(_RBAC, WRITING, _CHANGES_RIGHTS),
    "clusterroles": _grant(_RBAC, WRITING, _CHANGES_RIGHTS),
    "rolebindings": _grant(_RBAC, WRITING, _CHANGES_RIGHTS),
    "clusterrolebindings": _grant(_RBAC, WRITING, _CHANGES_RIGHTS),
    "mutatingwebhookconfigurations": _grant(_HOOKS, WRITING, _CHANGES_ADMISSION),
    "validatingwebhookconfigurations": _grant(_HOOKS, WRITING, _CHANGES_ADMISSION),
    "certificatesigningrequests/approval": _grant(_CERTIFICATES, ("update", "patch"), "issues client certificates"),
}
"""By resource, each of which is of one API group."""
