"""Pure builder of cert-manager's chart values."""

from __future__ import annotations

from typing import Any

from components.base.handles import ImageRegistry
from components.base.namespaces import SECURITY

NAME = "cert-manager"
"""Name prefix of what the chart makes, and of its ServiceAccounts."""

REPLICAS = 2


def cert_manager_values(registry: ImageRegistry) -> dict[str, Any]:
    """Values of the chart: two of each part, nothing outside the namespace `security`, no Helm hooks."""
    return {
        "fullnameOverride": NAME,
        "crds": {"enabled": True, "keep": True},
        "global": {
            "leaderElection": {"namespace": SECURITY},
            "priorityClassName": "platform-critical",
        },
        "imageRegistry": registry.rewrite("quay.io"),
        "clusterResourceNamespace": SECURITY,
        "serviceAccount": {"name": NAME},
        # DNS-01 is checked through the cluster's resolver: no network policy opens port 53 to the world.
        "dns01RecursiveNameserversOnly": True,
        # The Gateway controller stays off: it ends the process where the Gateway API is not yet installed, and the
        # platform's Gateway has a Certificate of its own.
        "replicaCount": REPLICAS,
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
        "resources": _resources("100m", "256Mi"),
        "webhook": {
            "replicaCount": REPLICAS,
            "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
            "resources": _resources("50m", "128Mi"),
        },
        "cainjector": {
            "replicaCount": REPLICAS,
            "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
            "resources": _resources("50m", "256Mi"),
        },
        # A Helm hook, which the engine does not run. The engine waits for the webhook's Deployment instead.
        "startupapicheck": {"enabled": False},
    }


def _resources(cpu: str, memory: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}
