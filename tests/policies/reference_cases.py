"""Cases of the rules about names, labels and ports that must lead somewhere."""

from __future__ import annotations

from typing import Any

from tests.policies.cases import PRESENT, Case
from tests.policies.network_cases import gateway, ingress, served_route
from tests.policies.objects import (
    Json,
    deployment,
    disruption_budget,
    namespace,
    network_policy,
    peer,
    pod_spec,
    resource,
    service,
)
from tests.policies.rbac_cases import binding, role

SPEC = "spec.template.spec"
CONTAINER = f"{SPEC}.containers[0]"


def _named(token: str, name: str, space: str | None = "models", **members: Any) -> Json:
    inputs = {"metadata": {"name": name, **({"namespace": space} if space else {})}} | members
    return resource(token, inputs, name=f"{token}-{name}")


def account(name: str = "app", space: str = "models") -> Json:
    return _named("core/v1:ServiceAccount", name, space)


def _pod(path: str, bad: Any, good: Any, *needed: Json) -> Case:
    """A pod that names a missing object at `path`, and one that names `needed`."""
    resources = [deployment(), account(), *needed]
    return Case(rule="REL-05", resources=resources, path=path, bad=bad, good=good, absent_fails=False)


SECRET = _named("core/v1:Secret", "key", stringData={"token": "x"})
CONFIG = _named("core/v1:ConfigMap", "conf", data={"a.yaml": "x"}, binaryData={"b": "eA=="})
CERTIFICATE = _named("cert-manager.io/v1:Certificate", "own", spec={"secretName": "own-tls"})
EXTERNAL = _named("external-secrets.io/v1:ExternalSecret", "vault", spec={})
CLAIM = _named("core/v1:PersistentVolumeClaim", "disk")
PRIORITY = _named("scheduling.k8s.io/v1:PriorityClass", "high", None)


def _variable(part: str, **source: Any) -> list[Json]:
    return [{"name": "X", "valueFrom": {part: source}}]


def _volume(**source: Any) -> list[Json]:
    return [{"name": "data", **source}]


def stateful_set() -> Json:
    labels = {"app.kubernetes.io/name": "store"}
    spec = {"serviceName": "store", "template": {"metadata": {"labels": labels}, "spec": pod_spec()}}
    return _named("apps/v1:StatefulSet", "store", spec=spec)


def pod_monitor(**spec: Any) -> Json:
    own = {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "app"}},
        "namespaceSelector": {"matchNames": ["models"]},
        "podMetricsEndpoints": [{"port": "http"}],
    }
    return _named("monitoring.coreos.com/v1:PodMonitor", "app", "observability", spec=own | spec)


def scaler(token: str, **target: str) -> Json:
    return _named(token, "app", spec={"scaleTargetRef": target})


HPA = "autoscaling/v2:HorizontalPodAutoscaler"
SCALED = "keda.sh/v1alpha1:ScaledObject"
ROLLOUT = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "app"}


def rollout() -> Json:
    template = {"metadata": {"labels": {}}, "spec": pod_spec()}
    return _named("argoproj.io/v1alpha1:Rollout", "app", spec={"template": template})


def routed() -> list[Json]:
    own = service("litellm", "gateway", ports=[{"port": 8000, "targetPort": 8000}])
    return [served_route(), gateway(), own, deployment("litellm", "gateway", "gateway")]


def policy(*peers: Json, ports: list[Json] | None = None, space: str = "models") -> Json:
    own = {"matchLabels": {"app.kubernetes.io/name": "app"}}
    rule = {"from": [*peers], "ports": ports or [{"port": 8000}]}
    return network_policy("in", space, podSelector=own, policyTypes=["Ingress"], ingress=[rule])


def out_policy(*peers: Json) -> Json:
    rule = {"to": [*peers], "ports": [{"port": "http"}]}
    return network_policy("out", podSelector={}, policyTypes=["Egress"], egress=[rule])


def _net(
    resources: list[Json],
    path: str,
    bad: Any,
    good: Any = PRESENT,
    *,
    absent_fails: bool = False,
    at: str | None = None,
) -> Case:
    return Case(rule="NET-02", resources=resources, path=path, bad=bad, good=good, absent_fails=absent_fails, at=at)


