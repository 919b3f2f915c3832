"""Cases of the rules about network policies, quotas and what is open to the outside."""

from __future__ import annotations

from typing import Any

from components.base.reachability import NAMESPACE_NAME_LABEL
from tests.policies.cases import PRESENT, Case
from tests.policies.objects import (
    Json,
    deployment,
    gpu_deployment,
    http_route,
    network_policy,
    resource,
    service,
)
from tests.policies.supply_cases import envoy_proxy

EDGE_PODS = {
    "app.kubernetes.io/managed-by": "envoy-gateway",
    "app.kubernetes.io/component": "proxy",
    "gateway.envoyproxy.io/owning-gateway-name": "edge",
}
BLOCK = {"ipBlock": {"cidr": "10.0.0.0/16"}}
INTERNET = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}
PORTS = [{"port": 443, "protocol": "TCP"}]


def _one(
    rule: str, item: Json, path: str, bad: Any, good: Any = PRESENT, *, absent_fails: bool, at: str | None = None
) -> Case:
    return Case(rule=rule, resources=[item], path=path, bad=bad, good=good, absent_fails=absent_fails, at=at)


def ingress_policy(*peers: Json, space: str = "models", **selector: str) -> Json:
    return network_policy("in", space, podSelector={"matchLabels": selector}, ingress=[{"from": [*peers]}])


def egress_policy(*peers: Json) -> Json:
    return network_policy("out", podSelector={}, policyTypes=["Egress"], egress=[{"to": [*peers], "ports": PORTS}])


def edge_policy() -> Json:
    return network_policy(
        "edge", "gateway", podSelector={"matchLabels": EDGE_PODS}, ingress=[{"from": [INTERNET], "ports": PORTS}]
    )


def quota(space: str = "models", **hard: str) -> Json:
    counted = {"requests.nvidia.com/gpu": "4"} | hard
    return resource("core/v1:ResourceQuota", {"metadata": {"name": "q", "namespace": space}, "spec": {"hard": counted}})


def gateway(name: str = "edge", **spec: Any) -> Json:
    listeners = [
        {"name": "http", "port": 80, "protocol": "HTTP"},
        {
            "name": "https",
            "port": 443,
            "protocol": "HTTPS",
            "hostname": "*.ai.example.org",
            "tls": {"mode": "Terminate", "certificateRefs": [{"name": "edge-tls"}]},
        },
    ]
    inputs = {"metadata": {"name": name, "namespace": "gateway"}, "spec": {"listeners": listeners} | spec}
    return resource("gateway.networking.k8s.io/v1:Gateway", inputs)


def internal_gateway() -> Json:
    infrastructure = {"parametersRef": {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "models"}}
    listeners = [{"name": "http", "port": 8080, "protocol": "HTTP"}]
    return gateway("models", listeners=listeners, infrastructure=infrastructure)


def redirect(section: str = "http", name: str = "redirect") -> Json:
    route = http_route(name=name, space="gateway")
    route["inputs"]["spec"] = {
        "parentRefs": [{"name": "edge", "namespace": "gateway", "sectionName": section}],
        "rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}],
    }
    return route


def served_route(section: str = "https") -> Json:
    route = http_route("litellm", "gateway", name="api")
    route["inputs"]["spec"]["parentRefs"] = [{"name": "edge", "sectionName": section}]
    return route


def _internal_route() -> Json:
    route = served_route()
    route["inputs"]["spec"]["parentRefs"] = [{"name": "models", "namespace": "gateway"}]
    return route


def ingress() -> Json:
    backend = {"service": {"name": "app", "port": {"number": 8000}}}
    spec = {
        "tls": [{"hosts": ["app.example.org"], "secretName": "app-tls"}],
        "rules": [{"host": "app.example.org", "http": {"paths": [{"path": "/", "backend": backend}]}}],
    }
    inputs = {"metadata": {"name": "app", "namespace": "models", "annotations": {"team": "x"}}, "spec": spec}
    return resource("networking.k8s.io/v1:Ingress", inputs)


def client_traffic(**tls: str) -> Json:
    inputs = {"metadata": {"name": "edge", "namespace": "gateway"}, "spec": {"tls": tls}}
    return resource("gateway.envoyproxy.io/v1alpha1:ClientTrafficPolicy", inputs)


def open_gateway() -> list[Json]:
    return [gateway(), redirect(), served_route()]


def _quota_case(resources: list[Json], path: str, bad: Any, *, absent_fails: bool = True) -> Case:
    return Case(rule="NS-03", resources=resources, path=path, bad=bad, absent_fails=absent_fails, index=1, about=0)


LISTENERS = "spec.listeners"

