"""Pure builders of the system-upgrade-controller: its rights and its pod.

Written here and not taken from a chart: its makers publish none outside of their own product. Sources:
rancher/system-upgrade-controller v0.20.1, manifests/ and pkg/upgrade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import labels, pod_security
from components.gpu_cluster.k3s.add_ons.upgrade_plans import CONTROL_PLANE

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict, PodSpecArgsDict
    from pulumi_kubernetes.rbac.v1 import PolicyRuleArgsDict

NAME = "system-upgrade-controller"
COMPONENT = "upgrades"
JOB_ACCOUNT = "node-upgrade"
"""ServiceAccount of the jobs that upgrade one node each."""

_UID = 65534
_RETRIES = 3
_PLANS = "plans.upgrade.cattle.io"
_CONTROLLER_LABEL = {"upgrade.cattle.io/controller": NAME}
"""Pods with this label are left on the node that is drained."""


def controller_cluster_rules() -> list[PolicyRuleArgsDict]:
    """The controller's rights in the whole cluster: it reads and uncordons nodes, and defines its own kind."""
    return [
        {"api_groups": [""], "resources": ["namespaces", "nodes"], "verbs": ["get", "list", "watch"]},
        {"api_groups": [""], "resources": ["nodes"], "verbs": ["update"]},
        {"api_groups": [""], "resources": ["events"], "verbs": ["get", "create", "patch", "update"]},
        {"api_groups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch"]},
        {
            "api_groups": ["apiextensions.k8s.io"],
            "resources": ["customresourcedefinitions"],
            # Creating cannot be narrowed to a name.
            "verbs": ["get", "list", "watch", "create"],
        },
        {
            "api_groups": ["apiextensions.k8s.io"],
            "resources": ["customresourcedefinitions"],
            "resource_names": [_PLANS],
            "verbs": ["patch", "update"],
        },
    ]


def controller_own_rules() -> list[PolicyRuleArgsDict]:
    """The controller's rights in its own namespace: Plans, their jobs and Secrets, and its election."""
    everything = ["get", "list", "watch", "create", "patch", "update", "delete"]
    return [
        {"api_groups": ["upgrade.cattle.io"], "resources": ["plans", "plans/status"], "verbs": everything},
        {"api_groups": ["batch"], "resources": ["jobs"], "verbs": [*everything, "deletecollection"]},
        {"api_groups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]},
        {"api_groups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {
            "api_groups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resource_names": [NAME],
            "verbs": ["get", "update"],
        },
    ]


def job_cluster_rules() -> list[PolicyRuleArgsDict]:
    """The jobs' rights in the whole cluster: to cordon their node, and to evict its pods."""
    return [
        {"api_groups": [""], "resources": ["nodes"], "verbs": ["get", "list", "patch"]},
        {"api_groups": [""], "resources": ["pods"], "verbs": ["get", "list", "delete"]},
        {"api_groups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
        {
            "api_groups": ["apps"],
            "resources": ["statefulsets", "daemonsets", "replicasets"],
            "verbs": ["get", "list"],
        },
    ]


def job_own_rules() -> list[PolicyRuleArgsDict]:
    """The jobs' rights in their own namespace: to see whether the servers' Plan is done."""
    return [{"api_groups": ["upgrade.cattle.io"], "resources": ["plans"], "verbs": ["get"]}]


def environment_data(kubectl_image: str) -> dict[str, str]:
    """Variables of the controller about itself and its jobs. Each Plan has its own deadline."""
    return {
        "SYSTEM_UPGRADE_CONTROLLER_LEADER_ELECT": "true",
        "SYSTEM_UPGRADE_JOB_BACKOFF_LIMIT": str(_RETRIES),
        "SYSTEM_UPGRADE_JOB_IMAGE_PULL_POLICY": "IfNotPresent",
        "SYSTEM_UPGRADE_JOB_KUBECTL_IMAGE": kubectl_image,
        # Jobs replace the binary of k3s in the node's root and signal its process.
        "SYSTEM_UPGRADE_JOB_PRIVILEGED": "true",
        "SYSTEM_UPGRADE_JOB_TTL_SECONDS_AFTER_FINISH": "86400",
    }


def deployment_spec(*, image: str, kubectl_image: str, namespace: str, environment: str) -> DeploymentSpecArgsDict:
    """One controller, on a server: there it is not drained, and its token lies where the cluster's own keys lie."""
    return {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        # Time to define the kind Plan, before the first of them is created.
        "min_ready_seconds": 15,
        "selector": {"match_labels": labels.selector_labels(NAME, COMPONENT)},
        "template": {
            "metadata": {"labels": labels.object_labels(NAME, COMPONENT, environment) | _CONTROLLER_LABEL},
            "spec": _pod_spec(image, kubectl_image, namespace),
        },
    }


def _pod_spec(image: str, kubectl_image: str, namespace: str) -> PodSpecArgsDict:
    return {
        "service_account_name": NAME,
        # A client of the API server: named in policies/exceptions.yaml.
        "automount_service_account_token": True,
        "enable_service_links": False,
        "priority_class_name": "system-cluster-critical",
        "security_context": pod_security.pod_security_context(uid=_UID),
        "affinity": {
            "node_affinity": {
                "required_during_scheduling_ignored_during_execution": {
                    "node_selector_terms": [{"match_expressions": [{"key": CONTROL_PLANE, "operator": "Exists"}]}]
                }
            }
        },
        "tolerations": [{"key": CONTROL_PLANE, "operator": "Exists", "effect": "NoSchedule"}],
        "containers": [_container(image, kubectl_image, namespace)],
        "volumes": [{"name": "tmp", "empty_dir": {"size_limit": "64Mi"}}],
    }


def _container(image: str, kubectl_image: str, namespace: str) -> ContainerArgsDict:
    node: EnvVarArgsDict = {
        "name": "SYSTEM_UPGRADE_CONTROLLER_NODE_NAME",
        "value_from": {"field_ref": {"field_path": "spec.nodeName"}},
    }
    values = environment_data(kubectl_image) | {
        "SYSTEM_UPGRADE_CONTROLLER_NAME": NAME,
        "SYSTEM_UPGRADE_CONTROLLER_NAMESPACE": namespace,
    }
    # It has no port that a probe could ask: policies/exceptions.yaml.
    return {
        "name": "controller",
        "image": image,
        "env": [*({"name": key, "value": value} for key, value in sorted(values.items())), node],
        "resources": pod_security.resources(cpu="50m", cpu_limit="500m", memory="128Mi"),
        "security_context": pod_security.container_security_context(),
        "volume_mounts": [{"name": "tmp", "mount_path": "/tmp"}],  # noqa: S108 # an own empty volume
    }
