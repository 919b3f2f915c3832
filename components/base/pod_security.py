"""Pod security as the builders' default: the restricted Pod Security profile plus a read-only root.

Source of the fields: Kubernetes Pod Security Standards, profile `restricted`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import (
        PodSecurityContextArgsDict,
        ResourceRequirementsArgsDict,
        SecurityContextArgsDict,
    )


def pod_security_context(
    *, uid: int, gid: int | None = None, fs_group: int | None = None
) -> PodSecurityContextArgsDict:
    """Security context of a pod that runs as the numeric user `uid`.

    `gid` and `fs_group` default to `uid`; images whose user sits in group 0 (vLLM, Keycloak) pass 0.
    """
    return {
        "run_as_non_root": True,
        "run_as_user": uid,
        "run_as_group": uid if gid is None else gid,
        "fs_group": uid if fs_group is None else fs_group,
        # Re-owning a large weights volume file by file delayed pod starts by minutes; only the root is compared.
        "fs_group_change_policy": "OnRootMismatch",
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def container_security_context(*, writable_root_reason: str = "") -> SecurityContextArgsDict:
    """Security context of a container: no escalation, no capabilities, read-only root.

    `writable_root_reason` opts out of the read-only root and says why the image cannot live with it.
    """
    return {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "read_only_root_filesystem": not writable_root_reason,
        "run_as_non_root": True,
    }


def resources(
    *,
    cpu: str,
    memory: str,
    cpu_limit: str | None = None,
    disk: str | None = None,
    extended: dict[str, int] | None = None,
) -> ResourceRequirementsArgsDict:
    """Requests and limits. Memory is limited at its request, so that a node never overcommits it.

    Quantities are Kubernetes quantities (`500m`, `2Gi`). `cpu_limit` defaults to `cpu`. `extended` holds extended
    resources such as GPUs, whose requests and limits must be equal (Kubernetes refuses anything else). `disk` is what
    the pod may write to its node's disk: logs and emptyDir volumes.
    """
    extra = {key: str(amount) for key, amount in (extended or {}).items()}
    if disk:
        extra["ephemeral-storage"] = disk
    return {
        "requests": {"cpu": cpu, "memory": memory, **extra},
        "limits": {"cpu": cpu_limit or cpu, "memory": memory, **extra},
    }