NETWORK_CASES = [
    _quota_case([deployment(), quota()], "spec.hard", {}),
    _quota_case([deployment(), quota()], "metadata.namespace", "other"),
    _quota_case([gpu_deployment(), quota(pods="9")], 'spec.hard["requests.nvidia.com/gpu"]', None),
    _one("NET-03", ingress_policy(BLOCK), "spec.ingress[0].from", [], absent_fails=True),
    *(
        _one("NET-03", ingress_policy(BLOCK), "spec.ingress", [{"from": [bad]}], absent_fails=False)
        for bad in (
            {"namespaceSelector": {}},
            {"namespaceSelector": {"matchLabels": {}}, "podSelector": {"matchExpressions": []}},
            {"ipBlock": {"cidr": "0.0.0.0/0"}},
            {"ipBlock": {"cidr": "128.0.0.0/7"}},
            {"ipBlock": {"cidr": "::/0"}},
            {"ipBlock": {"cidr": "2a00::/12"}},
            # As good as all of them.
            {"namespaceSelector": {"matchExpressions": [{"key": NAMESPACE_NAME_LABEL, "operator": "Exists"}]}},
            {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}},
            {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}},
        )
    ),
    *(
        _one("NET-03", ingress_policy(good), "spec.ingress[0].from", [{"namespaceSelector": {}}], absent_fails=True)
        for good in (
            {"ipBlock": {"cidr": "10.0.0.0/8"}},
            {"podSelector": {}},
            {"namespaceSelector": {"matchLabels": {"a": "b"}}},
            {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}},
            {"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}},
            {"namespaceSelector": {}, "podSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}},
        )
    ),
    _one("NET-03", edge_policy(), "metadata.namespace", "models", absent_fails=True, at="spec.ingress[0].from[0]"),
    _one(
        "NET-03", edge_policy(), "spec.podSelector.matchLabels", {"app": "x"}, absent_fails=True, at="spec.ingress[0]"
    ),
    _one("NET-03", egress_policy(INTERNET), "spec.egress[0].ports", [], absent_fails=True, at="spec.egress[0].to[0]"),
    *(
        _one(
            "NET-03",
            egress_policy(INTERNET),
            "spec.egress[0].ports",
            [{"port": 443}, many],
            absent_fails=True,
            at="spec.egress[0].to[0]",
        )
        for many in ({"protocol": "TCP"}, {"port": 1, "endPort": 65535})
    ),
    _one("NET-03", egress_policy(BLOCK), "spec.egress[0].to", [], absent_fails=True),
    _one("NET-07", egress_policy(INTERNET), "spec.egress[0].to[0].ipBlock.except", ["10.0.0.0/8"], absent_fails=True),
    _one(
        "NET-07",
        egress_policy({"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::/32"]}}),
        "spec.egress[0].to[0].ipBlock.except",
        ["fd00:ec3::/32"],
        absent_fails=True,
    ),
    _one(
        "NET-07",
        egress_policy(BLOCK),
        "spec.egress[0].to[0].ipBlock.cidr",
        "169.254.0.0/16",
        absent_fails=False,
        at="spec.egress[0].to[0]",
    ),
    _one("NET-04", service(), "spec.type", "LoadBalancer", absent_fails=False),
    _one("NET-04", service(), "spec.type", "NodePort", absent_fails=False),
    _one("NET-04", service(), "spec.externalIPs", ["203.0.113.9"], [], absent_fails=False),
    _one(
        "NET-04",
        service(space="gateway", type="LoadBalancer", selector=EDGE_PODS),
        "spec.selector",
        {"app": "other"},
        absent_fails=True,
        at="spec.type",
    ),
    _one(
        "NET-04",
        service(space="gateway", type="LoadBalancer", selector=EDGE_PODS),
        "metadata.namespace",
        "models",
        absent_fails=True,
        at="spec.type",
    ),
    _one(
        "NET-04",
        envoy_proxy(),
        "spec.provider.kubernetes.envoyService.type",
        "LoadBalancer",
        absent_fails=True,
    ),
    _one(
        "NET-06",
        ingress(),
        "metadata.annotations",
        {"nginx.ingress.kubernetes.io/server-snippet": "x"},
        absent_fails=False,
    ),
    _one("NET-06", ingress(), "metadata.annotations", {"nginx.org/location-snippets": "x"}, absent_fails=False),
    Case(rule="NET-05", resources=open_gateway(), path=f"{LISTENERS}[1].protocol", bad="HTTP", absent_fails=False),
    Case(rule="NET-05", resources=open_gateway(), path=f"{LISTENERS}[1].hostname", bad="*", absent_fails=True),
    Case(
        rule="NET-05", resources=open_gateway(), path=f"{LISTENERS}[1].tls.certificateRefs", bad=[], absent_fails=True
    ),
    Case(
        rule="NET-05",
        resources=open_gateway(),
        path="spec.rules",
        bad=[{"backendRefs": [{"name": "litellm", "port": 4000}]}],
        absent_fails=True,
        index=1,
        about=0,
    ),
    Case(
        rule="NET-05",
        resources=open_gateway(),
        path="spec.rules[0].filters[0].requestRedirect.scheme",
        bad="http",
        absent_fails=True,
        index=1,
        about=0,
    ),
    Case(
        rule="NET-05",
        resources=open_gateway(),
        path="spec.parentRefs[0].sectionName",
        bad="http",
        # It hangs on every listener then.
        absent_fails=True,
        index=2,
        about=0,
    ),
    Case(
        rule="NET-05",
        resources=[internal_gateway(), envoy_proxy(), _internal_route()],
        path="spec.provider.kubernetes.envoyService.type",
        bad="LoadBalancer",
        absent_fails=True,
        index=1,
        about=0,
    ),
    _one("NET-05", ingress(), "spec.tls", [], absent_fails=True),
    _one("NET-05", ingress(), "spec.rules[0].host", "*", absent_fails=True),
    _one("NET-08", client_traffic(minVersion="1.3"), "spec.tls.minVersion", "1.1", absent_fails=False),
    _one("NET-08", client_traffic(minVersion="1.2"), "spec.tls.minVersion", "1.0", absent_fails=False),
]
