"""Envoy pods that Envoy Gateway makes for one of the platform's Gateways, and their Service."""

from __future__ import annotations

from typing import Any

from components.base.peers import OWNING_GATEWAY_LABEL

_PROXIES = 2


def proxies_spec(
    gateway: str, *, image: str, memory: str, service: dict[str, Any], drain_seconds: int
) -> dict[str, Any]:
    """Specification of the EnvoyProxy of the Gateway named `gateway`. `service` is the Service in front of the pods,
    `drain_seconds` how long a terminating proxy lets streams finish."""
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {OWNING_GATEWAY_LABEL: gateway}},
    }
    return {
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyDeployment": {
                    "replicas": _PROXIES,
                    "pod": {"priorityClassName": "platform-critical", "topologySpreadConstraints": [spread]},
                    "container": {
                        "image": image,
                        "resources": {
                            "requests": {"cpu": "500m", "memory": memory},
                            "limits": {"cpu": "2", "memory": memory},
                        },
                    },
                },
                "envoyPDB": {"minAvailable": 1},
                "envoyService": service,
            },
        },
        "shutdown": {"drainTimeout": f"{drain_seconds}s", "minDrainDuration": "15s"},
    }
