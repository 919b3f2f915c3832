"""A model answers the gateway and nobody else, by the NetworkPolicies of the rendered stack alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from components.base import model_proxy, peers
from components.base.reachability import Network, Pod
from tests.stacks.conftest import STACKS, rendered_stack
from tools.deploy.pod_templates import TEMPLATES, templates_of
from tools.render.graph import RenderedStack
from tools.render.manifests import manifest

OUTSIDE = ("203.0.113.9", "10.1.2.3", "192.168.7.7")
MODEL_PORT = 8000


def objects(rendered: RenderedStack, *kinds: str) -> list[dict[str, Any]]:
    return [manifest(resource) for resource in rendered.objects if resource.inputs["kind"] in kinds]


def pods(rendered: RenderedStack) -> dict[str, Pod]:
    found: dict[str, Pod] = {}
    for item in objects(rendered, *TEMPLATES):
        metadata = item["metadata"]
        for template in templates_of(item):
            labels = template["metadata"].get("labels") or {}
            found[f"{metadata['namespace']}/{metadata['name']}"] = Pod(namespace=metadata["namespace"], labels=labels)
    # Pods that operators make, and a stranger in every namespace.
    for proxies in (peers.EDGE_PROXY, peers.MODEL_PROXY):
        found[proxies.address] = Pod(namespace=proxies.namespace, labels=dict(proxies.selector))
    found["observability/prometheus"] = Pod(namespace="observability", labels={"app.kubernetes.io/name": "prometheus"})
    for namespace in objects(rendered, "Namespace"):
        name = namespace["metadata"]["name"]
        found[f"{name}/stranger"] = Pod(namespace=name, labels={"app": "stranger"})
    found["default/stranger"] = Pod(namespace="default", labels={"app": "stranger"})
    return found


def who_reaches_models(rendered: RenderedStack, policies: list[dict[str, Any]]) -> set[str]:
    network, all_pods = Network(policies, {}), pods(rendered)
    models = {name: pod for name, pod in all_pods.items() if pod.labels.get("app.kubernetes.io/component") == "model"}
    assert models
    reaching = {
        name
        for name, pod in all_pods.items()
        for model in models.values()
        if pod is not model and network.allowed(pod, model, MODEL_PORT)
    }
    return reaching | {
        address for address in OUTSIDE for model in models.values() if network.allowed(address, model, MODEL_PORT)
    }


EXPECTED = {"gateway/litellm", "gateway/model-proxy", "observability/prometheus"}
"""The proxies where a model is rolled out by weight, which every shipped stack has one of."""


def test_only_the_gateway_and_prometheus_reach_a_model(rendered: RenderedStack) -> None:
    assert who_reaches_models(rendered, objects(rendered, "NetworkPolicy")) == EXPECTED


def test_litellm_alone_reaches_the_proxies_in_front_of_models(rendered: RenderedStack) -> None:
    network, all_pods = Network(objects(rendered, "NetworkPolicy"), {}), pods(rendered)
    proxies = all_pods[peers.MODEL_PROXY.address]
    reaching = {name for name, pod in all_pods.items() if network.allowed(pod, proxies, model_proxy.PORT)}
    assert reaching == {"gateway/litellm"}
    assert not [address for address in OUTSIDE if network.allowed(address, proxies, model_proxy.PORT)]


def test_there_is_one_way_to_a_weighted_model(rendered: RenderedStack) -> None:
    """Its requests would not be split if LiteLLM had another one."""
    network, all_pods = Network(objects(rendered, "NetworkPolicy"), {}), pods(rendered)
    routes = {f"models/{item['metadata']['name']}" for item in objects(rendered, "HTTPRoute")} & all_pods.keys()
    assert routes
    for name in routes:
        assert network.allowed(all_pods[peers.MODEL_PROXY.address], all_pods[name], MODEL_PORT)
        assert not network.allowed(all_pods["gateway/litellm"], all_pods[name], MODEL_PORT)


def test_models_have_no_other_open_port(rendered: RenderedStack) -> None:
    network, all_pods = Network(objects(rendered, "NetworkPolicy"), {}), pods(rendered)
    for model in all_pods.values():
        if model.labels.get("app.kubernetes.io/component") == "model":
            for port in (22, 80, 443, 8001, 8080, 9000, 29500):
                assert not [name for name, pod in all_pods.items() if network.allowed(pod, model, port)]


def policies_of_models(rendered: RenderedStack) -> list[dict[str, Any]]:
    return [item for item in objects(rendered, "NetworkPolicy") if item["metadata"]["namespace"] == "models"]


@pytest.mark.parametrize("stack", STACKS)
def test_deleting_any_policy_of_the_models_is_noticed(stack: str) -> None:
    """Without the default-deny a stranger gets in; without an allow policy the gateway is locked out of that model,
    or a model loses something that it needs."""
    rendered = rendered_stack(stack)
    everything = objects(rendered, "NetworkPolicy")
    before = matrix(rendered, everything)
    for policy in policies_of_models(rendered):
        assert matrix(rendered, [item for item in everything if item is not policy and item != policy]) != before


def matrix(rendered: RenderedStack, policies: list[dict[str, Any]]) -> set[tuple[str, str, int, str]]:
    """Every connection that is allowed between any two pods, on every port that any policy names."""
    network, all_pods = Network(policies, {}), pods(rendered)
    ports = {
        (port["port"], port["protocol"])
        for policy in objects(rendered, "NetworkPolicy")
        for direction in ("ingress", "egress")
        for rule in policy["spec"].get(direction) or []
        for port in rule.get("ports") or []
    }
    dns = Pod(namespace="kube-system", labels={"k8s-app": "kube-dns"})
    ends: dict[str, Pod | str] = {**all_pods, "kube-system/dns": dns, **{address: address for address in OUTSIDE}}
    return {
        (source, target, port, protocol)
        for source, from_end in ends.items()
        for target, to_end in ends.items()
        if source != target and not (isinstance(from_end, str) and isinstance(to_end, str))
        for port, protocol in ports
        if "models/" in source + target and network.allowed(from_end, to_end, port, protocol)
    }


def test_adding_an_edge_to_a_model_is_noticed() -> None:
    rendered = rendered_stack("local")
    policies = copy.deepcopy(objects(rendered, "NetworkPolicy"))
    model = next(item for item in policies if item["metadata"]["namespace"] == "models" and "ingress" in item["spec"])
    model["spec"]["ingress"].append({"from": [{"namespaceSelector": {}, "podSelector": {}}]})
    for policy in policies:
        if policy["metadata"]["name"] == "default-deny" and policy["metadata"]["namespace"] == "data":
            policy["spec"]["egress"] = [{}]
    assert "data/stranger" in who_reaches_models(rendered, policies)
