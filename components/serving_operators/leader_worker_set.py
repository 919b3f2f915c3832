"""LeaderWorkerSet: keeps the pods of a replica that lies on several nodes together."""

from __future__ import annotations

from typing import Any

from components.base import peers, pins
from components.base.handles import ClusterHandle, ImageRegistry, PlatformContext
from components.base.namespaces import SERVING_OPERATORS
from components.base.wiring import Workload
from components.serving_operators.operator import PRIORITY, Operator

CONTROLLER = Workload.selecting(
    SERVING_OPERATORS,
    "leader-worker-set",
    {"app.kubernetes.io/name": "lws", "control-plane": "controller-manager"},
)
WEBHOOK_PORT = 9443

REPLICAS = 2


def leader_worker_set_values(registry: ImageRegistry) -> dict[str, Any]:
    """Values of the chart: two controllers, one of which works, with certificates that they make themselves.

    Both answer the webhook, without which no pod of a group is made.
    """
    return {
        "fullnameOverride": "lws",
        "replicaCount": REPLICAS,
        "image": {
            "manager": {
                "repository": registry.rewrite(pins.LEADER_WORKER_SET.repository),
                "tag": pins.LEADER_WORKER_SET.tag,
                "pullPolicy": "IfNotPresent",
            }
        },
        "priorityClassName": PRIORITY,
        "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "1", "memory": "256Mi"},
        },
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 100,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {"matchLabels": dict(CONTROLLER.selector)},
                        },
                    }
                ]
            }
        },
    }


def _connect(cluster: ClusterHandle, platform: PlatformContext) -> None:
    platform.wiring.allow(CONTROLLER, cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
    platform.wiring.allow(cluster.kubernetes_api, CONTROLLER, WEBHOOK_PORT)


LEADER_WORKER_SET = Operator(
    suffix="leader-worker-set", pin=pins.LEADER_WORKER_SET_CHART, values=leader_worker_set_values, connect=_connect
)
