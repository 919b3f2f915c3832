"""Small objects that comply with every rule, as resource records of a graph. Tests break them one value at a time."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from typing import Any

Json = dict[str, Any]

TODAY = date(2026, 11, 20)

SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def resource(kind_token: str, inputs: Mapping[str, Any], *, name: str | None = None, **record: Any) -> Json:
    """One record of graph.json; the type token is given without its `kubernetes:` prefix."""
    token = kind_token if kind_token.count(":") > 1 else f"kubernetes:{kind_token}"
    logical = name or inputs.get("metadata", {}).get("name") or "unnamed"
    return {
        "urn": f"urn:pulumi:test::ai-platform::{token}::{logical}",
        "type": token,
        "name": logical,
        "inputs": copy.deepcopy(dict(inputs)),
        "parent": "",
        "secretPaths": [],
        "provider": provider_urn(token.partition(":")[0]),
        "dependsOn": [],
        "protect": False,
    } | record


def provider_urn(package: str) -> str:
    """The explicit provider of the cluster, as the resources of a stack name it."""
    return f"urn:pulumi:test::ai-platform::pulumi:providers:{package}::cluster-{package}"


def container(**changes: Any) -> Json:
    return {
        "name": "app",
        "image": "docker.io/library/app:1.2.3",
        "securityContext": copy.deepcopy(SECURITY),
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        "ports": [{"name": "http", "containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}},
    } | changes


def pod_spec(**changes: Any) -> Json:
    return {
        "serviceAccountName": "app",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 2000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container()],
    } | changes


def metadata(name: str, namespace: str | None = "models", component: str = "app", **labels: str) -> Json:
    own = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component, **labels}
    return {"name": name, **({"namespace": namespace} if namespace else {}), "labels": own}


def deployment(
    name: str = "app",
    namespace: str = "models",
    component: str = "app",
    spec: Mapping[str, Any] | None = None,
    replicas: Any = 1,
) -> Json:
    """A Deployment of compliant pods; `spec` replaces the pod spec."""
    labels = metadata(name, namespace, component)["labels"]
    template = {"metadata": {"labels": labels}, "spec": dict(spec or pod_spec())}
    inputs = {
        "metadata": metadata(name, namespace, component),
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }
    return resource("apps/v1:Deployment", inputs)


def gpu_deployment(limits: Any = "1", requests: Any = "1", **changes: Any) -> Json:
    resources = {
        "requests": {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": requests},
        "limits": {"memory": "1Gi", "nvidia.com/gpu": limits},
    }
    spec = pod_spec(
        containers=[container(resources=resources)],
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}],
        nodeSelector={"ai-platform/pool": "l40s"},
    )
    return deployment(spec=spec | changes)


def namespace(name: str = "models", **labels: str) -> Json:
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    return resource("core/v1:Namespace", {"metadata": {"name": name, "labels": enforced | labels}})


def config_map(**data: str) -> Json:
    return resource("core/v1:ConfigMap", {"metadata": {"name": "config", "namespace": "models"}, "data": data})


def service(name: str = "app", space: str = "models", **spec: Any) -> Json:
    selector = {"app.kubernetes.io/name": name}
    inputs = {
        "metadata": {"name": name, "namespace": space},
        "spec": {"type": "ClusterIP", "selector": selector, "ports": [{"port": 8000}]} | spec,
    }
    return resource("core/v1:Service", inputs)


def http_route(backend: str = "app", space: str = "models", name: str = "route") -> Json:
    rules = [{"backendRefs": [{"name": backend, "port": 8000}]}]
    inputs = {"metadata": {"name": name, "namespace": space}, "spec": {"rules": rules}}
    return resource("gateway.networking.k8s.io/v1:HTTPRoute", inputs)


def network_policy(name: str, space: str = "models", **spec: Any) -> Json:
    inputs = {"metadata": {"name": name, "namespace": space}, "spec": {"podSelector": {}} | spec}
    return resource("networking.k8s.io/v1:NetworkPolicy", inputs)


def default_deny(space: str = "models") -> Json:
    return network_policy("default-deny", space, policyTypes=["Ingress", "Egress"])


def disruption_budget(name: str = "app", space: str = "models", **spec: Any) -> Json:
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    inputs = {
        "metadata": {"name": name, "namespace": space},
        "spec": {"maxUnavailable": 1, "selector": selector} | spec,
    }
    return resource("policy/v1:PodDisruptionBudget", inputs)


def peer(space: str, **labels: str) -> Json:
    """A network policy peer: pods with `labels` in the namespace of that name."""
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
        "podSelector": {"matchLabels": {f"app.kubernetes.io/{key}": value for key, value in labels.items()}},
    }


def model_policy(*peers: Json, **rule: Any) -> Json:
    """Ingress to the model pods from `peers` on the serving port."""
    ingress = [{"from": list(peers), "ports": [{"port": 8000, "protocol": "TCP"}]} | rule]
    selector = {"matchLabels": {"app.kubernetes.io/component": "model"}}
    return network_policy("allow-model", podSelector=selector, policyTypes=["Ingress"], ingress=ingress)


def graph(*resources: Json, **members: Any) -> Json:
    return {
        "version": 1,
        "project": "ai-platform",
        "stack": "test",
        "resources": list(resources),
        "wiring": [],
    } | members
