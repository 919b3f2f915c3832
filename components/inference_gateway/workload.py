"""LiteLLM's Deployment and Service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.base import labels, pod_security
from components.base.capabilities import Capability, provides
from components.inference_gateway.environment import CACHE_FOLDER, MIGRATIONS_FOLDER
from components.inference_gateway.names import (
    LITELLM_COMPONENT,
    LITELLM_NAME,
    LITELLM_PORT,
    NAMESPACE,
    UID,
)
from components.inference_gateway.timeouts import ENDPOINT_REMOVAL_SECONDS

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvVarArgsDict,
        HTTPGetActionArgsDict,
        ServiceSpecArgsDict,
        TopologySpreadConstraintArgsDict,
        VolumeArgsDict,
        VolumeMountArgsDict,
    )
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

_CONFIG_FOLDER = "/etc/litellm"
CONFIG_FILE = "config.yaml"


def metadata(environment: str, *capabilities: Capability) -> ObjectMetaArgsDict:
    """Metadata of the Deployment, Service, ServiceAccount, autoscaler and disruption budget.

    `capabilities` are those that the object at hand provides.
    """
    return {
        "name": LITELLM_NAME,
        "namespace": NAMESPACE,
        "labels": labels.object_labels(LITELLM_NAME, LITELLM_COMPONENT, environment),
        "annotations": provides(*capabilities) if capabilities else {},
    }


def service_spec() -> ServiceSpecArgsDict:
    """Service of the API, the console and the metrics, all on one port."""
    return {
        "selector": labels.selector_labels(LITELLM_NAME, LITELLM_COMPONENT),
        "ports": [{"name": "http", "port": LITELLM_PORT, "target_port": "http"}],
    }


def deployment_spec(
    *,
    image: str,
    environment: str,
    config_map: pulumi.Input[str],
    variables: list[EnvVarArgsDict],
    grace_seconds: int,
) -> DeploymentSpecArgsDict:
    """Specification of the Deployment. It names no replicas: the autoscaler owns them, and starts from its minimum."""
    selector = labels.selector_labels(LITELLM_NAME, LITELLM_COMPONENT)
    return {
        "selector": {"match_labels": selector},
        # A new pod is ready before an old one leaves.
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
        "template": {
            "metadata": {"labels": labels.object_labels(LITELLM_NAME, LITELLM_COMPONENT, environment)},
            "spec": {
                "service_account_name": LITELLM_NAME,
                "automount_service_account_token": False,
                "enable_service_links": False,
                "priority_class_name": "platform-critical",
                "security_context": pod_security.pod_security_context(uid=UID),
                "termination_grace_period_seconds": grace_seconds,
                "topology_spread_constraints": [
                    spread("kubernetes.io/hostname", selector),
                    spread("topology.kubernetes.io/zone", selector),
                ],
                "containers": [_container(image, variables)],
                "volumes": [
                    {"name": "config", "config_map": {"name": config_map}},
                    *scratch_volumes(),
                ],
            },
        },
    }


def spread(key: str, selector: dict[str, str]) -> TopologySpreadConstraintArgsDict:
    """Spread over the values of node label `key`, as a wish: a cluster with one free node still serves."""
    return {
        "max_skew": 1,
        "topology_key": key,
        "when_unsatisfiable": "ScheduleAnyway",
        "label_selector": {"match_labels": selector},
        # Counts a rollout's new pods by themselves, or the old ones would push them all onto one node.
        "match_label_keys": ["pod-template-hash"],
    }


def scratch_volumes() -> list[VolumeArgsDict]:
    """The folders that LiteLLM writes, on an otherwise read-only root."""
    return [
        {"name": "tmp", "empty_dir": {"size_limit": "256Mi"}},
        {"name": "cache", "empty_dir": {"size_limit": "512Mi"}},
        {"name": "migrations", "empty_dir": {"size_limit": "128Mi"}},
    ]


def scratch_mounts() -> list[VolumeMountArgsDict]:
    """Mounts of `scratch_volumes`."""
    return [
        {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108 # an emptyDir of the pod's own
        {"name": "cache", "mount_path": CACHE_FOLDER},
        {"name": "migrations", "mount_path": MIGRATIONS_FOLDER},
    ]


def _container(image: str, variables: list[EnvVarArgsDict]) -> ContainerArgsDict:
    # /health itself calls every model on each probe; the two below touch only the process and its database.
    alive, ready = _get("/health/liveliness"), _get("/health/readiness")
    return {
        "name": "litellm",
        "image": image,
        "args": ["--config", f"{_CONFIG_FOLDER}/{CONFIG_FILE}", "--port", str(LITELLM_PORT)],
        "env": variables,
        "ports": [{"name": "http", "container_port": LITELLM_PORT}],
        # One worker per pod: the autoscaler adds pods, and metrics need no shared folder.
        "resources": pod_security.resources(cpu="500m", cpu_limit="2", memory="2Gi"),
        "security_context": pod_security.container_security_context(),
        "lifecycle": {"pre_stop": {"sleep": {"seconds": ENDPOINT_REMOVAL_SECONDS}}},
        "startup_probe": {"http_get": alive, "period_seconds": 5, "failure_threshold": 60, "timeout_seconds": 5},
        "liveness_probe": {"http_get": alive, "period_seconds": 15, "failure_threshold": 4, "timeout_seconds": 10},
        "readiness_probe": {"http_get": ready, "period_seconds": 10, "failure_threshold": 3, "timeout_seconds": 5},
        "volume_mounts": [
            {"name": "config", "mount_path": _CONFIG_FOLDER, "read_only": True},
            *scratch_mounts(),
        ],
    }


def _get(path: str) -> HTTPGetActionArgsDict:
    return {"path": path, "port": "http"}