REFERENCE_CASES = [
    _pod(f"{SPEC}.serviceAccountName", "ghost", "app"),
    _pod(f"{SPEC}.priorityClassName", "ghost", "high", PRIORITY),
    _pod(f"{SPEC}.priorityClassName", "ghost", "system-node-critical"),
    _pod(f"{SPEC}.runtimeClassName", "ghost", "nvidia"),
    _pod(f"{SPEC}.imagePullSecrets", [{"name": "ghost"}], [{"name": "key"}], SECRET),
    _pod(
        f"{SPEC}.volumes",
        _volume(persistentVolumeClaim={"claimName": "ghost"}),
        _volume(persistentVolumeClaim={"claimName": "disk"}),
        CLAIM,
    ),
    _pod(f"{SPEC}.volumes", _volume(secret={"secretName": "ghost"}), _volume(secret={"secretName": "key"}), SECRET),
    _pod(
        f"{SPEC}.volumes",
        _volume(secret={"secretName": "ghost"}),
        _volume(secret={"secretName": "ghost", "optional": True}),
    ),
    _pod(
        f"{SPEC}.volumes", _volume(secret={"secretName": "own"}), _volume(secret={"secretName": "own-tls"}), CERTIFICATE
    ),
    _pod(f"{SPEC}.volumes", _volume(secret={"secretName": "ghost"}), _volume(secret={"secretName": "vault"}), EXTERNAL),
    _pod(f"{SPEC}.volumes", _volume(configMap={"name": "ghost"}), _volume(configMap={"name": "conf"}), CONFIG),
    _pod(
        f"{SPEC}.volumes",
        _volume(configMap={"name": "ghost"}),
        _volume(configMap={"name": "kube-root-ca.crt"}),
    ),
    _pod(
        f"{SPEC}.volumes",
        _volume(configMap={"name": "conf", "items": [{"key": "ghost", "path": "x"}]}),
        _volume(configMap={"name": "conf", "items": [{"key": "a.yaml", "path": "x"}, {"key": "b", "path": "y"}]}),
        CONFIG,
    ),
    _pod(
        f"{SPEC}.volumes",
        _volume(projected={"sources": [{"secret": {"name": "ghost"}}]}),
        _volume(projected={"sources": [{"secret": {"name": "key"}}]}),
        SECRET,
    ),
    _pod(
        f"{SPEC}.volumes",
        _volume(projected={"sources": [{"configMap": {"name": "ghost"}}]}),
        _volume(projected={"sources": [{"configMap": {"name": "conf"}}]}),
        CONFIG,
    ),
    _pod(f"{CONTAINER}.envFrom", [{"secretRef": {"name": "ghost"}}], [{"secretRef": {"name": "key"}}], SECRET),
    _pod(f"{CONTAINER}.envFrom", [{"configMapRef": {"name": "ghost"}}], [{"configMapRef": {"name": "conf"}}], CONFIG),
    _pod(
        f"{CONTAINER}.env",
        _variable("secretKeyRef", name="key", key="ghost"),
        _variable("secretKeyRef", name="key", key="token"),
        SECRET,
    ),
    _pod(
        f"{CONTAINER}.env",
        _variable("secretKeyRef", name="ghost", key="token"),
        _variable("secretKeyRef", name="ghost", key="token", optional=True),
        SECRET,
    ),
    _pod(
        f"{CONTAINER}.env",
        _variable("configMapKeyRef", name="ghost", key="a.yaml"),
        _variable("configMapKeyRef", name="conf", key="a.yaml"),
        CONFIG,
    ),
    Case(
        rule="REL-05",
        resources=[stateful_set(), account(), service("store")],
        path="spec.serviceName",
        bad="ghost",
        absent_fails=False,
    ),
    Case(
        rule="REL-05",
        resources=[deployment(), account()],
        path="metadata.namespace",
        bad="data",
        absent_fails=True,
        index=1,
        about=0,
    ),
    Case(
        rule="REL-06",
        resources=[service(), deployment()],
        path="spec.selector",
        bad={"app.kubernetes.io/name": "ghost"},
        absent_fails=False,
    ),
    Case(
        rule="REL-06",
        resources=[service(), deployment()],
        path="metadata.namespace",
        bad="data",
        absent_fails=True,
        at="spec.selector",
    ),
    Case(rule="REL-06", resources=[service(), deployment()], path="spec.ports[0].port", bad=80, absent_fails=True),
    *(
        Case(
            rule="REL-06",
            resources=[service(ports=[{"port": 80}]), deployment()],
            path="spec.ports[0].targetPort",
            bad=bad,
            good=good,
            absent_fails=True,
        )
        for bad, good in ((80, 8000), ("metrics", "http"))
    ),
    Case(
        rule="REL-07",
        resources=[disruption_budget(), deployment()],
        path="spec.selector.matchLabels",
        bad={"app.kubernetes.io/name": "ghost"},
        # An empty selector selects every pod of the namespace.
        absent_fails=False,
    ),
    Case(
        rule="REL-08",
        resources=[pod_monitor(), deployment()],
        path="spec.podMetricsEndpoints[0].port",
        bad="metrics",
        absent_fails=True,
    ),
    Case(
        rule="REL-08",
        resources=[pod_monitor(), deployment()],
        path="spec.selector.matchLabels",
        bad={"app": "ghost"},
        absent_fails=False,
        at="spec.podMetricsEndpoints[0]",
    ),
    Case(
        rule="REL-08",
        resources=[pod_monitor(), deployment(), deployment("other", "data")],
        path="spec.namespaceSelector.matchNames",
        bad=["data"],
        good=["data", "models"],
        # Its own namespace holds no such pods.
        absent_fails=True,
        at="spec.podMetricsEndpoints[0]",
    ),
    Case(
        rule="REL-08",
        resources=[pod_monitor(namespaceSelector={"any": True, "matchNames": []}), deployment()],
        path="spec.namespaceSelector.any",
        bad=False,
        absent_fails=True,
        at="spec.podMetricsEndpoints[0]",
    ),
    *(
        Case(
            rule="REL-09",
            resources=[scaler(token, apiVersion="apps/v1", kind="Deployment", name="app"), deployment()],
            path="spec.scaleTargetRef.name",
            bad="ghost",
            absent_fails=True,
        )
        for token in (HPA, SCALED)
    ),
    Case(
        rule="REL-09",
        resources=[scaler(SCALED, name="app"), deployment()],
        path="spec.scaleTargetRef.kind",
        bad="StatefulSet",
        good="Deployment",
        absent_fails=False,
        at="spec.scaleTargetRef",
    ),
    Case(
        rule="REL-09",
        resources=[scaler(SCALED, **ROLLOUT), rollout()],
        path="spec.scaleTargetRef.apiVersion",
        bad="apps/v1",
        absent_fails=True,
        at="spec.scaleTargetRef",
    ),
    Case(rule="REL-10", resources=routed(), path="spec.parentRefs[0].name", bad="ghost", absent_fails=True),
    Case(rule="REL-10", resources=routed(), path="spec.parentRefs[0].sectionName", bad="ghost", absent_fails=False),
    Case(
        rule="REL-10",
        resources=routed(),
        path="spec.parentRefs[0].namespace",
        bad="models",
        good="gateway",
        absent_fails=False,
    ),
    Case(rule="REL-10", resources=routed(), path="spec.rules[0].backendRefs[0].name", bad="ghost", absent_fails=True),
    Case(rule="REL-10", resources=routed(), path="spec.rules[0].backendRefs[0].port", bad=80, absent_fails=True),
    Case(
        rule="REL-10",
        resources=routed(),
        path="spec.rules[0].backendRefs[0].namespace",
        bad="models",
        good="gateway",
        absent_fails=False,
    ),
    Case(
        rule="REL-10",
        resources=[ingress(), service(), deployment()],
        path="spec.rules[0].http.paths[0].backend.service.name",
        bad="ghost",
        absent_fails=True,
    ),
    Case(
        rule="REL-10",
        resources=[ingress(), service(), deployment()],
        path="spec.rules[0].http.paths[0].backend.service.port.number",
        bad=80,
        absent_fails=True,
    ),
    *(
        Case(
            rule="REL-11",
            resources=[binding(f"{kind}Binding"), role(kind), account("app", "storage")],
            path=path,
            bad="ghost",
            absent_fails=True,
        )
        for kind in ("Role", "ClusterRole")
        for path in ("roleRef.name", "subjects[0].name")
    ),
    Case(
        rule="REL-11",
        resources=[binding("ClusterRoleBinding", "view"), account("app", "storage")],
        path="roleRef.name",
        bad="viewer",
        absent_fails=True,
    ),
    _net([policy(peer("models", name="app")), deployment(), namespace()], "spec.podSelector.matchLabels", {"a": "b"}),
    _net(
        [policy(peer("models", name="app")), deployment()],
        "spec.ingress[0].from[0].podSelector.matchLabels",
        {"a": "b"},
    ),
    _net(
        [policy(peer("models", name="app")), deployment()],
        'spec.ingress[0].from[0].namespaceSelector.matchLabels["kubernetes.io/metadata.name"]',
        "ghost",
    ),
    _net([policy(peer("models", name="app")), deployment()], "spec.ingress[0].ports[0].port", "metrics", "http"),
    _net(
        [policy({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "app"}}}), deployment()],
        "spec.ingress[0].from[0].podSelector.matchLabels",
        {"a": "b"},
    ),
    _net([out_policy(peer("models", name="app")), deployment()], "spec.egress[0].ports[0].port", "metrics"),
    _net(
        [out_policy({"podSelector": {}}), deployment(), namespace("data", team="ai")],
        "spec.egress[0].to",
        [{"namespaceSelector": {"matchLabels": {"team": "ai"}}}],
        absent_fails=True,
        at="spec.egress[0].ports[0]",
    ),
]
