"""The path over the internal gateway is the only one that leads from a route to a model."""

from __future__ import annotations

from typing import Any

import pytest

from components.base import model_proxy, peers
from policies.findings import Result
from tests.policies.cases import judged
from tests.policies.objects import (
    Json,
    default_deny,
    deployment,
    http_route,
    model_policy,
    network_policy,
    peer,
    pod_spec,
    resource,
)
from tests.policies.stack_cases import model, served_model

MODEL_PROXIES = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateway"}},
    "podSelector": {"matchLabels": dict(peers.MODEL_PROXY.selector)},
}
EDGE_PROXIES = MODEL_PROXIES | {"podSelector": {"matchLabels": dict(peers.EDGE_PROXY.selector)}}
LITELLM = {"podSelector": {"matchLabels": {"app.kubernetes.io/component": "gateway"}}}


def internal_gateway(service_type: str = "ClusterIP", **infrastructure: Any) -> list[Json]:
    parameters = {"parametersRef": {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": model_proxy.NAME}}
    here = {"name": model_proxy.NAME, "namespace": "gateway"}
    gateway = {
        "metadata": here,
        "spec": {"gatewayClassName": "edge", "infrastructure": parameters | infrastructure, "listeners": []},
    }
    proxies = {
        "metadata": here,
        "spec": {"provider": {"kubernetes": {"envoyService": {"type": service_type}}}},
    }
    return [
        resource("gateway.networking.k8s.io/v1:Gateway", gateway),
        resource("gateway.envoyproxy.io/v1alpha1:EnvoyProxy", proxies),
    ]


def route(*parents: Json) -> Json:
    found = http_route("qwen")
    found["inputs"]["spec"]["parentRefs"] = list(parents)
    return found


INTERNAL = {"name": model_proxy.NAME, "namespace": "gateway"}
EDGE = {"name": "edge", "namespace": "gateway"}


def proxies_policy(*clients: Json) -> Json:
    ports = [{"port": model_proxy.PORT}]
    return network_policy(
        "proxies",
        "gateway",
        podSelector={"matchLabels": dict(peers.MODEL_PROXY.selector)},
        policyTypes=["Ingress"],
        ingress=[{"from": list(clients), "ports": ports}],
    )


def weighted(*policies: Json) -> list[Json]:
    """A model behind the internal gateway, with exactly these policies beside the default ones."""
    return [
        model(),
        deployment("litellm", "gateway", "gateway"),
        *internal_gateway(),
        default_deny(),
        default_deny("gateway"),
        *policies,
    ]


def messages(rule: str, resources: list[Json]) -> list[str]:
    findings = judged(resources, rule).findings
    assert {finding.result for finding in findings} <= {Result.FAIL}
    return [finding.message for finding in findings]


def test_a_route_of_the_internal_gateway_may_lead_to_a_model() -> None:
    assert messages("AI-01", [*served_model(), *internal_gateway(), route(INTERNAL)]) == []


@pytest.mark.parametrize(
    "resources",
    [
        [*internal_gateway(), route(EDGE)],
        [*internal_gateway(), route(INTERNAL, EDGE)],
        [*internal_gateway(), route()],
        [*internal_gateway(), route({"name": model_proxy.NAME})],
        [*internal_gateway(), route(INTERNAL | {"kind": "Service"})],
        [*internal_gateway("LoadBalancer"), route(INTERNAL)],
        [*internal_gateway(parametersRef={"name": "edge"}), route(INTERNAL)],
        [route(INTERNAL)],
    ],
    ids=[
        "the edge",
        "the edge too",
        "no gateway",
        "a gateway of its own namespace",
        "a mesh",
        "a load balancer",
        "the parameters of the edge",
        "a gateway that is not there",
    ],
)
def test_any_other_route_may_not(resources: list[Json]) -> None:
    (message,) = messages("AI-01", [*served_model(), *resources])
    assert message.startswith("leads to a model around")


def test_a_route_to_the_proxies_leads_to_a_model_too() -> None:
    (message,) = messages("AI-01", [*served_model(), *internal_gateway(), http_route(model_proxy.NAME, "gateway")])
    assert message.startswith("leads to a model around")


def test_the_gateway_through_its_proxies_is_the_way_to_a_weighted_model() -> None:
    assert messages("AI-02", weighted(model_policy(MODEL_PROXIES), proxies_policy(LITELLM))) == []


def test_proxies_without_their_gateway_are_nobody_that_may_ask_a_model() -> None:
    edge = messages("AI-02", [*served_model(), model_policy(EDGE_PROXIES) | {"name": "edge"}])
    assert edge == ["network policies let proxies of the edge open connections to this model"]


@pytest.mark.parametrize(
    ("client", "who"),
    [
        ({"podSelector": {}}, "proxies of the edge"),
        (EDGE_PROXIES, "proxies of the edge"),
        (peer("identity"), "identity/Deployment/keycloak"),
        ({"ipBlock": {"cidr": "0.0.0.0/0"}}, "an address outside the cluster"),
    ],
    ids=["every pod of the namespace", "the edge", "another namespace", "everybody"],
)
def test_who_else_reaches_the_proxies_reaches_models_around_the_gateway(client: Json, who: str) -> None:
    keycloak = deployment("keycloak", "identity", "identity")
    found = messages("AI-02", [*weighted(model_policy(MODEL_PROXIES), proxies_policy(LITELLM, client)), keycloak])
    assert len(found) == 1
    assert who in found[0]
    assert found[0].endswith("open connections to the proxies in front of models")


def group(name: str = "qwen") -> Json:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "model"}
    template = {"metadata": {"labels": labels}, "spec": pod_spec()}
    inputs = {
        "metadata": {"name": f"{name}-group", "namespace": "models", "labels": labels},
        "spec": {"leaderWorkerTemplate": {"size": 2, "leaderTemplate": template, "workerTemplate": template}},
    }
    return resource("leaderworkerset.x-k8s.io/v1:LeaderWorkerSet", inputs)


def test_the_pods_of_one_group_may_talk_among_themselves_and_to_no_other() -> None:
    own = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "qwen", "app.kubernetes.io/component": "model"}}}
    among = network_policy("among", podSelector=own["podSelector"], ingress=[{"from": [own]}])
    litellm = deployment("litellm", "gateway", "gateway")
    assert messages("AI-02", [group(), litellm, default_deny(), among]) == []
    everybody = network_policy("among", podSelector={}, ingress=[{"from": [{"podSelector": {}}]}])
    assert messages("AI-02", [group(), group("llama"), litellm, default_deny(), everybody])


@pytest.mark.parametrize("kind", ["argoproj.io/v1alpha1:Rollout", "leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"])
def test_replicas_that_an_operator_makes_need_a_disruption_budget(kind: str) -> None:
    template = {"metadata": {"labels": {"app": "x"}}, "spec": pod_spec()}
    inputs: Json = {
        "metadata": {"name": "x", "namespace": "models"},
        "spec": {"replicas": 2, "template": template, "leaderWorkerTemplate": {"workerTemplate": template}},
    }
    assert len(messages("REL-01", [resource(kind, inputs)])) == 1
    budget = {
        "metadata": {"name": "x", "namespace": "models"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "x"}}},
    }
    assert messages("REL-01", [resource(kind, inputs), resource("policy/v1:PodDisruptionBudget", budget)]) == []
