"""Around the gateway there is no way to a model: every hole in the network policies is found."""

from __future__ import annotations

import pytest

from policies.findings import Result
from tests.policies.cases import UNKNOWN, judged
from tests.policies.objects import (
    Json,
    container,
    default_deny,
    deployment,
    model_policy,
    network_policy,
    peer,
    pod_spec,
    resource,
)
from tests.policies.stack_cases import model, served_model

RULE = "AI-02"
GATEWAY = peer("gateway", component="gateway")
PROMETHEUS = peer("observability", name="prometheus")


def _stack(*policies: Json, models: list[Json] | None = None) -> list[Json]:
    """A model and its gateway under exactly these policies of the namespace `models`."""
    return [*(models or [model()]), deployment("litellm", "gateway", "gateway"), *policies]


def _messages(resources: list[Json]) -> list[str]:
    findings = judged(resources, RULE).findings
    assert {finding.result for finding in findings} <= {Result.FAIL}
    return [finding.message for finding in findings]


def test_a_model_behind_its_gateway_passes() -> None:
    assert _messages(served_model()) == []
    assert _messages(_stack(model_policy(GATEWAY, PROMETHEUS))) == []


def test_a_stack_without_models_passes() -> None:
    assert _messages([deployment()]) == []


def test_without_any_policy_everybody_reaches_the_model() -> None:
    (message,) = _messages(_stack())
    assert "more open connections" in message


HOLES: dict[str, tuple[Json, str]] = {
    "the whole namespace of the gateway": (model_policy(peer("gateway")), "any pod of gateway"),
    "every pod of the own namespace": (model_policy({"podSelector": {}}), "any pod of models"),
    "every namespace": (model_policy({"namespaceSelector": {}}), "any pod of any-other-namespace"),
    "all of observability": (model_policy(peer("observability")), "observability/Deployment/grafana"),
    "an address range": (model_policy({"ipBlock": {"cidr": "0.0.0.0/0"}}), "an address outside the cluster"),
    "a private range": (model_policy({"ipBlock": {"cidr": "10.0.0.0/8"}}), "any pod of any-other-namespace"),
    "no peer at all": (model_policy(), "an address outside the cluster"),
    "every port for the gateway": (model_policy(GATEWAY, ports=[]), "gateway/Deployment/litellm"),
    "an undeclared port for Prometheus": (model_policy(PROMETHEUS, ports=[]), "observability/Deployment/prometheus"),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_policy_that_opens_more_than_it_should_is_found(hole: str) -> None:
    policy, who = HOLES[hole]
    prometheus = deployment("prometheus", "observability", "metrics")
    grafana = deployment("grafana", "observability", "dashboards")
    (message,) = _messages([*_stack(policy), prometheus, grafana])
    assert who in message


def test_an_added_policy_opens_the_model_though_the_others_stay_closed() -> None:
    selector = {"matchLabels": {"app.kubernetes.io/name": "qwen"}}
    hole = network_policy("hole", podSelector=selector, ingress=[{"from": [peer("data", component="batch")]}])
    batch = deployment("batch", "data", "batch")
    assert "data/Deployment/batch" in _messages([*served_model(), hole, batch])[0]


def test_removing_the_policies_that_isolate_the_model_is_found() -> None:
    policies = [one for one in served_model() if one["type"].endswith(":NetworkPolicy")]
    assert policies
    rest = [one for one in served_model() if one not in policies]
    assert _messages(rest)


def test_a_policy_that_isolates_another_model_protects_only_that_one() -> None:
    selector = {"matchLabels": {"app.kubernetes.io/name": "qwen"}}
    only_qwen = network_policy("allow-qwen", podSelector=selector, policyTypes=["Ingress"])
    findings = judged(_stack(only_qwen, models=[model(), model("llama")]), RULE).findings
    assert [finding.subject for finding in findings] == ["models/Deployment/llama"]


def test_the_gateway_may_use_the_serving_port_only() -> None:
    ports = [{"name": "http", "containerPort": 8000}, {"name": "ray", "containerPort": 6379}]
    distributed = deployment("qwen", component="model", spec=pod_spec(containers=[container(ports=ports)]))
    both = [{"port": 8000}, {"port": 6379}]
    (message,) = _messages(_stack(model_policy(GATEWAY, ports=both), models=[distributed]))
    assert message.endswith("let gateway/Deployment/litellm open connections to this model")
    assert _messages(_stack(model_policy(PROMETHEUS, ports=both), models=[distributed])) == []


def test_a_model_on_the_network_of_its_node_is_protected_by_no_policy() -> None:
    on_node = deployment("qwen", component="model", spec=pod_spec(hostNetwork=True))
    assert _messages(_stack(default_deny(), models=[on_node]))


def test_a_patch_of_a_network_policy_is_refused() -> None:
    patch = resource("networking.k8s.io/v1:NetworkPolicyPatch", {"metadata": {"name": "x"}, "spec": {}})
    assert len(_messages([*served_model(), patch])) == 1


@pytest.mark.parametrize("place", ["spec", "metadata"])
def test_an_unknown_policy_leaves_the_model_undecided(place: str) -> None:
    unclear = network_policy("unclear") | {"inputs": {"metadata": {"name": "unclear"}, "spec": {}, place: UNKNOWN}}
    findings = judged([*served_model(), unclear], RULE).findings
    assert {finding.result for finding in findings} == {Result.UNDECIDED}


def test_a_malformed_policy_stops_the_deployment() -> None:
    broken = model_policy({})
    (finding,) = judged(_stack(broken), RULE).findings
    assert finding.stops
