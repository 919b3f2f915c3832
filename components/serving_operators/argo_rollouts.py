"""Argo Rollouts: moves requests to a new version of a model step by step, and back when it does worse."""

from __future__ import annotations

from typing import Any

from components.base import peers, pins
from components.base.handles import ClusterHandle, ImageRegistry, PlatformContext
from components.base.namespaces import SERVING_OPERATORS
from components.base.operator_objects import ARGO_ROLLOUTS_LABELS
from components.base.wiring import Workload
from components.serving_operators.operator import PRIORITY, Operator

CONTROLLER = Workload.selecting(SERVING_OPERATORS, "argo-rollouts", ARGO_ROLLOUTS_LABELS)
METRICS_PORT = 8090
PROMETHEUS_PORT = 9090

REPLICAS = 2

PLUGIN = "argoproj-labs/gatewayAPI"
"""Name under which Rollouts ask for the plug-in."""
_PLUGIN_BINARY = "rollouts-plugin-trafficrouter-gatewayapi"
_PLUGIN_FOLDER = "/plugins"

_OTHER_ROUTERS = (
    "ambassador",
    "apisix",
    "awsAppMesh",
    "awsLoadBalancerController",
    "contour",
    # The chart's rules for it cover more kinds than the platform has, and writing ConfigMaps.
    "gatewayAPI",
    "glooPlatform",
    "istio",
    "smi",
    "traefik",
)


def argo_rollouts_values(registry: ImageRegistry) -> dict[str, Any]:
    """Values of the chart: two controllers, one of which works, and the plug-in that sets weights of HTTPRoutes.

    The plug-in comes out of its own image, which a registry without internet can hold, and is not downloaded at every
    start as the project's first example does.
    """
    image = registry.rewrite(pins.ARGO_ROLLOUTS.repository)
    host, _, repository = image.partition("/")
    mount = {"name": "gateway-api-plugin", "mountPath": _PLUGIN_FOLDER}
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    copy = {
        "name": "gateway-api-plugin",
        "image": registry.rewrite(pins.ROLLOUTS_GATEWAY_PLUGIN.reference),
        "command": ["cp", f"/bin/{_PLUGIN_BINARY}", _PLUGIN_FOLDER],
        "securityContext": security,
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}},
        "volumeMounts": [mount],
    }
    return {
        "installCRDs": True,
        # Users of the cluster get no rights from this chart.
        "createClusterAggregateRoles": False,
        "fullnameOverride": "argo-rollouts",
        "controller": {
            "replicas": REPLICAS,
            "image": {"registry": host, "repository": repository, "tag": pins.ARGO_ROLLOUTS.tag},
            "priorityClassName": PRIORITY,
            "resources": {
                "requests": {"cpu": "100m", "memory": "512Mi"},
                "limits": {"cpu": "1", "memory": "512Mi"},
            },
            "metrics": {"enabled": True},
            "pdb": {"enabled": True, "minAvailable": 1},
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
            ],
            "initContainers": [copy],
            "volumes": [{"name": "gateway-api-plugin", "emptyDir": {"sizeLimit": "256Mi"}}],
            "volumeMounts": [mount],
            "trafficRouterPlugins": [{"name": PLUGIN, "location": f"file://{_PLUGIN_FOLDER}/{_PLUGIN_BINARY}"}],
        },
        "podSecurityContext": {
            "runAsNonRoot": True,
            "runAsUser": 999,
            "fsGroup": 999,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "providerRBAC": {
            "enabled": True,
            "providers": dict.fromkeys(_OTHER_ROUTERS, False),
            "additionalRules": [
                {
                    "apiGroups": ["gateway.networking.k8s.io"],
                    "resources": ["httproutes"],
                    "verbs": ["get", "list", "watch", "update", "patch"],
                }
            ],
        },
        "dashboard": {"enabled": False},
        "notifications": {"secret": {"create": False}},
    }


def _connect(cluster: ClusterHandle, platform: PlatformContext) -> None:
    platform.wiring.allow(CONTROLLER, cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
    platform.wiring.allow(CONTROLLER, peers.PROMETHEUS, PROMETHEUS_PORT)
    platform.wiring.allow(peers.PROMETHEUS, CONTROLLER, METRICS_PORT)


ARGO_ROLLOUTS = Operator(
    suffix="argo-rollouts", pin=pins.ARGO_ROLLOUTS_CHART, values=argo_rollouts_values, connect=_connect
)
