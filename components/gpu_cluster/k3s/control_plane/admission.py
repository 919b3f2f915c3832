"""What the API server admits: Pod Security where a namespace says nothing, and how many events it takes."""

from __future__ import annotations

from typing import Any

ADMISSION_FILE = "/var/lib/rancher/k3s/server/psa.yaml"

EXEMPT_NAMESPACES = ("kube-system",)
"""Where k3s runs its own pods, which need the host. Every namespace of the platform says its level itself."""


def admission_configuration(kubernetes_version: str) -> dict[str, Any]:
    """The AdmissionConfiguration. The profiles are those of `kubernetes_version` (`1.36`), so that an upgrade of the
    API server refuses no pod that ran before.

    The guide of k3s enables EventRateLimit without its configuration, with which the API server does not start
    (kubernetes/kubernetes#62861).
    """
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [
            {"name": "PodSecurity", "configuration": _pod_security(f"v{kubernetes_version}")},
            {"name": "EventRateLimit", "configuration": _event_rates()},
        ],
    }


def _pod_security(version: str) -> dict[str, Any]:
    defaults = dict.fromkeys(("enforce", "audit", "warn"), "restricted")
    versions = {f"{mode}-version": version for mode in defaults}
    return {
        "apiVersion": "pod-security.admission.config.k8s.io/v1",
        "kind": "PodSecurityConfiguration",
        "defaults": defaults | versions,
        "exemptions": {"usernames": [], "runtimeClasses": [], "namespaces": list(EXEMPT_NAMESPACES)},
    }


def _event_rates() -> dict[str, Any]:
    """Events per second: one namespace cannot fill etcd with them or crowd out the others.

    `burst` is what a whole model's rollout or a node's loss writes at once.
    """
    return {
        "apiVersion": "eventratelimit.admission.k8s.io/v1alpha1",
        "kind": "Configuration",
        "limits": [
            {"type": "Server", "qps": 500, "burst": 2000},
            {"type": "Namespace", "qps": 50, "burst": 500, "cacheSize": 2000},
        ],
    }
